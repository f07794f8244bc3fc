/**
 * What a reader at one sequence number sees: per user key the newest entry that is not newer than the reader,
 * unless that is a tombstone. Moves both ways, within bounds of user keys.
 *
 *     source   a@9 put   a@4 put   b@8 delete   b@2 put   c@7 put   c@3 put
 *     at 7               a@4                               c@7
 *
 * Going forward the source stands on the entry shown. Going back the versions of a key are met oldest first, so
 * the source has already left the key when its newest visible version is known: the key shown is a copy, and
 * the source stands before the whole key.
 *
 * A movement may need many steps of the source, each of which may wait for a block. Between `needsBlock` and
 * the repeated call `pending` names the movement, and `move` the step of the source to go on with.
 *
 * RocksDB: db/db_iter.cc
 */
import { compareBytes, emptyBytes } from '@varve/format/bytes'
import { trailerHigh, trailerLow, ValueType } from '@varve/format/key'
import type { KeyBounds } from './bounds.ts'
import {
  compareKeyToTarget,
  compareTargetKeys,
  type InternalCursor,
  OwnedTarget,
  SeekTarget,
  Step,
  type Wanted,
} from './cursor.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

/** Versions of one key that are passed one by one before the source seeks past the rest. RocksDB's default too. */
const MAX_SEQUENTIAL_SKIPS = 8

/** A step of the source. */
const Move = { stay: 0, first: 1, last: 2, next: 3, prev: 4, seek: 5, seekForPrev: 6, seekNewest: 7 } as const
type Move = (typeof Move)[keyof typeof Move]

/** A movement of ours. */
const Movement = { none: 0, first: 1, last: 2, next: 3, prev: 4, seek: 5, seekForPrev: 6 } as const
type Movement = (typeof Movement)[keyof typeof Movement]

export class VisibleCursor {
  valid = false
  /** The user key is keyBytes[keyStart..keyEnd), until the cursor moves. */
  keyBytes: Uint8Array = emptyBytes
  keyStart = 0
  keyEnd = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0

  private readonly source: InternalCursor
  private readonly bounds: KeyBounds
  /** The greatest trailer that the reader sees. */
  private readonly visibleLow: number
  private readonly visibleHigh: number

  private forward = true
  private pending: Movement = Movement.none
  private move: Move = Move.stay
  /** Where `move` goes when it seeks; its bytes are those of `saved`, `request` or a bound. */
  private readonly target = new SeekTarget()

  /** A user key met before. Forward: entries of it are passed over (if `savedHides`). Back: its versions are being met. */
  private readonly saved = new OwnedTarget()
  private hasSaved = false
  private savedHides = false
  private skipped = 0

  /** Back: the newest visible version of the saved key so far. Its value is copied before the source goes far. */
  private candidateType = -1
  private candidateBytes: Uint8Array = emptyBytes
  private candidateStart = 0
  private candidateEnd = 0
  private candidateIsKept = false

  /** The key that `seek` or `seekForPrev` was asked for, while it waits. */
  private readonly request = new OwnedTarget()

  constructor(source: InternalCursor, sequence: number, bounds: KeyBounds) {
    this.source = source
    this.bounds = bounds
    this.visibleLow = trailerLow(sequence, 0xff)
    this.visibleHigh = trailerHigh(sequence)
  }

  first(): Step {
    if (this.pending !== Movement.first) {
      const { lower } = this.bounds
      this.begin(lower === undefined ? Move.first : Move.seek)
      if (lower !== undefined) this.target.setBefore(lower.bytes, lower.start, lower.end)
    }
    return this.goForward(Movement.first)
  }

  last(): Step {
    if (this.pending !== Movement.last) {
      const { upper } = this.bounds
      this.begin(upper === undefined ? Move.last : Move.seekForPrev)
      if (upper !== undefined) this.target.setBefore(upper.bytes, upper.start, upper.end)
    }
    return this.goBackward(Movement.last)
  }

  /** Moves to the first key at or after bytes[start..end). */
  seek(bytes: Uint8Array, start = 0, end: number = bytes.length): Step {
    if (this.pending !== Movement.seek || !this.isRequest(bytes, start, end)) {
      this.begin(Move.seek)
      this.request.copyKey(bytes, start, end)
      const { lower } = this.bounds
      const from = lower !== undefined && compareTargetKeys(lower, this.request) > 0 ? lower : this.request
      this.target.setBefore(from.bytes, from.start, from.end)
    }
    return this.goForward(Movement.seek)
  }

  /** Moves to the last key at or before bytes[start..end). */
  seekForPrev(bytes: Uint8Array, start = 0, end: number = bytes.length): Step {
    if (this.pending !== Movement.seekForPrev || !this.isRequest(bytes, start, end)) {
      this.begin(Move.seekForPrev)
      this.request.copyKey(bytes, start, end)
      const { upper } = this.bounds
      if (upper !== undefined && compareTargetKeys(upper, this.request) <= 0) {
        this.target.setBefore(upper.bytes, upper.start, upper.end)
      } else {
        this.target.setAfter(this.request.bytes, this.request.start, this.request.end)
      }
    }
    return this.goBackward(Movement.seekForPrev)
  }

  /** Expects `valid`, or to be repeated after `needsBlock`; so does `prev`. */
  next(): Step {
    if (this.pending !== Movement.next) {
      if (this.forward) {
        this.save(this.source)
        this.move = Move.next
      } else {
        this.target.setAfter(this.saved.bytes, this.saved.start, this.saved.end)
        this.move = Move.seek
      }
      this.hasSaved = true
      this.savedHides = true
      this.skipped = 0
    }
    return this.goForward(Movement.next)
  }

  prev(): Step {
    if (this.pending !== Movement.prev) {
      if (this.forward) {
        this.save(this.source)
        this.target.setBefore(this.saved.bytes, this.saved.start, this.saved.end)
        this.move = Move.seekForPrev
      } else {
        this.move = Move.stay
      }
      this.hasSaved = false
    }
    return this.goBackward(Movement.prev)
  }

  collectWanted(into: Wanted[], ahead?: boolean): void {
    this.source.collectWanted(into, ahead)
  }

  /** Lets go of the blocks that it reads; it is not used afterwards. */
  release(): void {
    this.source.release()
  }

  private begin(move: Move): void {
    this.move = move
    this.hasSaved = false
    this.skipped = 0
  }

  private goForward(movement: Movement): Step {
    const { source } = this
    const { upper } = this.bounds
    this.forward = true
    for (;;) {
      const step = this.moveSource()
      if (step === Step.needsBlock) return this.wait(movement)
      if (step === Step.ended) return this.end()
      if (upper !== undefined && compareKeyToTarget(source, upper) >= 0) return this.end()
      if (this.isPassedOver()) continue
      const type = source.trailerLow & 0xff
      if (type === ValueType.Value) return this.showSource()
      if (type !== ValueType.Deletion && type !== ValueType.SingleDeletion) throw unsupportedEntry(type)
      this.save(source)
      this.savedHides = true
      this.move = Move.next
    }
  }

  /** Whether the source's entry is older than one of its key met before, or too new; then `move` leads on. */
  private isPassedOver(): boolean {
    const { source } = this
    const isSaved = this.hasSaved && compareKeyToTarget(source, this.saved) === 0
    const isHidden = isSaved && this.savedHides
    if (!isHidden && this.isVisible()) return false
    if (!isSaved) {
      this.save(source)
      this.savedHides = false
    }
    this.move = Move.next
    if (++this.skipped > MAX_SEQUENTIAL_SKIPS) {
      this.skipped = 0
      this.move = Move.seek
      if (isHidden) this.target.setAfter(this.saved.bytes, this.saved.start, this.saved.end)
      else this.targetNewest()
    }
    return true
  }

  private showSource(): Step {
    const { source } = this
    this.keyBytes = source.keyBytes
    this.keyStart = source.keyStart
    this.keyEnd = source.keyEnd
    this.valueBytes = source.valueBytes
    this.valueStart = source.valueStart
    this.valueEnd = source.valueEnd
    this.valid = true
    this.pending = Movement.none
    return Step.moved
  }

  private goBackward(movement: Movement): Step {
    const { source } = this
    const { lower } = this.bounds
    this.forward = false
    for (;;) {
      const step = this.moveSource()
      if (step === Step.needsBlock) return this.wait(movement)
      if (this.move === Move.seekNewest) {
        // Many versions: this is the one visible, if any is. Leave the key for good.
        if (source.valid && compareKeyToTarget(source, this.saved) === 0) {
          this.takeCandidate()
          this.keepCandidate()
        }
        this.target.setBefore(this.saved.bytes, this.saved.start, this.saved.end)
        this.move = Move.seekForPrev
        continue
      }
      const isOver = step === Step.ended || (lower !== undefined && compareKeyToTarget(source, lower) < 0)
      if (this.hasSaved && (isOver || compareKeyToTarget(source, this.saved) !== 0)) {
        if (this.candidateType === ValueType.Value) return this.showCandidate()
        if (!isTombstone(this.candidateType)) throw unsupportedEntry(this.candidateType)
        this.hasSaved = false
      }
      if (isOver) return this.end()
      this.meetVersion()
    }
  }

  /** Takes note of the source's entry, and sets `move` to what leads on from it. */
  private meetVersion(): void {
    if (!this.hasSaved) {
      this.save(this.source)
      this.candidateType = -1
    }
    if (this.isVisible()) this.takeCandidate()
    else if (this.candidateType !== -1) this.keepCandidate()
    this.move = Move.prev
    if (++this.skipped > MAX_SEQUENTIAL_SKIPS) {
      this.skipped = 0
      this.targetNewest()
      this.move = Move.seekNewest
    }
  }

  private takeCandidate(): void {
    const { source } = this
    this.candidateType = source.trailerLow & 0xff
    this.candidateBytes = source.valueBytes
    this.candidateStart = source.valueStart
    this.candidateEnd = source.valueEnd
    this.candidateIsKept = false
  }

  /** A source keeps the value through one more step back; this one is about to take more. */
  private keepCandidate(): void {
    if (this.candidateIsKept) return
    this.candidateBytes = this.candidateBytes.slice(this.candidateStart, this.candidateEnd)
    this.candidateEnd -= this.candidateStart
    this.candidateStart = 0
    this.candidateIsKept = true
  }

  private showCandidate(): Step {
    this.keyBytes = this.saved.bytes
    this.keyStart = this.saved.start
    this.keyEnd = this.saved.end
    this.valueBytes = this.candidateBytes
    this.valueStart = this.candidateStart
    this.valueEnd = this.candidateEnd
    this.valid = true
    this.pending = Movement.none
    return Step.moved
  }

  private moveSource(): Step {
    const { source } = this
    switch (this.move) {
      case Move.next:
        return source.next()
      case Move.prev:
        return source.prev()
      case Move.stay:
        return source.valid ? Step.moved : Step.ended
      case Move.first:
        return source.first()
      case Move.last:
        return source.last()
      case Move.seekForPrev:
        return source.seekForPrev(this.target)
      default:
        return source.seek(this.target)
    }
  }

  private wait(movement: Movement): Step {
    this.valid = false
    this.pending = movement
    return Step.needsBlock
  }

  private end(): Step {
    this.valid = false
    this.pending = Movement.none
    return Step.ended
  }

  private isVisible(): boolean {
    const { trailerHigh, trailerLow } = this.source
    return (
      trailerHigh < this.visibleHigh || (trailerHigh === this.visibleHigh && trailerLow <= this.visibleLow)
    )
  }

  /** Aims before the newest visible version of the saved key. */
  private targetNewest(): void {
    this.target.setBefore(this.saved.bytes, this.saved.start, this.saved.end)
    this.target.trailerLow = this.visibleLow
    this.target.trailerHigh = this.visibleHigh
  }

  private save(source: InternalCursor): void {
    this.saved.copyEntry(source)
    this.hasSaved = true
    this.skipped = 0
  }

  private isRequest(bytes: Uint8Array, start: number, end: number): boolean {
    const { request } = this
    return compareBytes(request.bytes, request.start, request.end, bytes, start, end) === 0
  }
}

function isTombstone(type: number): boolean {
  return type === ValueType.Deletion || type === ValueType.SingleDeletion || type === -1
}
