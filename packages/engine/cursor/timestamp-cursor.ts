/**
 * What a reader at one timestamp and sequence number sees of keys with timestamps: per user key the newest version that is
 * newer than neither, unless that is a tombstone. Moves both ways, within bounds.
 *
 *     source   a‖9 put   a‖4 put   b‖8 delete   b‖2 put   c‖7 put
 *     at 5               a‖4                    b‖2
 *
 * Whichever way it goes, the source ends on the version that is shown: a movement back finds the user key before by its
 * oldest version, and then seeks the one to show. Between `needsBlock` and the repeated call `phase` says which call of the
 * source is to be repeated; where the source is done and the value has to come from a blob file, `blob` is all that is left to do.
 *
 * RocksDB: db/db_iter.cc, with ReadOptions::timestamp
 */
import { compareBytes, emptyBytes } from '@varve/format/bytes'
import { type Column, defaultRange, findDefaultColumn } from '@varve/format/entity'
import {
  compareTimestamps,
  TIMESTAMP_LENGTH,
  type TimestampOrder,
  trailerHigh,
  trailerLow,
  ValueType,
} from '@varve/format/key'
import { columnsOf } from '../entity/index.ts'
import type { KeyBounds } from './bounds.ts'
import { isTombstone } from './candidate.ts'
import {
  type BlobValue,
  compareToTarget,
  type InternalCursor,
  SeekTarget,
  Step,
  type Wanted,
} from './cursor.ts'
import { type FindBlob, refuseBlob } from './find-blob.ts'
import type { RowCursor } from './row-cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

/** What is asked of the source. */
const Phase = {
  /** Forward. */
  first: 0,
  seek: 1,
  next: 2,
  /** Back, to any version of the user key before. */
  last: 3,
  seekForPrev: 4,
  /** Back, from there to the newest version of that key, and on among its versions. */
  seekNewest: 5,
  nextVersion: 6,
} as const
type Phase = (typeof Phase)[keyof typeof Phase]

/** A movement of ours. */
const Movement = { none: 0, first: 1, last: 2, next: 3, prev: 4, seek: 5, seekForPrev: 6 } as const
type Movement = (typeof Movement)[keyof typeof Movement]

/** Greater than every timestamp that is not itself; the smallest one is all zeros. */
const greatest = new Uint8Array(TIMESTAMP_LENGTH).fill(0xff)
const smallest = new Uint8Array(TIMESTAMP_LENGTH)

export class TimestampCursor implements RowCursor {
  valid = false
  /** Nothing expires. */
  readonly expiresAt = undefined
  /** The user key, without its timestamp, is keyBytes[keyStart..keyEnd), until the cursor moves. */
  keyBytes: Uint8Array = emptyBytes
  keyStart = 0
  keyEnd = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0

  private readonly source: InternalCursor
  private readonly order: TimestampOrder
  private readonly bounds: KeyBounds
  /** The reader's, little-endian. */
  private readonly at: Uint8Array
  private readonly visibleLow: number
  private readonly visibleHigh: number
  private readonly target: SeekTarget
  private readonly findBlob: FindBlob
  private phase: Phase = Phase.first
  /** The movement that waits for a block. */
  private pending: Movement = Movement.none
  /** The key that it was asked for. */
  private request: Uint8Array = emptyBytes
  private isBack = false
  /** The user key that has been dealt with, or is looked at going back. */
  private current: Uint8Array = emptyBytes
  private hasCurrent = false
  /** The value of the source's entry, while it is waited for. */
  private blob: BlobValue | undefined = undefined

  /** `timestamp`: eight bytes, little-endian. `bounds` are those of `keyBounds` for the order. */
  constructor(
    source: InternalCursor,
    order: TimestampOrder,
    timestamp: Uint8Array,
    sequence: number,
    bounds: KeyBounds,
    findBlob: FindBlob = refuseBlob,
  ) {
    this.source = source
    this.order = order
    this.bounds = bounds
    this.at = timestamp
    this.visibleLow = trailerLow(sequence, 0xff)
    this.visibleHigh = trailerHigh(sequence)
    this.target = new SeekTarget(order)
    this.findBlob = findBlob
  }

  first(): Step {
    if (this.pending !== Movement.first) {
      const { lower } = this.bounds
      this.beginForward(lower === undefined ? Phase.first : Phase.seek)
      if (lower !== undefined) this.target.setTo(lower)
    }
    return this.move(Movement.first)
  }

  last(): Step {
    if (this.pending !== Movement.last) {
      const { upper } = this.bounds
      this.beginBack(upper === undefined ? Phase.last : Phase.seekForPrev)
      if (upper !== undefined) this.target.setTo(upper)
    }
    return this.move(Movement.last)
  }

  /** Moves to the first user key at or after bytes[start..end). */
  seek(bytes: Uint8Array, start = 0, end: number = bytes.length): Step {
    if (this.pending !== Movement.seek || !this.isRequest(bytes, start, end)) {
      this.request = bytes.slice(start, end)
      this.beginForward(Phase.seek)
      const { lower } = this.bounds
      this.aim(this.request, greatest).setBefore(this.target.bytes, 0, this.target.end)
      if (lower !== undefined && compareTargets(lower, this.target) >= 0) this.target.setTo(lower)
    }
    return this.move(Movement.seek)
  }

  /** Moves to the last user key at or before bytes[start..end). */
  seekForPrev(bytes: Uint8Array, start = 0, end: number = bytes.length): Step {
    if (this.pending !== Movement.seekForPrev || !this.isRequest(bytes, start, end)) {
      this.request = bytes.slice(start, end)
      this.beginBack(Phase.seekForPrev)
      const { upper } = this.bounds
      this.aim(this.request, smallest).setAfter(this.target.bytes, 0, this.target.end)
      if (upper !== undefined && compareTargets(upper, this.target) <= 0) this.target.setTo(upper)
    }
    return this.move(Movement.seekForPrev)
  }

  /** Expects `valid`, or to be repeated after `needsBlock`; so does `prev`. */
  next(): Step {
    if (this.pending !== Movement.next) {
      this.takeCurrent()
      this.isBack = false
      this.phase = Phase.next
    }
    return this.move(Movement.next)
  }

  prev(): Step {
    if (this.pending !== Movement.prev) {
      this.takeCurrent()
      this.isBack = true
      this.aimBeforeCurrent()
    }
    return this.move(Movement.prev)
  }

  /** The timestamp of the version shown. */
  get timestamp(): bigint {
    const { keyBytes, keyEnd } = this.source
    const view = new DataView(
      keyBytes.buffer,
      keyBytes.byteOffset + keyEnd - TIMESTAMP_LENGTH,
      TIMESTAMP_LENGTH,
    )
    return view.getBigUint64(0, true)
  }

  /** As `VisibleCursor.columns`. */
  columns(): Column[] {
    const isEntity = this.type === ValueType.WideColumnEntity
    const { valueBytes, valueStart, valueEnd } = isEntity ? this.source : this
    return columnsOf(valueBytes, valueStart, valueEnd, isEntity)
  }

  collectWanted(into: Wanted[], ahead?: boolean): void {
    if (this.blob === undefined) this.source.collectWanted(into, ahead)
    else into.push(this.blob)
  }

  release(): void {
    this.source.release()
  }

  private get type(): number {
    return this.source.trailerLow & 0xff
  }

  private beginForward(phase: Phase): void {
    this.phase = phase
    this.blob = undefined
    this.isBack = false
    this.hasCurrent = false
  }

  private beginBack(phase: Phase): void {
    this.phase = phase
    this.blob = undefined
    this.isBack = true
    this.hasCurrent = false
  }

  private isRequest(bytes: Uint8Array, start: number, end: number): boolean {
    const { request } = this
    return compareBytes(request, 0, request.length, bytes, start, end) === 0
  }

  private move(movement: Movement): Step {
    this.valid = false
    this.pending = Movement.none
    while (this.blob === undefined) {
      const step = this.askSource()
      if (step === Step.needsBlock) {
        this.pending = movement
        return step
      }
      const isOver = this.isBack ? this.goBack(step) : this.goForward(step)
      if (isOver && this.blob === undefined) return this.valid ? Step.moved : Step.ended
    }
    return this.showBlob(movement, this.blob)
  }

  /** Looks at where the source has come to, and says whether the movement is over. */
  private goForward(step: Step): boolean {
    const { source } = this
    if (step === Step.ended || this.isBeyond()) return true
    this.phase = Phase.next
    if (this.hasCurrent && this.isCurrent()) return false
    if (this.isTooNew()) {
      // Its versions up to the reader's timestamp come later.
      this.aim(this.userKey(), this.at)
      this.target.trailerLow = this.visibleLow
      this.target.trailerHigh = this.visibleHigh
      this.phase = Phase.seek
      return false
    }
    if (!this.isVisible()) return false
    if (this.show()) return true
    this.takeCurrentOf(source)
    return false
  }

  private goBack(step: Step): boolean {
    const { lower } = this.bounds
    switch (this.phase) {
      case Phase.seekNewest:
      case Phase.nextVersion:
        if (step === Step.ended || !this.isCurrent()) this.aimBeforeCurrent()
        else if (!this.isVisible()) this.phase = Phase.nextVersion
        else if (this.show()) return true
        else this.aimBeforeCurrent()
        return false
      default:
        if (step === Step.ended || (lower !== undefined && compareToTarget(this.source, lower) < 0))
          return true
        this.takeCurrentOf(this.source)
        this.aim(this.current, this.at)
        this.target.trailerLow = this.visibleLow
        this.target.trailerHigh = this.visibleHigh
        this.phase = Phase.seekNewest
        return false
    }
  }

  private askSource(): Step {
    const { source, target } = this
    switch (this.phase) {
      case Phase.first:
        return source.first()
      case Phase.last:
        return source.last()
      case Phase.next:
      case Phase.nextVersion:
        return source.next()
      case Phase.seekForPrev:
        return source.seekForPrev(target)
      default:
        return source.seek(target)
    }
  }

  /** Takes the source's entry as what the reader sees of its key, at once or as `blob`; false if that is nothing. */
  private show(): boolean {
    const { source, type } = this
    if (isTombstone(type) || type === ValueType.DeletionWithTimestamp) return false
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = source
    if (type === ValueType.BlobIndex) {
      this.blob = this.findBlob(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd)
    } else if (type === ValueType.WideColumnEntity) {
      findDefaultColumn(valueBytes, valueStart, valueEnd)
      this.showValue(valueBytes, defaultRange.start, defaultRange.end)
    } else if (type === ValueType.Value) {
      this.showValue(valueBytes, valueStart, valueEnd)
    } else throw unsupportedEntry(type)
    return true
  }

  private showBlob(movement: Movement, { value }: BlobValue): Step {
    if (value === undefined) {
      this.pending = movement
      return Step.needsBlock
    }
    this.blob = undefined
    this.showValue(value, 0, value.length)
    return Step.moved
  }

  /** For the source's key. */
  private showValue(bytes: Uint8Array, start: number, end: number): void {
    const { keyBytes, keyStart, keyEnd } = this.source
    this.keyBytes = keyBytes
    this.keyStart = keyStart
    this.keyEnd = keyEnd - TIMESTAMP_LENGTH
    this.valueBytes = bytes
    this.valueStart = start
    this.valueEnd = end
    this.valid = true
  }

  private isBeyond(): boolean {
    const { upper } = this.bounds
    return upper !== undefined && compareToTarget(this.source, upper) >= 0
  }

  private isVisible(): boolean {
    const { trailerHigh, trailerLow } = this.source
    return (
      trailerHigh < this.visibleHigh || (trailerHigh === this.visibleHigh && trailerLow <= this.visibleLow)
    )
  }

  private isTooNew(): boolean {
    const { keyBytes, keyEnd } = this.source
    return compareTimestamps(keyBytes, keyEnd - TIMESTAMP_LENGTH, this.at, 0) > 0
  }

  /** Whether the source stands on a version of the current user key. */
  private isCurrent(): boolean {
    const { keyBytes, keyStart, keyEnd } = this.source
    const { current, order } = this
    const end = keyEnd - TIMESTAMP_LENGTH
    return order.root.compare(keyBytes, keyStart, end, current, 0, current.length) === 0
  }

  private userKey(): Uint8Array {
    const { keyBytes, keyStart, keyEnd } = this.source
    return keyBytes.slice(keyStart, keyEnd - TIMESTAMP_LENGTH)
  }

  private takeCurrent(): void {
    this.current = this.keyBytes.slice(this.keyStart, this.keyEnd)
    this.hasCurrent = true
  }

  private takeCurrentOf(source: InternalCursor): void {
    this.current = source.keyBytes.slice(source.keyStart, source.keyEnd - TIMESTAMP_LENGTH)
    this.hasCurrent = true
  }

  private aimBeforeCurrent(): void {
    this.aim(this.current, greatest).setBefore(this.target.bytes, 0, this.target.end)
    this.phase = Phase.seekForPrev
  }

  /** Aims at a user key with a timestamp; the trailer is the caller's affair. */
  private aim(userKey: Uint8Array, timestamp: Uint8Array): SeekTarget {
    const key = new Uint8Array(userKey.length + TIMESTAMP_LENGTH)
    key.set(userKey)
    key.set(timestamp, userKey.length)
    this.target.setKey(key, 0, key.length)
    return this.target
  }
}

function compareTargets(a: SeekTarget, b: SeekTarget): number {
  return a.order.compare(a.bytes, a.start, a.end, b.bytes, b.start, b.end)
}
