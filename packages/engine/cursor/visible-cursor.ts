/**
 * What a reader at one sequence number sees: per user key the newest entry that is not newer than the reader,
 * unless that is a tombstone or hidden by one of a range; merge operands with what lies below them, as the merge operator combines them. Moves
 * both ways, within bounds of user keys.
 *
 *     source   a@9 put   a@4 put   b@8 delete   b@2 put   c@7 merge   c@3 put
 *     at 7               a@4                               c: c@3 with c@7 merged into it
 *
 * Going forward the source stands on the entry shown, or behind it where operands were merged. Going back the versions
 * of a key are met oldest first, so the source has already left the key when its newest visible version is known: the
 * key shown is a copy, and the source stands before the whole key.
 *
 * A movement may need many steps of the source, each of which may wait for a block. Between `needsBlock` and
 * the repeated call `pending` names the movement, and `move` the step of the source to go on with.
 *
 * RocksDB: db/db_iter.cc
 */
import { compareBytes, emptyBytes } from '@varve/format/bytes'
import { trailerHigh, trailerLow, ValueType } from '@varve/format/key'
import { RangeCoverage } from '../tombstone/index.ts'
import type { KeyBounds } from './bounds.ts'
import { Candidate, isTombstone, type Merge } from './candidate.ts'
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
/** Entries hidden by range tombstones that are passed one by one before older runs leap over the rest of the range. */
const MAX_COVERED_STEPS = 4

/** A step of the source. */
const Move = {
  stay: 0,
  first: 1,
  last: 2,
  next: 3,
  prev: 4,
  seek: 5,
  seekForPrev: 6,
  /** Back, over a key of many versions: to the newest that is visible. */
  seekNewest: 7,
  /** Back, from there: to what an operand is merged into. */
  nextOlder: 8,
  /** Over the rest of a range that is deleted. */
  leap: 9,
} as const
type Move = (typeof Move)[keyof typeof Move]

/** A movement of ours. */
const Movement = { none: 0, first: 1, last: 2, next: 3, prev: 4, seek: 5, seekForPrev: 6 } as const
type Movement = (typeof Movement)[keyof typeof Movement]

function refuseMerge(): never {
  throw unsupportedEntry(ValueType.Merge)
}

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
  /** Where a leap begins: see `InternalCursor.leap`. */
  private leapRun = 0
  /** Where `move` goes when it seeks; its bytes are those of `saved`, `request` or a bound. */
  private readonly target = new SeekTarget()

  /** A user key met before. Forward: entries of it are passed over (if `savedHides`). Back: its versions are being met. */
  private readonly saved = new OwnedTarget()
  private hasSaved = false
  private savedHides = false
  private skipped = 0

  /** What is seen of the saved key, as far as its versions have been met. Its value is copied before the source goes far. */
  private readonly candidate = new Candidate()
  /** Forward: the source goes through older versions of the saved key, for what its operands are merged into. */
  private isMerging = false
  /** The key shown is the saved one; forward, the source stands behind it, or on its last version that counts. */
  private showsSaved = false
  private readonly merge: Merge
  private readonly coverage: RangeCoverage
  /** Entries in a row that range tombstones hide. */
  private coveredSteps = 0

  /** The key that `seek` or `seekForPrev` was asked for, while it waits. */
  private readonly request = new OwnedTarget()

  /** `coverage` is filled by the runs of `source` as they enter their files. */
  constructor(
    source: InternalCursor,
    sequence: number,
    bounds: KeyBounds,
    merge: Merge = refuseMerge,
    coverage: RangeCoverage = new RangeCoverage(sequence),
  ) {
    this.source = source
    this.merge = merge
    this.coverage = coverage
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
      if (!this.forward) {
        this.target.setAfter(this.saved.bytes, this.saved.start, this.saved.end)
        this.move = Move.seek
      } else if (this.showsSaved) {
        // It may stand on the next key already, or on an older version of this one, which is passed over.
        this.move = Move.stay
      } else {
        this.save(this.source)
        this.move = Move.next
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
        if (!this.showsSaved) this.save(this.source)
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
    this.isMerging = false
    this.skipped = 0
    this.coveredSteps = 0
  }

  private goForward(movement: Movement): Step {
    const { source } = this
    const { upper } = this.bounds
    this.forward = true
    for (;;) {
      const step = this.moveSource()
      if (step === Step.needsBlock) return this.wait(movement)
      if (this.isMerging) {
        if (step === Step.moved && this.isSavedKey() && this.takeOlder()) this.move = Move.next
        else return this.showMerged()
        continue
      }
      if (step === Step.ended) return this.end()
      if (upper !== undefined && compareKeyToTarget(source, upper) >= 0) return this.end()
      if (this.isPassedOver()) continue
      if (this.isCovered()) {
        this.passCovered()
        continue
      }
      const type = source.trailerLow & 0xff
      if (type === ValueType.Value) return this.showSource()
      this.save(source)
      this.savedHides = true
      this.move = Move.next
      if (type === ValueType.Merge) this.beginMerging()
      else if (!isTombstone(type)) throw unsupportedEntry(type)
    }
  }

  private isCovered(): boolean {
    return !this.coverage.isEmpty && this.coverage.hides(this.source)
  }

  /** Forward: leads on from an entry that a range tombstone hides, with all older versions of its key. */
  private passCovered(): void {
    this.save(this.source)
    this.savedHides = true
    this.move = Move.next
    this.leapsTo(this.coverage.end)
  }

  /** Sets `move` to a leap over the rest of the range, if that is worthwhile. */
  private leapsTo(target: SeekTarget): boolean {
    if (++this.coveredSteps <= MAX_COVERED_STEPS || this.source.leap === undefined) return false
    this.target.setBefore(target.bytes, target.start, target.end)
    this.leapRun = this.coverage.run
    this.move = Move.leap
    return true
  }

  private beginMerging(): void {
    this.isMerging = true
    this.candidate.forget()
    this.takeOlder()
  }

  /** Takes the source's entry, older than what was taken before; says whether what the operands need lies deeper still. */
  private takeOlder(): boolean {
    if (!this.isCovered()) return this.candidate.takeOlder(this.source)
    this.candidate.takeTombstone()
    return false
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
    this.showsSaved = false
    this.coveredSteps = 0
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
      if (this.move === Move.seekNewest || this.move === Move.nextOlder) {
        // Many versions: this is the one visible, if any is. With what it is merged into, that is all: leave the key.
        if (this.move === Move.seekNewest) this.candidate.forget()
        if (source.valid && this.isSavedKey() && this.takeOlder()) {
          this.move = Move.nextOlder
          continue
        }
        this.candidate.keep()
        this.target.setBefore(this.saved.bytes, this.saved.start, this.saved.end)
        this.move = Move.seekForPrev
        continue
      }
      const isOver = step === Step.ended || (lower !== undefined && compareKeyToTarget(source, lower) < 0)
      if (this.hasSaved && (isOver || !this.isSavedKey())) {
        if (this.candidate.hasOperands) return this.showMerged()
        if (this.candidate.isValue) return this.showCandidate()
        this.candidate.refuseUnsupported()
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
      this.candidate.forget()
    }
    this.move = Move.prev
    if (!this.isVisible()) this.candidate.keep()
    else if (this.isCovered()) {
      this.candidate.forget()
      this.candidate.takeTombstone()
      if (this.leapsTo(this.coverage.start)) return
    } else this.candidate.takeNewer(this.source)
    if (++this.skipped > MAX_SEQUENTIAL_SKIPS) {
      this.skipped = 0
      this.targetNewest()
      this.move = Move.seekNewest
    }
  }

  /** Shows what the operands make of the candidate. One that fails leaves the cursor on no entry. */
  private showMerged(): Step {
    const { saved, candidate } = this
    this.isMerging = false
    this.end()
    candidate.combine(saved.bytes.subarray(saved.start, saved.end), this.merge)
    return this.showCandidate()
  }

  private showCandidate(): Step {
    this.showsSaved = true
    this.coveredSteps = 0
    this.keyBytes = this.saved.bytes
    this.keyStart = this.saved.start
    this.keyEnd = this.saved.end
    this.valueBytes = this.candidate.bytes
    this.valueStart = this.candidate.start
    this.valueEnd = this.candidate.end
    this.valid = true
    this.pending = Movement.none
    return Step.moved
  }

  private moveSource(): Step {
    const { source } = this
    switch (this.move) {
      case Move.next:
      case Move.nextOlder:
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
      case Move.leap:
        return source.leap?.(this.leapRun, this.target) ?? Step.ended
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

  private isSavedKey(): boolean {
    return compareKeyToTarget(this.source, this.saved) === 0
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
