/**
 * Moves over a memtable's entries. Nothing has to be loaded, so it never answers `needsBlock`.
 *
 * Entries may be added between two movements. Then the cursor's place in its leaf may be off, and it finds
 * its record again before it moves; records themselves stay where they are.
 */
import { prefixWord } from '@varve/format/bytes'
import type { KeyOrder } from '@varve/format/key'
import { type InternalCursor, type SeekTarget, Step, setPrefixes, type Wanted } from '../cursor/cursor.ts'
import type { Arena } from './arena.ts'
import { compareRecord, KEY_LENGTH, keyStartOf, TRAILER_HIGH, TRAILER_LOW, VALUE_LENGTH } from './record.ts'
import type { RecordTree } from './record-tree.ts'

export class MemtableCursor implements InternalCursor {
  valid = false
  keyBytes: Uint8Array
  keyStart = 0
  keyEnd = 0
  prefixHigh = 0
  prefixLow = 0
  trailerLow = 0
  trailerHigh = 0
  valueBytes: Uint8Array
  valueStart = 0
  valueEnd = 0

  private readonly arena: Arena
  private readonly tree: RecordTree
  private leaf = 0
  private index = 0
  // The tree's entryCount when `leaf` and `index` were right.
  private seenCount = 0

  constructor(arena: Arena, tree: RecordTree) {
    this.arena = arena
    this.tree = tree
    this.keyBytes = arena.bytes
    this.valueBytes = arena.bytes
  }

  first(): Step {
    return this.settleAt(this.tree.firstLeaf, 0)
  }

  last(): Step {
    const leaf = this.tree.lastLeaf
    return this.settleAt(leaf, this.tree.countOf(leaf) - 1)
  }

  next(): Step {
    if (this.seenCount !== this.tree.entryCount) this.findAgain()
    if (this.index + 1 < this.tree.countOf(this.leaf)) return this.settleAt(this.leaf, this.index + 1)
    return this.settleAt(this.tree.nextLeaf(this.leaf), 0)
  }

  prev(): Step {
    if (this.seenCount !== this.tree.entryCount) this.findAgain()
    return this.settleBefore(this.leaf, this.index)
  }

  seek(target: SeekTarget): Step {
    this.tree.find(target.bytes, target.start, target.end, target.trailerLow, target.trailerHigh)
    return this.settleAt(this.tree.foundLeaf, this.tree.foundIndex)
  }

  seekForPrev(target: SeekTarget): Step {
    const { arena, tree } = this
    const { bytes, start, end, trailerLow, trailerHigh } = target
    tree.find(bytes, start, end, trailerLow, trailerHigh)
    if (tree.foundIndex < tree.countOf(tree.foundLeaf)) {
      const record = tree.recordAt(tree.foundLeaf, tree.foundIndex)
      const order = compareRecord(arena, record, 0, bytes, start, end, trailerLow, trailerHigh)
      if (order === 0) return this.settleAt(tree.foundLeaf, tree.foundIndex)
    }
    return this.settleBefore(tree.foundLeaf, tree.foundIndex)
  }

  collectWanted(_into: Wanted[]): void {}

  release(): void {}

  private settleBefore(leaf: number, index: number): Step {
    if (index > 0) return this.settleAt(leaf, index - 1)
    const previous = this.tree.previousLeaf(leaf)
    return previous === 0 ? this.end() : this.settleAt(previous, this.tree.countOf(previous) - 1)
  }

  /** Takes an entry's fields; ends when there is no such leaf or index. */
  protected settleAt(leaf: number, index: number): Step {
    const { arena, tree } = this
    if (leaf === 0 || index < 0 || index >= tree.countOf(leaf)) return this.end()
    const words = arena.words
    const record = tree.recordAt(leaf, index)
    this.valid = true
    this.leaf = leaf
    this.index = index
    this.seenCount = tree.entryCount
    this.keyStart = keyStartOf(record)
    this.keyEnd = this.keyStart + words[record + KEY_LENGTH]
    this.prefixHigh = prefixWord(arena.bytes, this.keyStart, this.keyEnd)
    this.prefixLow = prefixWord(arena.bytes, this.keyStart + 4, this.keyEnd)
    this.trailerLow = words[record + TRAILER_LOW]
    this.trailerHigh = words[record + TRAILER_HIGH]
    this.keyBytes = arena.bytes
    this.valueBytes = arena.bytes
    this.valueStart = this.keyEnd
    this.valueEnd = this.keyEnd + words[record + VALUE_LENGTH]
    return Step.moved
  }

  private findAgain(): void {
    const { tree } = this
    tree.find(this.arena.bytes, this.keyStart, this.keyEnd, this.trailerLow, this.trailerHigh)
    this.leaf = tree.foundLeaf
    this.index = tree.foundIndex
  }

  private end(): Step {
    this.valid = false
    return Step.ended
  }
}

/** Moves over entries that are not in bytewise order. */
export class OrderedMemtableCursor extends MemtableCursor {
  private readonly order: KeyOrder

  constructor(arena: Arena, tree: RecordTree, order: KeyOrder) {
    super(arena, tree)
    this.order = order
  }

  protected override settleAt(leaf: number, index: number): Step {
    const step = super.settleAt(leaf, index)
    if (step === Step.moved) setPrefixes(this, this.order)
    return step
  }
}
