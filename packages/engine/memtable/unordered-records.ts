/**
 * Records that have no order yet, of a memtable for point lookups. They lie in the arena one behind the other, and the
 * tree takes them in when somebody asks for their order: until then an entry costs its copy and nothing else.
 *
 *     unused word | taken in | not yet, `count` of them |   free, `reserveBytes` of it kept   | ← nodes
 *                            ↑ next                     ↑ recordsEnd
 *
 * The arena keeps what the tree may come to need, so to take records in cannot fail.
 *
 * RocksDB has memtables of its own for this (memtable/hash_skiplist_rep.cc, memtable/vectorrep.cc), which sort a copy
 * for each iterator. Here the order, once made, is kept: who scans once is likely to scan again.
 */
import { Arena } from './arena.ts'
import { recordWords, sizeOfRecord } from './record.ts'
import { EMPTY_TREE_BYTES, type RecordTree, SPLIT_BYTES, TREE_BYTES_PER_ENTRY } from './record-tree.ts'

/** What a worker has to know of them: it has no tree of these records, and may make one of its own. */
export interface UnorderedState {
  entryCount: number
  recordsEnd: number
}

export class UnorderedRecords {
  /** How many the tree has yet to take in. Who appends one to the arena counts it. */
  count: number
  private next: number = Arena.firstRecord
  private readonly arena: Arena
  private readonly tree: RecordTree

  /** Of the arena's records, `count`, the tree has none. */
  constructor(arena: Arena, tree: RecordTree, count = 0) {
    this.arena = arena
    this.tree = tree
    this.count = count
  }

  /** An arena of its own for a reader of what `shared` has up to there, with room for the tree of so many entries. */
  static copyOf(shared: SharedArrayBuffer, { entryCount, recordsEnd }: UnorderedState): Arena {
    return Arena.copyOf(shared, recordsEnd, Math.ceil((EMPTY_TREE_BYTES + roomFor(entryCount)) / 4))
  }

  /** The most that the tree takes for them, but for the nodes on its right edge. */
  get reserveBytes(): number {
    return this.count * TREE_BYTES_PER_ENTRY
  }

  /** Whether one more record can be appended and all of them still be taken in. */
  hasRoomFor(keyLength: number, valueLength: number): boolean {
    const wordCount = recordWords(keyLength, valueLength)
    return (this.arena.freeWords - wordCount) * 4 >= roomFor(this.count + 1)
  }

  /** Has the tree take in one after another until it `rests`; true when it has all. */
  takeIn(rests: () => boolean): boolean {
    const { arena, tree } = this
    while (this.next < arena.recordsEnd) {
      tree.insert(this.next)
      this.next += sizeOfRecord(arena, this.next)
      this.count--
      if (rests()) return this.next === arena.recordsEnd
    }
    return true
  }
}

/** For so many insertions, whatever the tree has. */
function roomFor(entryCount: number): number {
  return SPLIT_BYTES + entryCount * TREE_BYTES_PER_ENTRY
}
