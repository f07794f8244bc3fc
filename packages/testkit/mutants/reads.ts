/** Bugs in answers: what is visible, filters, errors of reads, memory that is used again. */
import type { Mutant } from './mutant.ts'

const ingestedTable = 'packages/engine/table/ingested-table.test.ts'

export const readMutants: readonly Mutant[] = [
  {
    id: 'M30c',
    what: 'a reader does not see the write at its own sequence',
    file: 'packages/engine/cursor/visible-cursor.ts',
    find: 'this.visibleLow = trailerLow(sequence, 0xff)',
    replace: 'this.visibleLow = trailerLow(sequence, 0)',
    killers: ['packages/engine/cursor/visible-cursor.test.ts'],
  },
  {
    id: 'M35',
    what: 'a scan takes a read that failed for its end',
    file: 'packages/engine/db/entries.ts',
    find: '        await loadWanted(this.reader.visible, wanted => loadsNow(engine, wanted))\n        step = this.move()\n',
    replace: `        try {
          await loadWanted(this.reader.visible, wanted => loadsNow(engine, wanted))
          step = this.move()
        } catch {
          step = Step.ended
        }
`,
    killers: ['packages/engine/test/faults.test.ts --test-name-pattern=read'],
  },
  {
    id: 'M35c',
    what: 'the merge of a scan that turned back goes on with the runs where they stand',
    file: 'packages/engine/cursor/merging-cursor.ts',
    find: 'if (!this.forward || this.turning) return this.turn(true)',
    replace: 'this.forward = true',
    killers: ['packages/engine/cursor/merging-cursor.test.ts'],
  },
  {
    id: 'M37',
    what: 'the entries of a table that C++ RocksDB ingested count as older than all others',
    file: 'packages/engine/table/table-reader.ts',
    find: 'this.hasGlobalSequence = globalSequence !== undefined',
    replace: 'this.hasGlobalSequence = false',
    killers: [ingestedTable],
  },
  {
    id: 'M37b',
    what: 'a seek back in an ingested table compares with the sequences written in it',
    file: 'packages/engine/table/table-cursor.ts',
    find: 'const high = hasGlobalSequence ? 0 : target.trailerHigh',
    replace: 'const high = target.trailerHigh',
    killers: [ingestedTable],
  },
  {
    id: 'M37c',
    what: 'readers older than its ingestion see a table',
    file: 'packages/engine/table/table-reader.ts',
    find: '      if (compareTrailers(low, high, lookup.trailerLow, lookup.trailerHigh) < 0) return Step.ended\n',
    replace: '',
    killers: [`${ingestedTable} --test-timeout=5000`],
  },
  {
    id: 'M37d',
    what: 'the range deletions of an ingested table count as older than all entries',
    file: 'packages/engine/tombstone/table-tombstones.ts',
    find: 'sequence: globalSequence ?? sequenceOfTrailer(trailerLow, trailerHigh),',
    replace: 'sequence: sequenceOfTrailer(trailerLow, trailerHigh),',
    killers: [ingestedTable],
  },
  {
    id: 'M40',
    what: 'a filter does not hold the last key of its table',
    file: 'packages/format/filter/key-hashes.ts',
    find: 'words === this.words ? this.length : PIECE_WORDS',
    replace: 'words === this.words ? this.length - 2 : PIECE_WORDS',
    killers: ['packages/format/filter/filter.test.ts'],
  },
  {
    id: 'M40b',
    what: 'a lookup asks the partition of the filter before the right one',
    file: 'packages/engine/table/table-filter.ts',
    find: 'this.partitions[Math.min(index, this.partitions.length - 1)]',
    replace: 'this.partitions[Math.max(0, Math.min(index, this.partitions.length - 1) - 1)]',
    killers: ['packages/engine/table/rocksdb-tables.test.ts'],
  },
  {
    id: 'M40c',
    what: 'a scan asks a filter about a prefix though its prefixes were cut by another rule',
    file: 'packages/engine/table/prefix-probe.ts',
    find: 'if (prefixes.extractor.name !== this.extractor.name) return true',
    replace: '',
    killers: ['packages/engine/table/prefix-probe.test.ts'],
  },
  {
    id: 'M40d',
    what: 'a scan of several prefixes asks the filters about the first',
    file: 'packages/engine/table/prefix-probe.ts',
    find: 'end === undefined || isAtOrBefore(bounds.upper?.bytes, end)',
    replace: 'end === undefined || bounds.upper !== undefined',
    killers: ['packages/engine/table/prefix-probe.test.ts'],
  },
  {
    id: 'M40e',
    what: 'a partition of a filter lacks the prefix that the next one begins with',
    file: 'packages/format/sst/partitioned-filter-output.ts',
    find: '      this.prefixes?.addPrefixAhead(bytes, start, end)\n',
    replace: '',
    killers: ['packages/engine/table/prefix-probe.test.ts'],
  },
  {
    id: 'M40f',
    what: 'a partition of a filter is said to end where that of the index did, a block too early',
    file: 'packages/format/sst/partitioned-filter-output.ts',
    find: 'new Uint8Array(this.index.lastKey)',
    replace: 'new Uint8Array((this.index.partitions.at(-1) ?? this.index).lastKey)',
    killers: ['packages/engine/table/prefix-probe.test.ts'],
  },
  {
    id: 'M40g',
    what: 'a Ribbon filter is made though some key has no solution',
    file: 'packages/format/filter/ribbon-builder.ts',
    find: 'if (!banding.add()) return false',
    replace: 'banding.add()',
    killers: ['packages/format/filter/filter.test.ts'],
  },
  {
    id: 'M45',
    what: 'a value that was read is a view of the block, not a copy',
    file: 'packages/engine/db/copy-out.ts',
    find: 'if (length <= IN_HEAP_MAX || length > FROM_SLAB_MAX) return bytes.slice(start, end)',
    replace: 'if (length >= 0) return bytes.subarray(start, end)',
    killers: ['packages/engine/test/reading.test.ts --test-name-pattern=own'],
  },
  {
    id: 'M45b',
    what: 'a read that waits uses the buffer of its caller',
    file: 'packages/engine/db/read-path.ts',
    find: '    lookup.keepKey()\n',
    replace: '',
    killers: ['packages/engine/db/reading.test.ts --test-name-pattern=reuse'],
  },
  {
    id: 'M45c',
    what: 'the memory of a block is used again while a cursor reads it',
    file: 'packages/engine/cache/block-pool.ts',
    find: 'if (block.holders === 0) this.takeBack(block)',
    replace: 'this.takeBack(block)',
    killers: ['packages/engine/cache/block-pool.test.ts'],
  },
  {
    id: 'M45d',
    what: 'the memory of a memtable is used again while a reader or a flush holds it',
    file: 'packages/engine/memtable/memtable.ts',
    find: 'if (this.references === 0) this.pool?.give(this.arena)',
    replace: 'if (this.references >= 0) this.pool?.give(this.arena)',
    killers: ['packages/testkit/simulation/main.ts --operations 100000 --seed 1 --stop'],
  },
  {
    id: 'M45e',
    what: 'a job that ends after its family was dropped makes its memory readable again',
    file: 'packages/engine/db/family.ts',
    find: 'if (this.isReleased) return',
    replace: 'if (this.isReleased && this.isFull) return',
    killers: ['packages/engine/test/column-families.test.ts'],
  },
  {
    id: 'M46b',
    what: 'a read that waits does not hold on to what it reads from',
    file: 'packages/engine/db/read-path.ts',
    find: '  state.ref()\n  try {\n    // The caller may change its key while this waits.',
    replace:
      '  state.ref()\n  state.unref()\n  try {\n    // The caller may change its key while this waits.',
    killers: ['packages/engine/db/reading.test.ts'],
  },
]
