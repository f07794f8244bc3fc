/** Bugs in what bounds memory, and in databases that are nowhere else. */
import type { Mutant } from './mutant.ts'

const managerTest = 'packages/engine/test/write-buffer-manager.test.ts'
const sharedTest = 'packages/engine/test/shared-memory.test.ts'
const cacheTest = 'packages/engine/cache/block-cache.test.ts'
const unorderedTest = 'packages/engine/memtable/unordered-records.test.ts'

export const memoryMutants: readonly Mutant[] = [
  {
    id: 'M150',
    what: 'the newest memtable is flushed in place of the oldest',
    file: 'packages/engine/memtable/write-buffer-manager.ts',
    find: 'a.buffer.since - b.buffer.since',
    replace: 'b.buffer.since - a.buffer.since',
    killers: [`${managerTest} --test-name-pattern=oldest.of.all`],
  },
  {
    id: 'M150b',
    what: 'a database that cannot flush holds up the others for good',
    file: 'packages/engine/memtable/write-buffer-manager.ts',
    find: 'if (stuck !== undefined) sums.stuck += memoryUsage',
    replace: "if (stuck === '') sums.stuck += memoryUsage",
    killers: [`${managerTest} --test-name-pattern=does.not.hold.up --test-timeout=8000`],
  },
  {
    id: 'M150c',
    what: 'writers that wait for memory wait for a flush that waits for more memtables',
    file: 'packages/engine/memtable/write-buffer-manager.ts',
    find: '      user.flushSealed()\n',
    replace: '',
    killers: [`${managerTest} --test-name-pattern=given.some.back --test-timeout=8000`],
  },
  {
    id: 'M151',
    what: 'blocks make no room for what is reserved',
    file: 'packages/engine/cache/block-cache.ts',
    find: '    while (this.count > 0 && this.usage > this.limit) this.evict()\n',
    replace: '',
    killers: [`${cacheTest} --test-name-pattern=is.reserved`],
  },
  {
    id: 'M151b',
    what: 'index and filter of a table in use are let go before others',
    file: 'packages/engine/cache/held-contents.ts',
    find: 'if (holder.used) holder.used = false\n      else this.letGo(holder)',
    replace: 'this.letGo(holder)',
    killers: [`${cacheTest} --test-name-pattern=are.used.stay`],
  },
  {
    id: 'M151c',
    what: 'a table that was let go keeps its descriptor for ever',
    file: 'packages/engine/table/table-file.ts',
    find: '    if (this.isOrphan) this.release()\n    return this.whole',
    replace: '    return this.whole',
    killers: [`${sharedTest} --test-name-pattern=no.descriptor`],
  },
  {
    id: 'M151d',
    what: 'a range tombstone that made a file wider is forgotten with its table, and the file taken for damaged',
    file: 'packages/engine/table/level-cursor.ts',
    find: 'if (this.hasTombstones) return',
    replace: 'if (this.files[this.at].table?.contents.tombstones !== undefined) return',
    killers: ['packages/engine/table/table-reader.test.ts --test-name-pattern=made.wider'],
  },
  {
    id: 'M151e',
    what: 'what is let go at closing is the memory that others still use',
    file: 'packages/engine/cache/block-cache.ts',
    find: '    if (this.users === 0) this.memory.release()\n',
    replace: '    this.memory.release()\n',
    killers: [`${cacheTest} --test-name-pattern=another.uses`],
  },
  {
    id: 'M153',
    what: 'an entry that is added once the order has been asked for is missing from it',
    file: 'packages/engine/memtable/memtable.ts',
    find: '    this.unordered = undefined\n    return true\n',
    replace: '    return true\n',
    killers: [`${unorderedTest} --test-name-pattern=either.kind`],
  },
  {
    id: 'M153b',
    what: 'a memtable without an order is counted for less than it will take',
    file: 'packages/engine/memtable/memtable.ts',
    find: 'this.tombstones.memoryUsage + this.reserveBytes',
    replace: 'this.tombstones.memoryUsage',
    killers: [`${unorderedTest} --test-name-pattern=always.enough`],
  },
  {
    id: 'M153c',
    what: 'a flush puts entries in order in memory that readers are putting in order, too',
    file: 'packages/engine/memtable/memtable.ts',
    find: 'new Arena(this.arena) : UnorderedRecords.copyOf(this.arena, unordered)',
    replace:
      'new Arena(this.arena) : Object.assign(new Arena(this.arena), { recordsEnd: unordered.recordsEnd })',
    killers: [`${unorderedTest} --test-name-pattern=makes.its.own`],
  },
  {
    id: 'M153d',
    what: 'a flush on the thread of the callers puts a whole memtable in order without a break',
    file: 'packages/engine/compaction/flush-job.ts',
    find: '  for (const memtable of memtables) while (!memtable.putInOrder(rests)) await turns.next()\n',
    replace: '',
    killers: [`packages/engine/compaction/unordered-flush.test.ts --test-name-pattern=in.turns`],
  },
  {
    id: 'M153e',
    what: 'an older version of a key is looked for in an order that is not there yet',
    file: 'packages/engine/memtable/memtable.ts',
    find: '    if (this.unordered !== undefined) this.putInOrder()\n',
    replace: '',
    killers: [`${unorderedTest} --test-name-pattern=an.older.version`],
  },
  {
    id: 'M152',
    what: 'a piece of a file in memory that was cut off still has its bytes when the file grows again',
    file: 'packages/engine/fs/memory-file.ts',
    find: 'piece.fill(0, start, end)',
    replace: 'undefined',
    killers: ['packages/engine/fs/memory-file-system.test.ts --test-name-pattern=pieces.begin'],
  },
]
