/**
 * Moves over the files of one sorted level as if they were one table, turning from one to the next. Files are
 * opened when the cursor gets to them, if they are not open already.
 *
 * RocksDB: db/version_set.cc, LevelIterator
 */
import { readUint32 } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import { bytewise, compareTrailers, TRAILER_LENGTH } from '@varve/format/key'
import { OwnedTarget, type SeekTarget, Step, type Wanted } from '../cursor/cursor.ts'
import type { RangeTombstones } from '../tombstone/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { findFile } from '../version/version.ts'
import type { TableCache, TableOpening } from './table-cache.ts'
import { TableCursor } from './table-cursor.ts'
import type { TableReader } from './table-reader.ts'

/** Told of the range tombstones of each file that is entered, before any of its entries is shown. */
export type OnTombstones = (tombstones: RangeTombstones) => void

const NO_FILE = -1

/** A movement to a place that does not depend on where the cursor is. */
const Absolute = { none: 0, first: 1, last: 2, seek: 3, seekForPrev: 4 } as const
type Absolute = (typeof Absolute)[keyof typeof Absolute]

export class LevelCursor extends TableCursor {
  private readonly files: readonly FileMeta[]
  private readonly tables: TableCache
  /** The file that the cursor is in. */
  private at = NO_FILE
  /** The file that a movement from one file to the next is about to enter. */
  private entering = NO_FILE
  /** The file that has to be opened first. */
  private unopened = NO_FILE
  /** What it waits for then. */
  private opening: TableOpening | undefined = undefined
  /** The file that the cursor is in has range tombstones. */
  private hasTombstones = false
  private readonly enters: OnTombstones | undefined
  /**
   * The last absolute movement that passed over files, the file that it got to, and the target of a seek. Repeated, it goes
   * on from there: to begin again would let go of the block that it has waited for, or that it shows while another run waits.
   */
  private passing: Absolute = Absolute.none
  private reached = NO_FILE
  private readonly passed: OwnedTarget

  /** `files` as a version has them: sorted, free of overlap. */
  constructor(files: readonly FileMeta[], tables: TableCache, fillCache = true, enters?: OnTombstones) {
    const order = files[0]?.order ?? bytewise
    super(undefined, fillCache, order)
    this.passed = new OwnedTarget(order)
    this.enters = enters
    this.files = files
    this.tables = tables
  }

  override first(): Step {
    return this.passForward(Absolute.first, this.passing === Absolute.first ? this.reached : 0)
  }

  override last(): Step {
    return this.passBack(Absolute.last, this.passing === Absolute.last ? this.reached : this.files.length - 1)
  }

  override next(): Step {
    if (this.entering !== NO_FILE) return this.goForward(this.entering)
    const step = super.next()
    return step === Step.ended ? this.goForward(this.at + 1) : step
  }

  override prev(): Step {
    if (this.entering !== NO_FILE) return this.goBack(this.entering)
    const step = super.prev()
    return step === Step.ended ? this.goBack(this.at - 1) : step
  }

  override seek(target: SeekTarget): Step {
    if (this.hasPassed(Absolute.seek, target)) return this.passForward(Absolute.seek, this.reached)
    this.entering = NO_FILE
    const file = findFile(this.files, target)
    if (file === this.files.length) return this.end()
    if (!this.enterFile(file, true)) return this.wait()
    const step = super.seek(target)
    if (step !== Step.ended) return step
    this.refuseMissingBoundary()
    this.passed.copyTarget(target)
    return this.passForward(Absolute.seek, file + 1)
  }

  override seekForPrev(target: SeekTarget): Step {
    if (this.hasPassed(Absolute.seekForPrev, target)) return this.passBack(Absolute.seekForPrev, this.reached)
    this.entering = NO_FILE
    const file = findFileBefore(this.files, target)
    if (file < 0) return this.end()
    if (!this.enterFile(file, false)) return this.wait()
    const step = super.seekForPrev(target)
    if (step !== Step.ended) return step
    this.refuseMissingBoundary()
    this.passed.copyTarget(target)
    return this.passBack(Absolute.seekForPrev, file - 1)
  }

  private hasPassed(movement: Absolute, target: SeekTarget): boolean {
    return this.passing === movement && this.passed.equals(target)
  }

  private passForward(movement: Absolute, file: number): Step {
    return this.note(movement, this.goForward(file), this.files.length)
  }

  private passBack(movement: Absolute, file: number): Step {
    return this.note(movement, this.goBack(file), NO_FILE)
  }

  private note(movement: Absolute, step: Step, end: number): Step {
    this.passing = movement
    this.reached = step === Step.needsBlock ? this.entering : step === Step.moved ? this.at : end
    return step
  }

  override collectWanted(into: Wanted[], ahead?: boolean): void {
    if (this.unopened === NO_FILE) super.collectWanted(into, ahead)
    else into.push(this.openingOf(this.files[this.unopened]))
  }

  /** To the first entry of the file or, should it have none, of those behind it. */
  private goForward(file: number): Step {
    for (; file < this.files.length; file++) {
      this.entering = file
      if (!this.enterFile(file, true)) return this.wait()
      const step = super.first()
      if (step === Step.needsBlock) return step
      this.entering = NO_FILE
      if (step === Step.moved) return step
    }
    this.entering = NO_FILE
    return this.end()
  }

  private goBack(file: number): Step {
    for (; file >= 0; file--) {
      this.entering = file
      if (!this.enterFile(file, false)) return this.wait()
      const step = super.last()
      if (step === Step.needsBlock) return step
      this.entering = NO_FILE
      if (step === Step.moved) return step
    }
    this.entering = NO_FILE
    return this.end()
  }

  /** Turns to a file; false when it has to be opened first. */
  private enterFile(file: number, forward: boolean): boolean {
    this.unopened = NO_FILE
    if (file === this.at) return true
    const table = this.files[file].table ?? this.openedFor(this.files[file])
    if (table === undefined) {
      this.unopened = file
      return false
    }
    this.opening = undefined
    this.turnTo(table, forward)
    this.at = file
    this.hasTombstones = table.contents.tombstones !== undefined
    const { tombstones } = table.contents
    if (tombstones !== undefined) this.enters?.(tombstones)
    return true
  }

  /** A seek goes to the one file whose boundaries promise the entry, unless a tombstone made them wider. */
  private refuseMissingBoundary(): void {
    if (this.hasTombstones) return
    const file = this.files[this.at]
    const problem = `table #${file.number} lacks a boundary key that the MANIFEST has`
    throw new CorruptionError(problem, this.tables.path(file))
  }

  private openedFor(file: FileMeta): TableReader | undefined {
    return this.opening?.file === file ? this.opening.table : undefined
  }

  /** The same until it has been entered: the cache may let a table go as soon as it is open. */
  private openingOf(file: FileMeta): TableOpening {
    if (this.opening?.file !== file) this.opening = this.tables.opening(file)
    return this.opening
  }
}

/** Index of the last file whose first internal key is at or before `target`, or -1. */
function findFileBefore(files: readonly FileMeta[], target: SeekTarget): number {
  const file = findFile(files, target)
  return file < files.length && startsAtOrBefore(files[file], target) ? file : file - 1
}

function startsAtOrBefore(file: FileMeta, target: SeekTarget): boolean {
  const { bytes, start, end, prefixHigh, prefixLow } = target
  const order = file.compareSmallestUserKey(bytes, start, end, prefixHigh, prefixLow)
  if (order !== 0) return order < 0
  const at = file.smallest.length - TRAILER_LENGTH
  const low = readUint32(file.smallest, at)
  return compareTrailers(low, readUint32(file.smallest, at + 4), target.trailerLow, target.trailerHigh) <= 0
}
