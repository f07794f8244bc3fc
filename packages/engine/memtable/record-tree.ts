/**
 * The order of a memtable's records: a B+ tree whose nodes lie in the arena beside them.
 *
 *     node  := count u32, level u32, skip u32, next u32, previous u32,
 *              heads u32[CAPACITY], records u32[CAPACITY],
 *              children u32[CAPACITY + 1]            (not in leaves, whose level is 0)
 *
 *     level 1:            [ g    p ]                 an inner node's record i is the first of child i + 1
 *                        /    |     \
 *     level 0:   [ a c e ] [ g k ] [ p s x ]         nodes of a level are chained both ways
 *
 * `heads` caches four bytes of each user key, so that a search touches two or three cache lines of a node and
 * hardly ever a record. They are the bytes behind the first `skip`, which every key that can get into the
 * node shares, because its neighbours in the nodes above share them. So keys with long common beginnings
 * cost no more than random ones.
 *
 * Records are only added. A split moves entries, never records, so a cursor holds on to its record and finds
 * its entry again when `entryCount` has moved.
 *
 * Why not RocksDB's skip list (memtable/inlineskiplist.h): it chases a pointer to an uncached node for each of
 * some 25 comparisons. Measured with 500,000 entries of 16 + 100 bytes, in thousands per second, against a
 * skip list with eight cached key bytes per node in the same arena: random inserts 300-490 there, 700-1,100
 * here; lookups 250-330 there, 780-850 here; "user000000012345" keys 180-230 there, 680-930 here.
 */
import { commonPrefixLength, prefixWord } from '@varve/format/bytes'
import type { Arena } from './arena.ts'
import { compareRecord, KEY_LENGTH, keyStartOf, TRAILER_HIGH, TRAILER_LOW } from './record.ts'

/** Measured: 16 and 64 are both slower, 64 by a fifth for random inserts. */
export const CAPACITY = 32

export const COUNT = 0
const LEVEL = 1
const SKIP = 2
const NEXT = 3
const PREVIOUS = 4
export const HEADS = 5
export const RECORDS = HEADS + CAPACITY
const CHILDREN = RECORDS + CAPACITY

const LEAF_WORDS = CHILDREN
const INNER_WORDS = CHILDREN + CAPACITY + 1

/** Nodes are at least half full but for those on the right edge, so this is out of reach. */
const MAX_DEPTH = 16

/** Bounds for sizing an arena: an empty tree, the most that one record's splits take, what each entry adds. */
export const EMPTY_TREE_BYTES = 4 * (1 + LEAF_WORDS)
export const SPLIT_BYTES = 4 * (MAX_DEPTH + 2) * INNER_WORDS
// Half-full leaves, and half-full inner nodes over them; a little more than the sum of the series.
export const TREE_BYTES_PER_ENTRY = Math.ceil((4 * LEAF_WORDS) / (CAPACITY / 2)) + 2

/** What a tree is, apart from its arena: plain data, so that a worker can attach to it. */
export interface TreeState {
  root: number
  firstLeaf: number
  lastLeaf: number
  entryCount: number
}

export class RecordTree {
  readonly arena: Arena
  entryCount: number
  firstLeaf: number
  lastLeaf: number
  /** Where `find` ended: the first entry at or after its target. At the end, `foundIndex` is the leaf's count. */
  foundLeaf = 0
  foundIndex = 0

  private root: number
  // The way from the root to the node that the last descent reached.
  private readonly pathNodes = new Float64Array(MAX_DEPTH)
  private readonly pathIndexes = new Float64Array(MAX_DEPTH)
  private depth = 0

  constructor(arena: Arena, state?: TreeState) {
    this.arena = arena
    this.root = state?.root ?? arena.allocateNode(LEAF_WORDS)
    this.firstLeaf = state?.firstLeaf ?? this.root
    this.lastLeaf = state?.lastLeaf ?? this.root
    this.entryCount = state?.entryCount ?? 0
  }

  state(): TreeState {
    return {
      root: this.root,
      firstLeaf: this.firstLeaf,
      lastLeaf: this.lastLeaf,
      entryCount: this.entryCount,
    }
  }

  /** The most words that adding one record can take, besides the record. */
  get reserveWords(): number {
    return (this.arena.words[this.root + LEVEL] + 2) * INNER_WORDS
  }

  countOf(leaf: number): number {
    return this.arena.words[leaf + COUNT]
  }

  /** 0 at the right end. */
  nextLeaf(leaf: number): number {
    return this.arena.words[leaf + NEXT]
  }

  /** 0 at the left end. */
  previousLeaf(leaf: number): number {
    return this.arena.words[leaf + PREVIOUS]
  }

  recordAt(leaf: number, index: number): number {
    return this.arena.words[leaf + RECORDS + index]
  }

  /** Adds a record whose internal key is not in the tree. */
  insert(record: number): void {
    const { words, bytes } = this.arena
    const start = keyStartOf(record)
    const end = start + words[record + KEY_LENGTH]
    const low = words[record + TRAILER_LOW]
    const high = words[record + TRAILER_HIGH]
    this.entryCount++
    if (this.appendLast(record, bytes, start, end, low, high)) return
    const position = this.descend(bytes, start, end, low, high)
    this.insertEntry(this.depth, position, record, 0)
  }

  /** Moves `foundLeaf` and `foundIndex` to the first entry at or after the target. */
  find(bytes: Uint8Array, start: number, end: number, low: number, high: number): void {
    const words = this.arena.words
    let node = this.root
    while (words[node + LEVEL] !== 0) {
      node = words[node + CHILDREN + this.countBefore(node, bytes, start, end, low, high, true)]
    }
    this.foundLeaf = node
    this.foundIndex = this.countBefore(node, bytes, start, end, low, high, false)
    if (this.foundIndex === words[node + COUNT] && words[node + NEXT] !== 0) {
      this.foundLeaf = words[node + NEXT]
      this.foundIndex = 0
    }
  }

  /** Ascending keys go straight behind the last entry: no descent, one comparison. */
  protected appendLast(
    record: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
  ): boolean {
    const words = this.arena.words
    const leaf = this.lastLeaf
    const count = words[leaf + COUNT]
    if (count === 0 || count === CAPACITY) return false
    const last = words[leaf + RECORDS + count - 1]
    if (compareRecord(this.arena, last, 0, bytes, start, end, low, high) >= 0) return false
    this.setEntry(leaf, count, record)
    words[leaf + COUNT] = count + 1
    return true
  }

  /** Goes down to the leaf where the target belongs, keeps the way, and returns the position in the leaf. */
  private descend(bytes: Uint8Array, start: number, end: number, low: number, high: number): number {
    const words = this.arena.words
    let node = this.root
    let depth = 0
    while (words[node + LEVEL] !== 0) {
      const index = this.countBefore(node, bytes, start, end, low, high, true)
      this.pathNodes[depth] = node
      this.pathIndexes[depth] = index
      depth++
      node = words[node + CHILDREN + index]
    }
    this.pathNodes[depth] = node
    this.depth = depth
    return this.countBefore(node, bytes, start, end, low, high, false)
  }

  /** How many of a node's entries come before the target, or at it if `orAt`. */
  protected countBefore(
    node: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    low: number,
    high: number,
    orAt: boolean,
  ): number {
    const words = this.arena.words
    const skip = words[node + SKIP]
    const targetHead = prefixWord(bytes, start + skip, end)
    let from = 0
    let to = words[node + COUNT]
    while (from < to) {
      const middle = (from + to) >>> 1
      const head = words[node + HEADS + middle]
      if (head < targetHead) from = middle + 1
      else if (head > targetHead) to = middle
      else {
        const record = words[node + RECORDS + middle]
        const order = compareRecord(this.arena, record, skip + 4, bytes, start, end, low, high)
        if (order === 0) return orAt ? middle + 1 : middle
        if (order < 0) from = middle + 1
        else to = middle
      }
    }
    return from
  }

  /** Puts an entry (in inner nodes with the child to the right of it) into the path's node at `depth`. */
  private insertEntry(depth: number, position: number, record: number, child: number): void {
    const node = this.pathNodes[depth]
    if (this.arena.words[node + COUNT] < CAPACITY) this.placeEntry(node, position, record, child)
    else if (position === CAPACITY && this.onRightEdge(depth)) this.extend(depth, record, child)
    else this.split(depth, position, record, child)
  }

  /** Ascending keys: leaves the full last node of a level as it is and starts another with the new entry. */
  private extend(depth: number, record: number, child: number): void {
    const words = this.arena.words
    const node = this.pathNodes[depth]
    const right = this.addSibling(node)
    this.setSkip(node, this.sharedLength(this.lowerNeighbour(depth), record))
    this.setSkip(right, 0)
    if (words[node + LEVEL] === 0) this.placeEntry(right, 0, record, 0)
    else words[right + CHILDREN] = child
    this.insertSibling(depth, record, right)
  }

  /** Moves the upper half of a full node to a new one on its right and puts the entry where it belongs. */
  private split(depth: number, position: number, record: number, child: number): void {
    const words = this.arena.words
    const node = this.pathNodes[depth]
    const isLeaf = words[node + LEVEL] === 0
    const kept = CAPACITY >>> 1
    // The separator stays in a leaf's right half and moves up out of an inner node.
    const moved = isLeaf ? kept : kept + 1
    const separator = words[node + RECORDS + kept]
    const right = this.addSibling(node)
    for (let from = moved, to = 0; from < CAPACITY; from++, to++) this.copyEntry(node, from, right, to)
    if (!isLeaf) words[right + CHILDREN] = words[node + CHILDREN + moved]
    words[right + COUNT] = CAPACITY - moved
    words[node + COUNT] = kept
    this.setSkip(right, this.sharedLength(separator, this.upperNeighbour(depth)))
    this.setSkip(node, this.sharedLength(this.lowerNeighbour(depth), separator))
    if (position <= kept) this.placeEntry(node, position, record, child)
    else this.placeEntry(right, position - moved, record, child)
    this.insertSibling(depth, separator, right)
  }

  /** Tells the parent of the path's node at `depth` about the node that now stands on its right. */
  private insertSibling(depth: number, separator: number, right: number): void {
    if (depth > 0) {
      this.insertEntry(depth - 1, this.pathIndexes[depth - 1], separator, right)
      return
    }
    const words = this.arena.words
    const root = this.arena.allocateNode(INNER_WORDS)
    words[root + LEVEL] = words[right + LEVEL] + 1
    words[root + CHILDREN] = this.root
    this.placeEntry(root, 0, separator, right)
    this.root = root
  }

  private addSibling(node: number): number {
    const words = this.arena.words
    const level = words[node + LEVEL]
    const right = this.arena.allocateNode(level === 0 ? LEAF_WORDS : INNER_WORDS)
    words[right + LEVEL] = level
    words[right + SKIP] = words[node + SKIP]
    const next = words[node + NEXT]
    words[right + NEXT] = next
    words[right + PREVIOUS] = node
    words[node + NEXT] = right
    if (next !== 0) words[next + PREVIOUS] = right
    else if (level === 0) this.lastLeaf = right
    return right
  }

  private onRightEdge(depth: number): boolean {
    return this.arena.words[this.pathNodes[depth] + NEXT] === 0
  }

  /** The greatest separator before the path's node at `depth`, or 0. */
  private lowerNeighbour(depth: number): number {
    for (let above = depth - 1; above >= 0; above--) {
      const index = this.pathIndexes[above]
      if (index > 0) return this.recordAt(this.pathNodes[above], index - 1)
    }
    return 0
  }

  /** The least separator behind the path's node at `depth`, or 0. */
  private upperNeighbour(depth: number): number {
    for (let above = depth - 1; above >= 0; above--) {
      const index = this.pathIndexes[above]
      if (index < this.countOf(this.pathNodes[above])) return this.recordAt(this.pathNodes[above], index)
    }
    return 0
  }

  /** How many leading bytes every key between two records shares; none when a side is open. */
  protected sharedLength(lower: number, upper: number): number {
    if (lower === 0 || upper === 0) return 0
    const { words, bytes } = this.arena
    const lowerStart = keyStartOf(lower)
    const upperStart = keyStartOf(upper)
    const lowerEnd = lowerStart + words[lower + KEY_LENGTH]
    const upperEnd = upperStart + words[upper + KEY_LENGTH]
    return commonPrefixLength(bytes, lowerStart, lowerEnd, bytes, upperStart, upperEnd)
  }

  private setSkip(node: number, skip: number): void {
    const words = this.arena.words
    if (words[node + SKIP] === skip) return
    words[node + SKIP] = skip
    const count = words[node + COUNT]
    for (let index = 0; index < count; index++) this.setEntry(node, index, words[node + RECORDS + index])
  }

  private placeEntry(node: number, position: number, record: number, child: number): void {
    const words = this.arena.words
    const count = words[node + COUNT]
    for (let index = count; index > position; index--) this.copyEntry(node, index - 1, node, index)
    this.setEntry(node, position, record)
    if (child !== 0) words[node + CHILDREN + position + 1] = child
    words[node + COUNT] = count + 1
  }

  protected setEntry(node: number, index: number, record: number): void {
    const { words, bytes } = this.arena
    const start = keyStartOf(record)
    const end = start + words[record + KEY_LENGTH]
    const at = start + words[node + SKIP]
    words[node + HEADS + index] = prefixWord(bytes, at, end)
    words[node + RECORDS + index] = record
  }

  /** Copies an entry, and in inner nodes the child to the right of it. */
  private copyEntry(from: number, fromIndex: number, to: number, toIndex: number): void {
    const words = this.arena.words
    words[to + HEADS + toIndex] = words[from + HEADS + fromIndex]
    words[to + RECORDS + toIndex] = words[from + RECORDS + fromIndex]
    if (words[from + LEVEL] !== 0) words[to + CHILDREN + toIndex + 1] = words[from + CHILDREN + fromIndex + 1]
  }
}
