/**
 * Decides where one output file ends and the next begins: by size, and sooner where that keeps the next
 * compaction small. The files of the level below the output, the grandparents, are what the outputs will be
 * merged with later; a file that ends where a grandparent ends drags fewer of them in.
 *
 *     grandparents   [a   d]   [f     k]      [p  t]
 *     keys             b  c  d    g  h  j   m     q
 *                            ^    ^         ^     ^      boundaries passed
 *
 * A user key is never split over two files. (RocksDB may split one, and other code here reads that.)
 *
 * RocksDB: db/compaction/compaction_outputs.cc, CompactionOutputs::ShouldStopBefore
 */
import { bytewise, type KeyOrder } from '@varve/format/key'
import { KeyRangeCursor, type KeyRanges } from './key-ranges.ts'

export interface CutRules {
  /** Level 0 outputs are never cut. */
  outputLevel: number
  targetFileSize: number
  maxOutputFileSize: number
  /** A file and the grandparents it overlaps must not exceed this. */
  maxCompactionBytes: number
  /** Outputs end where they are large enough, whatever the grandparents are. */
  bySizeAlone?: boolean
}

/** Percentage of the target size from which on a file may end at a grandparent's boundary. */
const EARLY_CUT_PERCENT = 50
/** Each boundary passed raises it, because there will likely be another; up to `MAX_EARLY_CUT_PERCENT`. */
const EARLY_CUT_STEP = 5
const MAX_EARLY_CUT_PERCENT = 90

export class OutputCutter {
  private readonly rules: CutRules
  private readonly grandparents: KeyRangeCursor | undefined
  private inGap = true
  private seenKey = false
  /** Of the current output. */
  private boundariesPassed = 0
  private overlappedBytes = 0

  constructor(rules: CutRules, grandparents?: KeyRanges, order: KeyOrder = bytewise) {
    this.rules = rules
    const isAsked = rules.outputLevel > 0 && !rules.bySizeAlone
    this.grandparents =
      isAsked && grandparents !== undefined && grandparents.sizes.length > 0
        ? new KeyRangeCursor(grandparents, order)
        : undefined
  }

  /**
   * Called with every new user key, key[0..end), ascending: true if the output of `size` bytes is to end before
   * it. Then the key counts as the first of the next output.
   */
  cutsBefore(key: Uint8Array, end: number, prefixHigh: number, prefixLow: number, size: number): boolean {
    const { rules, grandparents } = this
    if (rules.outputLevel === 0) return false
    if (grandparents === undefined) return size >= rules.maxOutputFileSize
    const overlappedBefore = this.overlappedBytes
    const passed = this.passBoundaries(grandparents, key, end, prefixHigh, prefixLow)
    if (size === 0) return false
    const cut =
      size >= rules.maxOutputFileSize || (passed > 0 && this.isGoodBoundary(passed, size, overlappedBefore))
    if (cut) {
      this.boundariesPassed = 0
      this.overlappedBytes = this.inGap ? 0 : grandparents.sizes[grandparents.index]
    }
    return cut
  }

  private isGoodBoundary(passed: number, size: number, overlappedBefore: number): boolean {
    const { targetFileSize, maxCompactionBytes } = this.rules
    if (this.overlappedBytes + size > maxCompactionBytes) return true
    // A whole grandparent that holds none of the keys is left out of a later compaction by a cut here.
    const skipped = this.overlappedBytes - overlappedBefore
    if (passed >= (this.inGap ? 2 : 3) && skipped > targetFileSize / 8) return true
    const percent = Math.min(
      EARLY_CUT_PERCENT + this.boundariesPassed * EARLY_CUT_STEP,
      MAX_EARLY_CUT_PERCENT,
    )
    return size >= Math.floor((targetFileSize + 99) / 100) * percent
  }

  /** Moves to the grandparent, or the gap before it, that the key is in; counts boundaries on the way. */
  private passBoundaries(
    grandparents: KeyRangeCursor,
    key: Uint8Array,
    end: number,
    prefixHigh: number,
    prefixLow: number,
  ): number {
    const before = this.boundariesPassed
    while (grandparents.index < grandparents.count) {
      if (this.inGap) {
        if (grandparents.compareSmallest(grandparents.index, key, end, prefixHigh, prefixLow) > 0) break
        if (this.seenKey) {
          this.boundariesPassed++
          this.overlappedBytes += grandparents.sizes[grandparents.index]
        }
        this.inGap = false
      } else {
        if (grandparents.compareLargest(grandparents.index, key, end, prefixHigh, prefixLow) >= 0) break
        if (this.seenKey) this.boundariesPassed++
        this.inGap = true
        grandparents.index++
      }
    }
    if (!this.seenKey && !this.inGap) this.overlappedBytes = grandparents.sizes[grandparents.index]
    this.seenKey = true
    return this.boundariesPassed - before
  }
}
