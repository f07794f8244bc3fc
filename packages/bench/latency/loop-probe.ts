/**
 * How long the event loop kept others waiting: as if somebody came every millisecond and had to wait for the
 * next beat that it hears. A block of 20 ms is thus met by twenty of them, where a timer that is set again after it
 * fires would meet it once.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { nanoseconds } from './figures.ts'

const PROBE_EVERY_MS = 1

export class LoopProbe {
  readonly waits: RecordableHistogram = createHistogram()
  private nextAt: number

  constructor(startedAt: number) {
    this.nextAt = startedAt + PROBE_EVERY_MS
  }

  /** A beat is heard: who came since the last one has waited until now. */
  heard(now: number): void {
    for (; this.nextAt <= now; this.nextAt += PROBE_EVERY_MS)
      this.waits.record(nanoseconds(now - this.nextAt))
  }
}
