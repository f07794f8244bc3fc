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
 * the repeated call `pending` names the movement, and `move` the step of the source to go on with. A value in a blob file
 * is waited for when it is known that it will be shown: then `blob` is all that is left to do.
 *
 * RocksDB: db/db_iter.cc
 */
import { compareBytes, emptyBytes } from '@varve/format/bytes'
import { type Column, defaultRange, findDefaultColumn } from '@varve/format/entity'
import { bytewise, type KeyOrder, trailerHigh, trailerLow, ValueType } from '@varve/format/key'
import { columnsOf } from '../entity/index.ts'
import { RangeCoverage } from '../tombstone/index.ts'
import type { KeyBounds } from './bounds.ts'
import { Candidate, isTombstone, type Merge } from './candidate.ts'
import {
  type BlobValue,
  compareKeyToTarget,
  compareTargetKeys,
  compareToTarget,
  type InternalCursor,
  OwnedTarget,
  SeekTarget,
  Step,
  type Wanted,
} from './cursor.ts'
import { type FindBlob, refuseBlob } from './find-blob.ts'
import { unsupportedEntry } from './unsupported-entry.ts'

/** Versions of one key that are passed one by one before the source seeks past the rest. RocksDB's default too. */
const MAX_SEQUENTIAL_SKIPS = 8
/** Entries hidden by range tombstones that are passed one by one before older runs leap over the rest of the range. */
const MAX_COVERED_STEPS = 4

/** When values are over; their stamps, of `stampLength` bytes, are not shown. */
export interface Moment {
  readonly stampLength: number
  sees(bytes: Uint8Array, start: number, end: number): boolean
  expiresAt(bytes: Uint8Array, start: number, end: number): number | undefined
}

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
  private readonly target: SeekTarget

  /** A user key met before. Forward: entries of it are passed over (if `savedHides`). Back: its versions are being met. */
  private readonly saved: OwnedTarget
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
  /** Where entries expire: what it does not see is not there, and values have stamps. */
  private readonly moment: Moment | undefined
  /** Entries in a row that range tombstones hide. */
  private coveredSteps = 0

  private readonly findBlob: FindBlob
  /** Unless set, a value in a blob file is shown as an empty one: only keys are asked for. */
  private readonly readsBlobs: boolean
  /** The value that is waited for, of the candidate or else of the source's entry. */
  private blob: BlobValue | undefined = undefined
  private isBlobOfCandidate = false

  /** The key that `seek` or `seekForPrev` was asked for, while it waits. */
  private readonly request: OwnedTarget

  /** `coverage` is filled by the runs of `source` as they enter their files. */
  constructor(
    source: InternalCursor,
    sequence: number,
    bounds: KeyBounds,
    merge: Merge = refuseMerge,
    coverage: RangeCoverage = new RangeCoverage(sequence),
    order: KeyOrder = bytewise,
    findBlob: FindBlob = refuseBlob,
    readsBlobs = true,
    moment?: Moment,
  ) {
    this.target = new SeekTarget(order)
    this.saved = new OwnedTarget(order)
    this.request = new OwnedTarget(order)
    this.source = source
    this.merge = merge
    this.moment = moment
    this.coverage = coverage
    this.findBlob = findBlob
    // What is over is not there, and only the value tells.
    this.readsBlobs = readsBlobs || moment !== undefined
    this.bounds = bounds
    this.visibleLow = trailerLow(sequence, 0xff)
    this.visibleHigh = trailerHigh(sequence)
  }

  first(): Step {
    if (this.pending !== Movement.first) {
      const { lower } = this.bounds
      this.begin(lower === undefined ? Move.first : Move.seek)
      if (lower !== undefined) this.target.setTo(lower)
    }
    return this.goForward(Movement.first)
  }

  last(): Step {
    if (this.pending !== Movement.last) {
      const { upper } = this.bounds
      this.begin(upper === undefined ? Move.last : Move.seekForPrev)
      if (upper !== undefined) this.target.setTo(upper)
    }
    return this.goBackward(Movement.last)
  }

  /** Moves to the first key at or after bytes[start..end). */
  seek(bytes: Uint8Array, start = 0, end: number = bytes.length): Step {
    if (this.pending !== Movement.seek || !this.isRequest(bytes, start, end)) {
      this.begin(Move.seek)
      this.request.copyKey(bytes, start, end)
      const { lower } = this.bounds
      if (lower !== undefined && compareTargetKeys(lower, this.request) >= 0) this.target.setTo(lower)
      else this.target.setBefore(this.request.bytes, this.request.start, this.request.end)
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
        this.target.setTo(upper)
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

  /** Copies of the columns of the current entry, in order of their names; the column of a plain value has no name. */
  columns(): Column[] {
    const { candidate, source } = this
    if (this.showsSaved && candidate.isEntity)
      return columnsOf(candidate.bytes, candidate.start, candidate.end, true)
    if (!this.showsSaved && (source.trailerLow & 0xff) === ValueType.WideColumnEntity)
      return columnsOf(source.valueBytes, source.valueStart, source.valueEnd, true)
    return columnsOf(this.valueBytes, this.valueStart, this.valueEnd, false)
  }

  collectWanted(into: Wanted[], ahead?: boolean): void {
    if (this.blob === undefined) this.source.collectWanted(into, ahead)
    else into.push(this.blob)
  }

  /** When the entry is over, in milliseconds since 1970; undefined: never. Expects `valid`. */
  get expiresAt(): number | undefined {
    const { moment, valueBytes, valueStart, valueEnd } = this
    return moment?.expiresAt(valueBytes, valueStart, valueEnd + moment.stampLength)
  }

  /** Lets go of the blocks that it reads; it is not used afterwards. */
  release(): void {
    this.source.release()
  }

  private begin(move: Move): void {
    this.move = move
    this.hasSaved = false
    this.isMerging = false
    this.blob = undefined
    this.skipped = 0
    this.coveredSteps = 0
    this.coverage.jump()
  }

  private goForward(movement: Movement): Step {
    const { source } = this
    const { upper } = this.bounds
    this.forward = true
    if (this.blob !== undefined) {
      const shown = this.showBlob(movement, this.blob)
      if (shown !== undefined) return shown
    }
    for (;;) {
      const step = this.moveSource()
      if (step === Step.needsBlock) return this.wait(movement)
      if (this.isMerging) {
        if (step === Step.moved && this.isSavedKey() && this.takeOlder()) this.move = Move.next
        else {
          const shown = this.settleCandidate(movement)
          if (shown !== undefined) return shown
          // As `next` goes on from it.
          this.move = Move.stay
        }
        continue
      }
      if (step === Step.ended) return this.end()
      if (upper !== undefined && compareToTarget(source, upper) >= 0) return this.end()
      if (this.isPassedOver()) continue
      if (this.isCovered()) {
        this.passCovered()
        continue
      }
      const type = source.trailerLow & 0xff
      if (type === ValueType.Value && this.isSourceSeen()) return this.showSource()
      if (type === ValueType.BlobIndex) return this.waitForSource(movement)
      if (type === ValueType.WideColumnEntity) return this.showEntity()
      this.save(source)
      this.savedHides = true
      this.move = Move.next
      if (type === ValueType.Merge) this.beginMerging()
      else if (type !== ValueType.Value && !isTombstone(type)) throw unsupportedEntry(type)
    }
  }

  private isCovered(): boolean {
    return !this.coverage.isEmpty && this.coverage.hides(this.source, this.forward)
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
    if (this.moment !== undefined) this.valueEnd -= this.moment.stampLength
    this.valid = true
    this.pending = Movement.none
    return Step.moved
  }

  /** As `showSource`; the value is that of the default column. */
  private showEntity(): Step {
    this.refuseLivingEntity()
    this.showSource()
    this.showDefaultColumn()
    return Step.moved
  }

  /** Entities have no stamp that could tell when they are over. */
  private refuseLivingEntity(): void {
    if (this.moment === undefined) return
    this.end()
    throw unsupportedEntry(ValueType.WideColumnEntity)
  }

  private showDefaultColumn(): void {
    findDefaultColumn(this.valueBytes, this.valueStart, this.valueEnd)
    this.valueStart = defaultRange.start
    this.valueEnd = defaultRange.end
  }

  private goBackward(movement: Movement): Step {
    const { source } = this
    const { lower } = this.bounds
    this.forward = false
    if (this.blob !== undefined) {
      const shown = this.showBlob(movement, this.blob)
      if (shown !== undefined) return shown
    }
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
      const isOver = step === Step.ended || (lower !== undefined && compareToTarget(source, lower) < 0)
      if (this.hasSaved && (isOver || !this.isSavedKey())) {
        const shown = this.settleCandidate(movement)
        if (shown !== undefined) return shown
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

  /** Shows what has become of the candidate, now that all is known, or waits for it; undefined when there is nothing to be seen. */
  private settleCandidate(movement: Movement): Step | undefined {
    const { candidate } = this
    if (candidate.isBlob) return this.waitForCandidate(movement)
    if (candidate.hasOperands) this.combine()
    if (this.isCandidateSeen()) return this.showCandidate()
    candidate.refuseUnsupported()
    return undefined
  }

  /** Makes the candidate what its operands make of it. One that fails leaves the cursor on no entry. */
  private combine(): void {
    const { saved, candidate } = this
    this.isMerging = false
    this.end()
    candidate.combine(saved.bytes.subarray(saved.start, saved.end), this.merge)
  }

  private isSourceSeen(): boolean {
    if (this.moment === undefined) return true
    const { valueBytes, valueStart, valueEnd } = this.source
    return this.sees(this.moment, valueBytes, valueStart, valueEnd)
  }

  private isCandidateSeen(): boolean {
    const { moment, candidate } = this
    if (candidate.isEntity) this.refuseLivingEntity()
    if (!candidate.isValue || moment === undefined) return candidate.isValue
    return this.sees(moment, candidate.bytes, candidate.start, candidate.end)
  }

  private sees(moment: Moment, bytes: Uint8Array, start: number, end: number): boolean {
    this.end() // One that has no stamp leaves the cursor on no entry.
    return moment.sees(bytes, start, end)
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
    if (this.candidate.isEntity) this.showDefaultColumn()
    if (this.moment !== undefined) this.valueEnd -= this.moment.stampLength
    this.valid = true
    this.pending = Movement.none
    return Step.moved
  }

  /** Shows the source's entry when its value has come from its blob file. */
  private waitForSource(movement: Movement): Step {
    if (!this.readsBlobs) return this.showSourceWith(emptyBytes)
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = this.source
    this.isBlobOfCandidate = false
    this.blob = this.findBlob(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd)
    return this.wait(movement)
  }

  /** The same for the candidate, or for what its operands make of it. */
  private waitForCandidate(movement: Movement): Step {
    const { saved, candidate } = this
    if (!this.readsBlobs && !candidate.hasOperands) {
      candidate.takeBlob(emptyBytes)
      return this.showCandidate()
    }
    const { bytes, start, end } = candidate
    this.isBlobOfCandidate = true
    this.blob = this.findBlob(saved.bytes, saved.start, saved.end, bytes, start, end)
    return this.wait(movement)
  }

  /** Shows what was waited for, if it is there. Undefined when it is not to be seen: then `move` leads on. */
  private showBlob(movement: Movement, { value }: BlobValue): Step | undefined {
    if (value === undefined) return this.wait(movement)
    this.blob = undefined
    if (this.isBlobOfCandidate) return this.showCandidateWith(value, movement)
    if (this.moment === undefined || this.sees(this.moment, value, 0, value.length))
      return this.showSourceWith(value)
    this.save(this.source)
    this.savedHides = true
    this.move = Move.next
    return undefined
  }

  private showSourceWith(value: Uint8Array): Step {
    this.showSource()
    this.valueBytes = value
    this.valueStart = 0
    this.valueEnd = value.length - (this.moment?.stampLength ?? 0)
    return Step.moved
  }

  private showCandidateWith(value: Uint8Array, movement: Movement): Step | undefined {
    this.candidate.takeBlob(value)
    const shown = this.settleCandidate(movement)
    if (shown !== undefined) return shown
    // Forward its older versions are passed over; back the source stands before all of them.
    this.hasSaved = this.forward
    this.move = Move.stay
    return undefined
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
