/**
 * What a flush or compaction writes: the entries of its merged inputs without those that no reader can see.
 *
 * The live snapshots divide the sequence numbers into stripes: two versions of a key are in the same stripe if
 * every snapshot that sees the older one sees the newer one too.
 *
 *     snapshots          10        20
 *     sequence    1 .. 10 | 11 .. 20 | 21 ..          stripes 0, 1, 2
 *
 * Rules, in the order in which they are tried on an entry:
 * C1. An entry with a newer version of its key in its stripe is dropped.
 * C2. A tombstone is dropped, together with what it hides by C1, if no file that is not an input can hold an
 *     older version of its key, and neither does a lower stripe here.
 * C3. An entry of the lowest stripe in a compaction whose output has nothing below it loses its sequence (0):
 *     every reader sees it, and zeros compress.
 *
 * A single deletion is a tombstone like any other, as it is to readers. RocksDB lets it and the value under it
 * vanish together before they reach the last level, which brings back a still older value if the key was
 * written twice. One that has hidden something goes on as a plain deletion, since it is no longer a promise
 * about one value.
 *
 * RocksDB: db/compaction/compaction_iterator.cc
 */
import { copyBytes, emptyBytes, writeUint32 } from '@varve/format/bytes'
import { sequenceOfTrailer, TRAILER_LENGTH, ValueType } from '@varve/format/key'
import {
  compareToTarget,
  driveSync,
  type InternalCursor,
  loadWantedSync,
  SeekTarget,
  Step,
  unsupportedEntry,
} from '../cursor/index.ts'
import type { KeySpan } from './compaction-job.ts'
import { KeyRangeCursor, type KeyRanges } from './key-ranges.ts'

export interface CompactionRules {
  /** Live snapshots, ascending. Later ones see the newest of everything here, whatever is dropped. */
  snapshots: readonly number[]
  /** No file outside the inputs holds an older version of any key (C2, C3). */
  bottommost: boolean
  /** Unless `bottommost`: the files below the output, level by level; without it every key may be there. */
  deeper?: readonly KeyRanges[]
  /** Entries may lose their sequence (C3). */
  zeroSequences: boolean
}

const NO_STRIPE = -1

export class CompactionCursor {
  /** The current internal key is keyBytes[0..keyLength). Until the next movement. */
  keyBytes = new Uint8Array(256)
  keyLength = 0
  /** Its user key is keyBytes[0..userKeyLength). */
  userKeyLength = -1
  prefixHigh = 0
  prefixLow = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0
  /** The entry's user key is not that of the entry before. */
  isNewKey = false
  entriesRead = 0
  /** Dropped by C1 and by C2. */
  entriesHidden = 0
  tombstonesDropped = 0

  private readonly source: InternalCursor
  private readonly from: SeekTarget | undefined
  private readonly before: SeekTarget | undefined
  private readonly snapshots: readonly number[]
  private readonly zeroSequences: boolean
  private readonly bottommost: boolean
  private readonly deeper: KeyRangeCursor[] | undefined
  /** Of the entry last looked at, of the key in `keyBytes`. */
  private stripe = NO_STRIPE
  /** `source` stands behind the current entry already. */
  private ahead = false
  private emittedOfKey = false

  /** Gives the entries in `span`, all unless given. */
  constructor(source: InternalCursor, rules: CompactionRules, span: KeySpan = {}) {
    this.source = source
    this.from = targetBefore(span.from)
    this.before = targetBefore(span.before)
    this.snapshots = rules.snapshots
    this.bottommost = rules.bottommost
    this.zeroSequences = rules.zeroSequences && rules.bottommost
    this.deeper = rules.deeper?.map(ranges => new KeyRangeCursor(ranges))
  }

  /** Moves to the first entry to write; false when there is none. */
  first(): boolean {
    const { source, from } = this
    const start = () => (from === undefined ? source.first() : source.seek(from))
    driveSync(start, source)
    return this.settle()
  }

  next(): boolean {
    if (!this.ahead) this.advance()
    this.ahead = false
    return this.settle()
  }

  /** Goes on from `source`'s entry to one that is to be written. */
  private settle(): boolean {
    const { source } = this
    while (source.valid) {
      if (!this.isSameKey()) {
        if (this.before !== undefined && compareToTarget(source, this.before) >= 0) return false
        this.takeKey()
      }
      this.entriesRead++
      const stripe = this.stripeOf(source.trailerLow, source.trailerHigh)
      if (stripe === this.stripe) {
        this.entriesHidden++
        this.advance()
        continue
      }
      this.stripe = stripe
      if (this.emit(source.trailerLow & 0xff)) return true
    }
    return false
  }

  /** Makes `source`'s entry, the newest of its stripe, the current one; false if it is dropped. */
  private emit(type: number): boolean {
    switch (type) {
      case ValueType.Value:
      case ValueType.WideColumnEntity:
        return this.emitValue(this.zeroSequences && this.stripe === 0, type)
      case ValueType.ValuePreferredSeqno:
        return this.emitValue(false, type)
      case ValueType.Deletion:
      case ValueType.SingleDeletion:
        return this.emitTombstone(type)
      default:
        throw unsupportedEntry(type)
    }
  }

  private emitValue(zeroed: boolean, type: number): true {
    const { source } = this
    this.valueBytes = source.valueBytes
    this.valueStart = source.valueStart
    this.valueEnd = source.valueEnd
    return this.finishKey(zeroed ? type : source.trailerLow, zeroed ? 0 : source.trailerHigh)
  }

  private emitTombstone(type: number): boolean {
    const { source } = this
    const { trailerLow, trailerHigh } = source
    const nothingDeeper = this.isNotDeeper()
    this.valueBytes = emptyBytes
    this.valueStart = 0
    this.valueEnd = 0
    if (type === ValueType.Deletion && !nothingDeeper) return this.finishKey(trailerLow, trailerHigh)
    const hides = this.skipStripe()
    if (nothingDeeper && !(source.valid && this.isSameKey())) {
      this.tombstonesDropped++
      return false
    }
    this.ahead = true
    const kind = hides ? ValueType.Deletion : type
    return this.finishKey((trailerLow & ~0xff) | kind, trailerHigh)
  }

  /** Moves `source` to the first entry that is of another key or stripe; says whether it passed any. */
  private skipStripe(): boolean {
    const { source } = this
    let passed = false
    for (;;) {
      this.advance()
      if (!source.valid || !this.isSameKey()) return passed
      if (this.stripeOf(source.trailerLow, source.trailerHigh) !== this.stripe) return passed
      this.entriesRead++
      this.entriesHidden++
      passed = true
    }
  }

  private finishKey(trailerLow: number, trailerHigh: number): true {
    writeUint32(this.keyBytes, this.userKeyLength, trailerLow)
    writeUint32(this.keyBytes, this.userKeyLength + 4, trailerHigh)
    this.isNewKey = !this.emittedOfKey
    this.emittedOfKey = true
    return true
  }

  private takeKey(): void {
    const { source } = this
    const length = source.keyEnd - source.keyStart
    if (length + TRAILER_LENGTH > this.keyBytes.length)
      this.keyBytes = new Uint8Array(2 * length + TRAILER_LENGTH)
    copyBytes(source.keyBytes, source.keyStart, source.keyEnd, this.keyBytes, 0)
    this.userKeyLength = length
    this.keyLength = length + TRAILER_LENGTH
    this.prefixHigh = source.prefixHigh
    this.prefixLow = source.prefixLow
    this.stripe = NO_STRIPE
    this.emittedOfKey = false
  }

  private isSameKey(): boolean {
    const { source, userKeyLength } = this
    if (source.prefixHigh !== this.prefixHigh || source.prefixLow !== this.prefixLow) return false
    const { keyBytes, keyStart, keyEnd } = source
    if (keyEnd - keyStart !== userKeyLength) return false
    // From the end: neighbours in key order share their beginnings.
    const own = this.keyBytes
    for (let i = userKeyLength - 1, j = keyEnd - 1; i >= 0; i--, j--) if (own[i] !== keyBytes[j]) return false
    return true
  }

  /** The index of the first snapshot that sees the sequence; the count of snapshots if only new readers do. */
  private stripeOf(trailerLow: number, trailerHigh: number): number {
    const { snapshots } = this
    if (snapshots.length === 0) return 0
    const sequence = sequenceOfTrailer(trailerLow, trailerHigh)
    let low = 0
    let high = snapshots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (snapshots[middle] < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  private isNotDeeper(): boolean {
    if (this.bottommost) return true
    if (this.deeper === undefined) return false
    let found = false
    for (const level of this.deeper) {
      if (level.covers(this.keyBytes, this.userKeyLength, this.prefixHigh, this.prefixLow)) found = true
    }
    return !found
  }

  private advance(): void {
    const { source } = this
    while (source.next() === Step.needsBlock) loadWantedSync(source)
  }
}

/** Stands before every version of the key. */
function targetBefore(userKey: Uint8Array | undefined): SeekTarget | undefined {
  return userKey === undefined ? undefined : new SeekTarget().setBefore(userKey, 0, userKey.length)
}
