/**
 * Checks write-ahead logs as the next open in the strict mode would see them: every record's checksum, every
 * batch's shape, and what logs and MANIFEST say about each other. Damage that open would refuse is a problem;
 * a torn end that it would cut off is a note.
 */
import { isVarveError } from '@varve/format/errors'
import { type OnBatch, scanWal, type WalOutcome, WalReplay, type WalSource } from '../wal/index.ts'
import type { VerifyFindings } from './report.ts'

/** What the MANIFEST knows about logs, and how long it is itself. */
export interface LogExpectations {
  trackedSizes: ReadonlyMap<number, number | undefined>
  isTracked(log: number): boolean
  oldestNeeded: number
  manifest: { file: string; number: number; size: number } | undefined
}

/** Without a MANIFEST nothing is known, not even which logs there should be. */
export const noExpectations: LogExpectations = {
  trackedSizes: new Map(),
  isTracked: () => false,
  oldestNeeded: Number.POSITIVE_INFINITY,
  manifest: undefined,
}

/** The logs of a database are checked one after another, oldest first, then `finish` is called. */
export class LogsCheck {
  private readonly expected: LogExpectations
  private readonly findings: VerifyFindings
  private readonly outcomes: WalOutcome[] = []
  private readonly onBatch: OnBatch
  private replay: WalReplay

  /** `onBatch` sees what open would apply. */
  constructor(expected: LogExpectations, findings: VerifyFindings, onBatch: OnBatch = () => undefined) {
    this.expected = expected
    this.findings = findings
    this.onBatch = onBatch
    this.replay = this.startReplay(expected.oldestNeeded)
  }

  /** Returns the number of operations that open would apply. */
  *check(log: WalSource): Generator<number, number> {
    this.findings.guard(log.file, () => this.checkEvidence(log))
    const operations = this.replayLog(log)
    yield log.bytes.length
    return operations
  }

  /** Says what open would leave out. A later log may have cut an earlier one, so this comes last. */
  finish(): void {
    for (const { file, end, cutAt, reason } of this.outcomes) {
      if (end === 'cut') this.findings.note(file, `open would cut it off here: ${reason}`, cutAt)
      if (end === 'ignored')
        this.findings.note(file, 'open would not apply it, because an earlier log is cut')
    }
  }

  /** A log of ours says how much of the MANIFEST was on disk. */
  private checkEvidence(log: WalSource): void {
    const { manifest } = this.expected
    if (manifest === undefined) return
    const { manifestNumber, manifestSynced } = scanWal(log.bytes, log.file, log.number)
    if (manifestNumber !== manifest.number || manifestSynced <= manifest.size) return
    const message = `the records end here, and ${manifestSynced} bytes had been synced`
    this.findings.problem(manifest.file, message, manifest.size)
  }

  private replayLog(log: WalSource): number {
    try {
      const outcome = this.replay.replay(log)
      this.outcomes.push(outcome)
      return outcome.operations
    } catch (error) {
      // `checkEvidence` has met the same damage if it lies in the shape of a batch, and has reported it.
      if (!isVarveError(error) || this.findings.isSound(log.file)) this.findings.caught(log.file, error)
      this.replay = this.startReplay(Number.POSITIVE_INFINITY)
      return 0
    }
  }

  private startReplay(oldestNeeded: number): WalReplay {
    const { trackedSizes, isTracked } = this.expected
    return new WalReplay({ mode: 'strict', onBatch: this.onBatch, trackedSizes, isTracked, oldestNeeded })
  }
}
