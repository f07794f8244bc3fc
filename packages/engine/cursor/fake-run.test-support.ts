/**
 * A run for tests: a sorted array of entries behind the cursor contract, that answers `needsBlock` whenever
 * `isMissing` says so and goes on when the same call is repeated after a load. What the contract lets die is
 * overwritten: keys with the next movement, values with the step after next.
 */
import { compareBytes, emptyBytes, prefixWord } from '@varve/format/bytes'
import { compareTrailers, trailerHigh, trailerLow } from '@varve/format/key'
import { type InternalCursor, type SeekTarget, Step, type Wanted } from './cursor.ts'

export interface FakeEntry {
  key: Uint8Array
  sequence: number
  type: number
  value: Uint8Array
}

export function compareEntries(a: FakeEntry, b: FakeEntry): number {
  return compareBytes(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence
}

export class FakeRun implements InternalCursor {
  valid = false
  keyBytes: Uint8Array = new Uint8Array(64)
  keyStart = 0
  keyEnd = 0
  prefixHigh = 0
  prefixLow = 0
  trailerLow = 0
  trailerHigh = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0

  private readonly entries: FakeEntry[]
  private readonly isMissing: () => boolean
  private at = -1
  private waits = false
  private loaded = false
  /** The values shown last and before that. */
  private shown: Uint8Array = emptyBytes
  private shownBefore: Uint8Array = emptyBytes

  constructor(entries: FakeEntry[], isMissing: () => boolean = () => false) {
    this.entries = entries.toSorted(compareEntries)
    this.isMissing = isMissing
  }

  first(): Step {
    return this.moveTo(0)
  }

  last(): Step {
    return this.moveTo(this.entries.length - 1)
  }

  next(): Step {
    return this.moveTo(this.at + 1, true)
  }

  prev(): Step {
    return this.moveTo(this.at - 1, true)
  }

  seek(target: SeekTarget): Step {
    const found = this.entries.findIndex(entry => compareToTarget(entry, target) >= 0)
    return this.moveTo(found < 0 ? this.entries.length : found)
  }

  seekForPrev(target: SeekTarget): Step {
    return this.moveTo(this.entries.findLastIndex(entry => compareToTarget(entry, target) <= 0))
  }

  collectWanted(into: Wanted[]): void {
    if (!this.waits) return
    const loadSync = () => {
      this.loaded = true
      this.waits = false
    }
    into.push({ isOneRead: true, load: async () => loadSync(), loadSync })
  }

  release(): void {}

  private moveTo(index: number, isStep = false): Step {
    this.valid = false
    this.keyBytes.fill(0xee)
    if (!this.loaded && this.isMissing()) {
      this.waits = true
      return Step.needsBlock
    }
    this.loaded = false
    this.waits = false
    this.shownBefore.fill(0xee)
    if (!isStep) this.shown.fill(0xee)
    this.shownBefore = this.shown
    this.at = index
    if (index < 0 || index >= this.entries.length) return Step.ended
    this.show(this.entries[index])
    return Step.moved
  }

  private show(entry: FakeEntry): void {
    this.keyBytes.set(entry.key, 1)
    this.keyStart = 1
    this.keyEnd = 1 + entry.key.length
    this.prefixHigh = prefixWord(entry.key, 0, entry.key.length)
    this.prefixLow = prefixWord(entry.key, 4, entry.key.length)
    this.trailerLow = trailerLow(entry.sequence, entry.type)
    this.trailerHigh = trailerHigh(entry.sequence)
    this.shown = entry.value.slice()
    this.valueBytes = this.shown
    this.valueStart = 0
    this.valueEnd = entry.value.length
    this.valid = true
  }
}

function compareToTarget(entry: FakeEntry, target: SeekTarget): number {
  const order = compareBytes(entry.key, 0, entry.key.length, target.bytes, target.start, target.end)
  if (order !== 0) return order
  return compareTrailers(
    trailerLow(entry.sequence, entry.type),
    trailerHigh(entry.sequence),
    target.trailerLow,
    target.trailerHigh,
  )
}
