/**
 * Shared memory that is handed out from both ends and given up as a whole:
 *
 *     unused word | records → |   free   | ← nodes
 *
 * Nodes lie together because every search reads several of them: spread among the records, each would be on
 * a memory page of its own (measured: random inserts take a fifth less time this way).
 *
 * Places are word offsets (units of four bytes), so that a `Uint32Array` can hold places beyond 4 GiB. Offset
 * 0 is never handed out and stands for "none". The operating system commits a page when it is first
 * written, so an arena may be made as large as it can become. It may have been another memtable's before. RocksDB: memory/concurrent_arena.h
 */
export class Arena {
  readonly words: Uint32Array
  readonly bytes: Uint8Array
  /** Where the first record begins. */
  static readonly firstRecord = 1
  /** Where the next record will begin: behind the last one. */
  recordsEnd: number
  private nodesStart: number

  constructor(buffer: ArrayBufferLike) {
    this.words = new Uint32Array(buffer)
    this.bytes = new Uint8Array(buffer)
    this.recordsEnd = Arena.firstRecord
    this.nodesStart = this.words.length
  }

  static ofWords(count: number): Arena {
    return new Arena(new SharedArrayBuffer(count * 4))
  }

  /**
   * Another one's records, up to `recordsEnd`, none of its nodes, and so many free words: for who may not write there.
   * Its memory is not shared, so that it goes as soon as the garbage is collected.
   */
  static copyOf(shared: SharedArrayBuffer, recordsEnd: number, freeWords: number): Arena {
    const arena = new Arena(new ArrayBuffer((recordsEnd + freeWords) * 4))
    arena.words.set(new Uint32Array(shared, 0, recordsEnd))
    arena.recordsEnd = recordsEnd
    return arena
  }

  get freeWords(): number {
    return this.nodesStart - this.recordsEnd
  }

  get usedBytes(): number {
    return (this.words.length - this.freeWords) * 4
  }

  /** Words for a record, with anything in them. The caller has made sure that there are so many. */
  allocateRecord(wordCount: number): number {
    const place = this.recordsEnd
    this.recordsEnd = place + wordCount
    return place
  }

  /** Words for a node, all of them zero. The caller has made sure that there are so many. */
  allocateNode(wordCount: number): number {
    this.nodesStart -= wordCount
    this.words.fill(0, this.nodesStart, this.nodesStart + wordCount)
    return this.nodesStart
  }
}
