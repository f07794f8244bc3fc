/**
 * What Varve can do and where that is proved. The README's table is made of this list, and `npm test` fails when a file
 * named here did not run, did not pass, or had no test (main.ts). So a row can promise no more than its tests do.
 */

export interface Feature {
  /** As the table has it. */
  name: string
  /** Test files, from the root. */
  tests: readonly string[]
  /** Test files that hold it against C++ RocksDB; where its tools are missing they are skipped, and `npm test` says so. */
  cpp?: readonly string[]
  /** What C++ does there. */
  cppWhat?: string
  /** A guide, from the root. */
  guide?: string
}

const engine = 'packages/engine/test'

export const features: readonly Feature[] = [
  {
    name: 'Put, get, delete, batches, scans, cursors, snapshots',
    tests: [`${engine}/reading.test.ts`, `${engine}/model.test.ts`],
    cpp: [`${engine}/compatibility.oracle.test.ts`],
    cppWhat: '`ldb` and `sst_dump` read and write the same directory',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Directories of RocksDB 7.8 and 11.9',
    tests: [`${engine}/compatibility.test.ts`],
    cpp: [`${engine}/compatibility.oracle.test.ts`],
    cppWhat: 'directories that it wrote',
  },
  {
    name: 'Column families',
    tests: [`${engine}/column-families.test.ts`],
    cpp: [`${engine}/compatibility.oracle.test.ts`],
    cppWhat: '`ldb` lists and reads them',
  },
  {
    name: 'Durability: kill, power loss, failing and full disks',
    tests: [
      `${engine}/durability.test.ts`,
      `${engine}/power-loss.test.ts`,
      `${engine}/recovery.test.ts`,
      `${engine}/faults.test.ts`,
    ],
    guide: 'docs/guide/durability.md',
  },
  {
    name: 'Compaction styles: leveled, universal, FIFO, ttl',
    tests: [
      `${engine}/compaction.test.ts`,
      `${engine}/compaction-styles.test.ts`,
      `${engine}/expiry.test.ts`,
    ],
    cpp: [`${engine}/compaction-styles.oracle.test.ts`],
    cppWhat: '`ldb` goes on with the style of our OPTIONS file',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Dictionaries, Ribbon and prefix filters, partitions, hash indexes',
    tests: [`${engine}/table-features.test.ts`],
    cpp: [`${engine}/table-features.oracle.test.ts`],
    cppWhat: 'equal bytes, or read by `sst_dump`',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Merge operators',
    tests: [`${engine}/merging.test.ts`],
    cpp: ['packages/testkit/test/library.test.ts'],
    cppWhat: 'operands of either side, merged by the other',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Range deletions, single deletions',
    tests: [`${engine}/range-deletion.test.ts`],
    cpp: ['packages/testkit/test/library.test.ts'],
    cppWhat: 'ranges deleted by either side',
  },
  {
    name: 'Comparators: reverse bytewise, uint64, a program’s own',
    tests: [`${engine}/comparators.test.ts`],
    cpp: ['packages/testkit/test/library.test.ts'],
    cppWhat: 'the library, with the same comparators, to and fro',
    guide: 'docs/guide/keys-and-columns.md',
  },
  {
    name: 'Wide-column entities',
    tests: [`${engine}/entities.test.ts`],
    cpp: ['packages/testkit/test/library.test.ts'],
    cppWhat: '`PutEntity` and `GetEntity` of the library, to and fro',
    guide: 'docs/guide/keys-and-columns.md',
  },
  {
    name: 'User-defined timestamps: reading',
    tests: [`${engine}/timestamps.test.ts`],
    cpp: ['packages/testkit/test/library.test.ts'],
    cppWhat: 'written by the library, read alike at every timestamp',
    guide: 'docs/guide/keys-and-columns.md',
  },
  {
    name: 'Blob files (key-value separation) with garbage collection',
    tests: [
      `${engine}/blob-files.test.ts`,
      `${engine}/blob-collection.test.ts`,
      `${engine}/expiring-blobs.test.ts`,
    ],
    cpp: [`${engine}/blob-files.oracle.test.ts`],
    cppWhat: 'blob files and OPTIONS of either side, read by the other',
    guide: 'docs/guide/blob-files.md',
  },
  {
    name: 'Compaction filters, also of modules',
    tests: [`${engine}/compaction-filters.test.ts`],
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Keys that expire, TTL databases',
    tests: [`${engine}/expiring-keys.test.ts`, `${engine}/views-expiry.test.ts`],
    cpp: [`${engine}/ttl-database.oracle.test.ts`],
    cppWhat: '`ldb --ttl` and Varve in one directory, to and fro',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Events of flushes, compactions, tables and stalls',
    tests: [`${engine}/events.test.ts`],
    guide: 'docs/guide/events.md',
  },
  {
    name: 'Options changed while open: `setOptions`, `setDBOptions`',
    tests: [`${engine}/changing-options.test.ts`],
    cpp: [`${engine}/changing-options.oracle.test.ts`],
    cppWhat: '`ldb` loads the OPTIONS file, and writes the same',
    guide: 'docs/guide/options.md',
  },
  {
    name: 'Compactions by hand: `compactFiles`, levels, pauses',
    tests: [`${engine}/compacting-by-hand.test.ts`],
    guide: 'docs/guide/compaction.md',
  },
  {
    name: 'Rate limiter',
    tests: [`${engine}/rate-limits.test.ts`],
    guide: 'docs/guide/compaction.md',
  },
  {
    name: 'Write-buffer manager, caches that several databases share',
    tests: [`${engine}/write-buffer-manager.test.ts`, `${engine}/shared-memory.test.ts`],
    guide: 'docs/guide/memory.md',
  },
  {
    name: 'Memtables for point lookups (`memtable: hash`)',
    tests: [`${engine}/hash-memtable.test.ts`],
    guide: 'docs/guide/memory.md',
  },
  {
    name: 'In-memory databases',
    tests: [`${engine}/in-memory.test.ts`],
    guide: 'docs/guide/memory.md',
  },
  {
    name: 'Typed views with indexes',
    tests: [
      `${engine}/views.test.ts`,
      `${engine}/views-indexes.test.ts`,
      `${engine}/views-build.test.ts`,
      `${engine}/views-crash.test.ts`,
    ],
    guide: 'docs/guide/views-and-indexes.md',
  },
  {
    name: 'Command line',
    tests: [
      'packages/cli/test/keys.test.ts',
      'packages/cli/test/files.test.ts',
      'packages/cli/test/load.test.ts',
    ],
    guide: 'docs/guide/cli.md',
  },
  { name: 'Server', tests: ['packages/cli/test/serve.test.ts'], guide: 'docs/guide/server.md' },
]
