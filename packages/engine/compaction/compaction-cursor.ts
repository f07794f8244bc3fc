/**
 * What a flush or compaction writes: the entries of its merged inputs without those that no reader can see.
 *
 * Rules, in the order in which they are tried on an entry; stripes.ts says what a stripe is:
 * C1. An entry with a newer version of its key in its stripe is dropped, and so is one that a newer range tombstone of its
 *     stripe covers.
 * C2. A tombstone is dropped, together with what it hides by C1, if no file that is not an input can hold an
 *     older version of its key, and neither does a lower stripe here.
 * C3. An entry of the lowest stripe in a compaction whose output has nothing below it loses its sequence (0):
 *     every reader sees it, and zeros compress.
 * C4. Merge operands hide nothing. Those of one stripe become one value with what lies below them in it, or with
 *     nothing where nothing older can be (as in C2); else one operand, if the operator knows one, or they stay.
 * C5. What is newer than every snapshot is put before the filter (entry-filter.ts), the newest version of a key and each
 *     operand. A value that it removes becomes a deletion, to which C2 applies; an operand vanishes.
 *
 * A single deletion is a tombstone like any other, as it is to readers. RocksDB lets it and the value under it
 * vanish together before they reach the last level, which brings back a still older value if the key was
 * written twice. One that has hidden something goes on as a plain deletion, since it is no longer a promise
 * about one value.
 *
 * RocksDB: db/compaction/compaction_iterator.cc
 */
import { copyBytes, emptyBytes, writeUint32 } from '@varve/format/bytes'
import {
  bytewise,
  type KeyOrder,
  sequenceOfTrailer,
  TRAILER_LENGTH,
  typeOfTrailer,
  ValueType,
} from '@varve/format/key'
import {
  compareToTarget,
  driveSync,
  type InternalCursor,
  loadWantedSync,
  SeekTarget,
  Step,
  unsupportedEntry,
} from '../cursor/index.ts'
import { mergeBase, mergedEntity } from '../entity/index.ts'
import type { MergeOperator } from '../merge/index.ts'
import type { RangeTombstones } from '../tombstone/index.ts'
import type { KeySpan } from './compaction-job.ts'
import { TombstoneWalk } from './compaction-tombstones.ts'
import type { EntryFilter } from './entry-filter.ts'
import type { JobBlobs } from './job-blobs.ts'
import { KeyRangeCursor, type KeyRanges } from './key-ranges.ts'
import { MergeChain, type Operand } from './merge-chain.ts'
import { stripeOf } from './stripes.ts'

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

/** What a compaction may have besides. */
export interface CompactionExtras {
  /** Without it, merge operands stay as they are. */
  merge?: MergeOperator | undefined
  /** The range tombstones of the inputs. */
  tombstones?: RangeTombstones | undefined
  /** Of the keys; bytewise unless given. */
  order?: KeyOrder | undefined
  /** Without it, references to values in blob files are refused. */
  blobs?: JobBlobs | undefined
  /** Without it everything stays. */
  filter?: EntryFilter | undefined
  /** Asked when an entry has been dropped: whether the caller wants to do something else before this goes on. */
  rests?: (() => boolean) | undefined
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
  /** There is no current entry yet: `rests` asked for a break. `next` goes on. */
  isResting = false

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
  private readonly tombstones: TombstoneWalk | undefined = undefined
  private readonly chain: MergeChain
  private readonly blobs: JobBlobs | undefined
  private readonly filter: EntryFilter | undefined
  private readonly rests: (() => boolean) | undefined
  /** Operands that are to be given before `source` goes on, oldest first. */
  private operands: Operand[] = []
  private emittedOfKey = false
  private readonly hasTimestamps: boolean
  /** Of what operands were merged into. */
  private mergedType: number = ValueType.Value

  /** Gives the entries in `span`, all unless given. */
  constructor(
    source: InternalCursor,
    rules: CompactionRules,
    span: KeySpan = {},
    { merge, tombstones, blobs, filter, rests, order = bytewise }: CompactionExtras = {},
  ) {
    this.source = source
    this.blobs = blobs
    this.hasTimestamps = order.timestampSize > 0
    this.chain = new MergeChain(merge)
    this.filter = filter
    this.rests = rests
    if (tombstones !== undefined && tombstones.count > 0)
      this.tombstones = new TombstoneWalk(tombstones, rules.snapshots, order)
    this.from = targetBefore(span.from, order)
    this.before = targetBefore(span.before, order)
    this.snapshots = rules.snapshots
    this.bottommost = rules.bottommost
    this.zeroSequences = rules.zeroSequences && rules.bottommost
    this.deeper = rules.deeper?.map(ranges => new KeyRangeCursor(ranges, order))
  }

  /** Removed by the filter (C5). */
  get entriesFiltered(): number {
    return this.filter?.removed ?? 0
  }

  /** Moves to the first entry to write; false when there is none. */
  first(): boolean {
    const { source, from } = this
    const start = () => (from === undefined ? source.first() : source.seek(from))
    driveSync(start, source)
    return this.settle()
  }

  next(): boolean {
    this.isResting = false
    if (this.operands.length > 0) return this.emitOperand()
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
      const stripe = this.stripeOfEntry()
      if (stripe === this.stripe || this.isCovered(stripe)) {
        this.entriesHidden++
        this.advance()
        continue
      }
      this.stripe = stripe
      if (this.emit(source.trailerLow & 0xff)) return true
      if (this.rests?.()) return this.rest()
    }
    return false
  }

  /** Makes `source`'s entry, the newest of its stripe, the current one; false if it is dropped. */
  private emit(type: number): boolean {
    // What a deletion with a timestamp hides are other keys here.
    if (this.hasTimestamps) return this.emitValue(false, type)
    switch (type) {
      case ValueType.Value:
        if (this.filter !== undefined && this.isFiltered()) return this.emitFiltered(this.filter)
        return this.emitValue(this.isZeroed, type)
      case ValueType.WideColumnEntity:
        return this.emitValue(this.isZeroed, type)
      case ValueType.ValuePreferredSeqno:
        return this.emitValue(false, type)
      case ValueType.Deletion:
      case ValueType.SingleDeletion:
        return this.emitTombstone(type)
      case ValueType.Merge:
        return this.emitMerged()
      case ValueType.BlobIndex:
        return this.emitBlob()
      default:
        throw unsupportedEntry(type)
    }
  }

  private emitValue(zeroed: boolean, type: number): true {
    const { source } = this
    this.setValue(source.valueBytes, source.valueStart, source.valueEnd)
    return this.finishKey(zeroed ? type : source.trailerLow, zeroed ? 0 : source.trailerHigh)
  }

  /** The reference; or the value, if it is to leave its blob file or is the filter's. */
  private emitBlob(): boolean {
    const { source, blobs, filter } = this
    if (blobs === undefined) throw unsupportedEntry(ValueType.BlobIndex)
    const { valueBytes, valueStart, valueEnd } = source
    const key = this.keyBytes.subarray(0, this.userKeyLength)
    if (filter !== undefined && this.isFiltered()) {
      const filtered = filter.value(key, blobs.read(key, source), !this.emittedOfKey)
      if (filtered === null) return this.emitTombstone(ValueType.Deletion)
      if (filtered !== undefined) return this.emitMoved(filtered)
    }
    const value = blobs.moved(key, valueBytes, valueStart, valueEnd)
    return value === undefined ? this.emitValue(this.isZeroed, ValueType.BlobIndex) : this.emitMoved(value)
  }

  /** A value in place of the reference to it. */
  private emitMoved(value: Uint8Array): true {
    const { trailerLow, trailerHigh } = this.source
    this.setValue(value, 0, value.length)
    const low = ((trailerLow & ~0xff) | ValueType.Value) >>> 0
    return this.isZeroed ? this.finishKey(ValueType.Value, 0) : this.finishKey(low, trailerHigh)
  }

  /** Whether the entry loses its sequence (C3). */
  private get isZeroed(): boolean {
    return this.zeroSequences && this.stripe === 0
  }

  /** Whether no snapshot sees the entry. */
  private isFiltered(): boolean {
    return this.stripe === this.snapshots.length
  }

  private emitFiltered(filter: EntryFilter): boolean {
    const { source } = this
    const key = this.keyBytes.subarray(0, this.userKeyLength)
    // What was given of the key, in this stripe, are operands: they are to be merged into this.
    const isNewest = !this.emittedOfKey
    const value = filter.value(key, source.valueBytes.subarray(source.valueStart, source.valueEnd), isNewest)
    if (value === null) return this.emitTombstone(ValueType.Deletion)
    this.emitValue(this.isZeroed, ValueType.Value)
    if (value !== undefined) this.setValue(value, 0, value.length)
    return true
  }

  /** Takes the operands of this stripe from `source`, and gives what they become (C4). */
  private emitMerged(): boolean {
    const { chain } = this
    const key = this.keyBytes.subarray(0, this.userKeyLength)
    const before = this.entriesRead
    chain.clear()
    do {
      this.takeOperand(key)
      this.entriesRead++
      this.advance()
    } while (this.hasOperand())
    this.entriesRead-- // The first has been counted.
    if (chain.isEmpty) {
      // The filter has removed all of them: what lies below is as if they had not been.
      this.entriesHidden += this.entriesRead + 1 - before
      this.stripe = NO_STRIPE
      return false
    }
    this.ahead = true
    const { newest } = chain
    this.mergedType = ValueType.Value
    const value = this.completed(key)
    if (value === undefined) {
      // What lies below them, if it is of this stripe, is not hidden.
      this.stripe = NO_STRIPE
      this.operands = chain.takeOperands(key)
      this.entriesHidden += this.entriesRead + 1 - before - this.operands.length
      return this.emitOperand()
    }
    this.entriesHidden += this.entriesRead - before
    this.setValue(value, 0, value.length)
    const low = ((newest.trailerLow & ~0xff) | this.mergedType) >>> 0
    return this.isZeroed ? this.finishKey(this.mergedType, 0) : this.finishKey(low, newest.trailerHigh)
  }

  private takeOperand(key: Uint8Array): void {
    const { trailerLow, trailerHigh } = this.source
    const value = copyOfValue(this.source)
    const filtered =
      this.filter !== undefined && this.isFiltered() ? this.filter.operand(key, value) : undefined
    if (filtered !== null) this.chain.add(key, { trailerLow, trailerHigh, value: filtered ?? value })
  }

  /** The value that the chain and the entry below it are; `source` is then behind that. Undefined if they are none. */
  private completed(key: Uint8Array): Uint8Array | undefined {
    const { source, chain } = this
    if (!this.isSameStripe()) {
      const nothingOlder = !(source.valid && this.isSameKey()) && this.isNotDeeper()
      return nothingOlder ? chain.complete(key, undefined) : undefined
    }
    const type =
      this.isCovered(this.stripe) || this.isOver(key) ? ValueType.Deletion : typeOfTrailer(source.trailerLow)
    const value = this.mergedInto(type, key)
    if (value === undefined) return undefined
    this.entriesRead++
    this.advance()
    return value
  }

  /** The value of `source`'s entry, wherever it is: a copy. */
  private valueOf(key: Uint8Array): Uint8Array {
    const { source, blobs } = this
    if (typeOfTrailer(source.trailerLow) === ValueType.Value) return copyOfValue(source)
    if (blobs === undefined) throw unsupportedEntry(ValueType.BlobIndex)
    return blobs.read(key, source)
  }

  /** Whether `source`'s entry is a value whose time is over. */
  private isOver(key: Uint8Array): boolean {
    const { filter, source } = this
    if (filter === undefined || !filter.expires || !this.isFiltered()) return false
    const type = typeOfTrailer(source.trailerLow)
    return (type === ValueType.Value || type === ValueType.BlobIndex) && filter.isOver(this.valueOf(key))
  }

  /** What the chain makes of `source`'s entry, of `type`; undefined if it is none to merge into. */
  private mergedInto(type: number, key: Uint8Array): Uint8Array | undefined {
    const { source, chain } = this
    switch (type) {
      case ValueType.Value:
      case ValueType.BlobIndex:
        return chain.complete(key, this.valueOf(key))
      case ValueType.WideColumnEntity: {
        const entity = copyOfValue(source)
        const merged = chain.complete(key, mergeBase(entity, 0, entity.length))
        this.mergedType = ValueType.WideColumnEntity
        return merged && mergedEntity(entity, 0, entity.length, merged)
      }
      case ValueType.Deletion:
      case ValueType.SingleDeletion:
        return chain.complete(key, undefined)
      default:
        return undefined
    }
  }

  /** Whether `source` stands on the next older operand of the chain. */
  private hasOperand(): boolean {
    if (!this.isSameStripe() || typeOfTrailer(this.source.trailerLow) !== ValueType.Merge) return false
    return !this.isCovered(this.stripe)
  }

  private emitOperand(): true {
    const operand = this.operands.pop() as Operand
    this.setValue(operand.value, 0, operand.value.length)
    return this.finishKey(operand.trailerLow, operand.trailerHigh)
  }

  private setValue(bytes: Uint8Array, start: number, end: number): void {
    this.valueBytes = bytes
    this.valueStart = start
    this.valueEnd = end
  }

  private isSameStripe(): boolean {
    return this.source.valid && this.isSameKey() && this.stripeOfEntry() === this.stripe
  }

  /** Makes `source`'s entry, or what the filter has made of it, a tombstone. */
  private emitTombstone(type: number): boolean {
    const { source } = this
    const { trailerHigh } = source
    const was = typeOfTrailer(source.trailerLow)
    const isTombstone = was !== ValueType.Value && was !== ValueType.BlobIndex
    const trailerLow = ((source.trailerLow & ~0xff) | type) >>> 0
    const nothingDeeper = this.isNotDeeper()
    this.setValue(emptyBytes, 0, 0)
    if (type === ValueType.Deletion && !nothingDeeper) return this.finishKey(trailerLow, trailerHigh)
    const hides = this.skipStripe()
    if (nothingDeeper && !(source.valid && this.isSameKey())) {
      if (isTombstone) this.tombstonesDropped++
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
      if (this.stripeOfEntry() !== this.stripe) return passed
      this.entriesRead++
      this.entriesHidden++
      passed = true
    }
  }

  private rest(): true {
    this.isResting = true
    this.ahead = true
    return true
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

  /** Most compactions have no snapshots to think of. */
  private stripeOfEntry(): number {
    if (this.snapshots.length === 0) return 0
    return stripeOf(sequenceOfTrailer(this.source.trailerLow, this.source.trailerHigh), this.snapshots)
  }

  /** Whether a range tombstone of this stripe hides `source`'s entry. */
  private isCovered(stripe: number): boolean {
    if (this.tombstones === undefined) return false
    const sequence = sequenceOfTrailer(this.source.trailerLow, this.source.trailerHigh)
    return this.tombstones.hides(this.keyBytes, this.userKeyLength, sequence, stripe)
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
    this.blobs?.noteInput(source)
    while (source.next() === Step.needsBlock) loadWantedSync(source)
  }
}

/** Merged operands outlive the block that they were read from. */
function copyOfValue({ valueBytes, valueStart, valueEnd }: InternalCursor): Uint8Array {
  return new Uint8Array(valueBytes.subarray(valueStart, valueEnd))
}

/** Stands before every version of the key. */
function targetBefore(userKey: Uint8Array | undefined, order: KeyOrder): SeekTarget | undefined {
  return userKey === undefined ? undefined : new SeekTarget(order).setBefore(userKey, 0, userKey.length)
}
