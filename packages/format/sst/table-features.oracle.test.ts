/** What tables may hold beside rows, index and Bloom filter: written here and judged by C++, and the other way round. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CompressionType } from '../compress/index.ts'
import { openFilter } from '../filter/index.ts'
import {
  MemorySource,
  readBlockPayload,
  readDictionary,
  readTableLayout,
  type TableBuilderOptions,
  TableScan,
} from './index.ts'
import { buildAgain } from './test/again.ts'
import { notRunWithout, readTables, runTool, scanWithSstDump, withDirectory } from './test/cpp-tool.ts'
import { rowsOf } from './test/rows.ts'
import { variedTable } from './test/varied-table.ts'

const { None, Snappy, Zlib, LZ4, ZSTD } = CompressionType
const COMPRESSIONS = [None, Snappy, Zlib, LZ4, ZSTD]

/** By name: what a table is built with, beside each compression. */
const features: Record<string, TableBuilderOptions> = {
  'a dictionary': { maxDictBytes: 1000 },
  'a dictionary of the first blocks': { maxDictBytes: 5000, maxDictBufferBytes: 2000 },
  'a dictionary longer than any window': { maxDictBytes: 1 << 20 },
  'hash indexes in data blocks': { hashTableUtilRatio: 0.75 },
  'hash indexes of many keys a bucket': { hashTableUtilRatio: 8, blockRestartInterval: 1 },
  'a partitioned index': { partitionIndex: true, metadataBlockSize: 200 },
  'partitions of index and filter': { partitionIndex: true, partitionFilters: true, metadataBlockSize: 300 },
  'the smallest partitions': { partitionIndex: true, partitionFilters: true, metadataBlockSize: 1 },
  'one partition': { partitionIndex: true, partitionFilters: true, metadataBlockSize: 1 << 20 },
  'partitions of prefixes, and a dictionary': {
    partitionIndex: true,
    partitionFilters: true,
    metadataBlockSize: 100,
    prefixExtractor: 'rocksdb.FixedPrefix.8',
    maxDictBytes: 500,
  },
  'a Ribbon filter': { ribbonFilter: true, filterPolicy: 'ribbonfilter', bloomBitsPerKey: 7 },
  'Ribbon filters in partitions': {
    ribbonFilter: true,
    filterPolicy: 'ribbonfilter',
    partitionIndex: true,
    partitionFilters: true,
    metadataBlockSize: 200,
  },
  'fixed prefixes': { prefixExtractor: 'rocksdb.FixedPrefix.7' },
  'capped prefixes without whole keys': {
    prefixExtractor: 'rocksdb.CappedPrefix.12',
    wholeKeyFiltering: false,
  },
}

describe('sst_dump, on tables built here', { skip: notRunWithout('sst_dump') }, () => {
  for (const [name, options] of Object.entries(features)) {
    it(`finds no fault in ${name}, and prints the same rows`, () => {
      withDirectory(directory => {
        let number = 0
        for (const compression of COMPRESSIONS) {
          for (const formatVersion of [2, 3, 4, 5]) {
            const all = { blockSize: 700, bloomBitsPerKey: 10, formatVersion, compression, ...options }
            const file = `${String(++number).padStart(6, '0')}.sst`
            writeFileSync(join(directory, file), variedTable({ ...all, originalFileNumber: number }))
          }
        }
        const check = runTool('sst_dump', [`--file=${directory}`, '--command=check', '--verify_checksum'])
        assert.equal(check.stderr, '')
        assert.equal(check.status, 0)
        const printed = scanWithSstDump(directory)
        assert.equal(printed.size, number)
        for (const [file, bytes] of readTables(directory)) {
          assert.deepEqual(rowsOf(bytes), printed.get(file), file)
        }
      })
    })
  }
})

const bench = ['--num=6000', '--key_size=20', '--value_size=90', '--disable_wal=1', '--threads=1', '--seed=7']
const flushed = ['--benchmarks=fillrandom,flush', '--index_shortening_mode=1']

/** The tables that db_bench writes with these flags. */
function benchTables(directory: string, flags: readonly string[]): Map<string, Uint8Array> {
  const { status, stderr } = runTool('db_bench', [`--db=${directory}`, ...flushed, ...bench, ...flags])
  assert.equal(status, 0, stderr)
  const tables = readTables(directory)
  assert.ok(tables.size > 0)
  return tables
}

describe('tables that db_bench writes, built again', { skip: notRunWithout('db_bench') }, () => {
  for (const [codec, compression] of [
    ['zlib', Zlib],
    ['lz4', LZ4],
    ['zstd', ZSTD],
  ] as const) {
    it(`have the same dictionary for ${codec}, byte for byte`, () => {
      withDirectory(directory => {
        const flags = [`--compression_type=${codec}`, '--compression_max_dict_bytes=5000']
        for (const bytes of benchTables(directory, flags).values()) {
          const again = buildAgain(bytes, { compression, maxDictBytes: 5000 })
          assert.deepEqual(dictionaryOf(again.bytes), dictionaryOf(bytes))
          assert.deepEqual(rowsOf(again.bytes), rowsOf(bytes))
        }
      })
    })
  }
})

describe('tables of plain blocks that db_bench writes', { skip: notRunWithout('db_bench') }, () => {
  const plain = ['--compression_type=none', '--bloom_bits=10']
  const prefixes = { bloomBitsPerKey: 10, prefixExtractor: 'rocksdb.FixedPrefix.12' }
  const ribbon: TableBuilderOptions = { ribbonFilter: true, filterPolicy: 'ribbonfilter' }
  const rebuilt: [string, string[], TableBuilderOptions][] = [
    ['with hash indexes', ['--use_data_block_hash_index=true'], { hashTableUtilRatio: 0.75 }],
    [
      'with hash indexes of another ratio in large blocks',
      ['--use_data_block_hash_index=true', '--data_block_hash_table_util_ratio=0.4', '--block_size=30000'],
      { hashTableUtilRatio: 0.4, blockSize: 30_000 },
    ],
    [
      'with blocks too large for a hash index',
      ['--use_data_block_hash_index=true', '--block_size=100000'],
      { hashTableUtilRatio: 0.75, blockSize: 100_000 },
    ],
    [
      'with blocks of more restart points than a hash index can name',
      ['--use_data_block_hash_index=true', '--block_size=40000', '--block_restart_interval=1'],
      { hashTableUtilRatio: 0.75, blockSize: 40_000, blockRestartInterval: 1 },
    ],
    [
      'with a partitioned index',
      ['--partition_index=true', '--metadata_block_size=700'],
      { partitionIndex: true, metadataBlockSize: 700 },
    ],
    [
      'with a partitioned index of deltas',
      ['--partition_index=true', '--metadata_block_size=700', '--index_block_restart_interval=4'],
      { partitionIndex: true, metadataBlockSize: 700, indexBlockRestartInterval: 4 },
    ],
    [
      'with partitions of index and filter, cut for the index',
      ['--partition_index_and_filters=true', '--metadata_block_size=256', '--block_size=300'],
      { partitionIndex: true, partitionFilters: true, metadataBlockSize: 256, blockSize: 300 },
    ],
    [
      'with partitions of index and filter, cut for the filter',
      ['--partition_index_and_filters=true', '--metadata_block_size=512'],
      { partitionIndex: true, partitionFilters: true, metadataBlockSize: 512 },
    ],
    [
      'with prefixes in a partitioned filter',
      [
        '--partition_index_and_filters=true',
        '--metadata_block_size=256',
        '--block_size=300',
        '--prefix_size=12',
      ],
      { ...prefixes, partitionIndex: true, partitionFilters: true, metadataBlockSize: 256, blockSize: 300 },
    ],
    ...[2, 7, 10, 20].map((bits): [string, string[], TableBuilderOptions] => [
      `with Ribbon filters of ${bits} bits`,
      ['--use_ribbon_filter=true', `--bloom_bits=${bits}`, '--benchmarks=fillrandom,compact'],
      { ...ribbon, bloomBitsPerKey: bits },
    ]),
    [
      'with partitions of Ribbon filters',
      [
        '--use_ribbon_filter=true',
        '--benchmarks=fillrandom,compact',
        '--partition_index_and_filters=true',
        '--metadata_block_size=900',
      ],
      { ...ribbon, partitionIndex: true, partitionFilters: true, metadataBlockSize: 900 },
    ],
    ['with prefixes in the filter', ['--prefix_size=12'], prefixes],
  ]
  for (const [what, flags, options] of rebuilt) {
    it(`are built again bit for bit ${what}`, () => {
      withDirectory(directory => {
        for (const bytes of benchTables(directory, [...plain, ...flags]).values()) {
          const again = buildAgain(bytes, { bloomBitsPerKey: 10, ...options })
          assert.equal(again.bytes.length, bytes.length)
          assert.deepEqual(again.bytes, bytes)
          if (what.startsWith('with Ribbon')) assert.equal(filterMarker(bytes), 0xfe)
        }
      })
    })
  }
})

/** The byte that tells the kind of filter. */
function filterMarker(table: Uint8Array): number | undefined {
  const source = new MemorySource(table)
  const { filter, footer } = readTableLayout(source)
  return readBlockPayload(source, filter!, footer, 'filter').at(-5)
}

// Their filters are not the same: where there are no whole keys, C++ adds an empty key behind the first prefix.
describe('tables that db_bench writes with nothing but prefixes in the filter', {
  skip: notRunWithout('db_bench'),
}, () => {
  it('have every prefix in it, and hardly any whole key', () => {
    withDirectory(directory => {
      const flags = ['--bloom_bits=10', '--prefix_size=12', '--whole_key_filtering=false']
      for (const bytes of benchTables(directory, flags).values()) {
        const source = new MemorySource(bytes)
        const scan = new TableScan(source)
        const { layout } = scan
        assert.equal(layout.prefixExtractor?.name, 'rocksdb.FixedPrefix.12')
        const filter = openFilter(readBlockPayload(source, layout.filter!, layout.footer, 'filter'))
        let whole = 0
        let rows = 0
        for (let on = scan.first(); on; on = scan.next(), rows++) {
          const { keyBytes, keyLength } = scan.cursor
          assert.ok(filter.mayMatch(keyBytes, 0, 12))
          if (filter.mayMatch(keyBytes, 0, keyLength - 8)) whole++
        }
        assert.ok(rows > 1000 && whole < rows / 20, `${whole} of ${rows}`)
      }
    })
  })
})

function dictionaryOf(table: Uint8Array): Uint8Array {
  const source = new MemorySource(table)
  const dictionary = readDictionary(source, readTableLayout(source))
  assert.equal(dictionary?.length, 5000)
  return dictionary
}
