import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checksumTypeName } from '../checksum/index.ts'
import { compressionName } from '../compress/index.ts'
import { IndexType, MemorySource, readTableLayout, type TableBuilderOptions } from './index.ts'
import { buildAgain } from './test/again.ts'
import { notRunWithout, readTables, runTool, scanWithSstDump, withDirectory } from './test/cpp-tool.ts'
import { rowsOf } from './test/rows.ts'
import { sampleTables } from './test/sample-tables.ts'
import { variedTable } from './test/varied-table.ts'

const COMPRESSIONS = [0, 1, 2, 4, 7]
const CHECKSUMS = [0, 1, 2, 3, 4]

describe('sst_dump, on tables built here', { skip: notRunWithout('sst_dump') }, () => {
  it('finds no fault in any format_version, compression and checksum, and prints the same rows', () => {
    withDirectory(directory => {
      const files = new Map<string, string>()
      for (const formatVersion of [2, 3, 4, 5]) {
        for (const compression of COMPRESSIONS) {
          for (const checksumType of CHECKSUMS) {
            const name = `${String(files.size + 1).padStart(6, '0')}.sst`
            files.set(
              name,
              `fv ${formatVersion} ${compressionName(compression)} ${checksumTypeName(checksumType)}`,
            )
            const options = { formatVersion, compression, checksumType, blockSize: 700, bloomBitsPerKey: 10 }
            writeFileSync(join(directory, name), variedTable({ ...options, originalFileNumber: files.size }))
          }
        }
      }
      const check = runTool('sst_dump', [`--file=${directory}`, '--command=check', '--verify_checksum'])
      assert.equal(check.stderr, '')
      assert.equal(check.status, 0)
      const printed = scanWithSstDump(directory)
      assert.deepEqual([...printed.keys()].sort(), [...files.keys()])
      for (const [name, bytes] of readTables(directory)) {
        assert.deepEqual(rowsOf(bytes), printed.get(name), files.get(name) ?? name)
      }
    })
  })

  it('reads every number among the properties', () => {
    withDirectory(directory => {
      const file = join(directory, '000007.sst')
      writeFileSync(
        file,
        variedTable({
          compression: 0,
          originalFileNumber: 7,
          bloomBitsPerKey: 10,
          creationTime: 1_700_000_000,
        }),
      )
      const { stdout } = runTool('sst_dump', [`--file=${file}`, '--show_properties', '--command=none'])
      for (const line of [
        '# data blocks: ',
        '# entries: ',
        'filter policy name: bloomfilter',
        'creation time: 1700000000',
      ]) {
        assert.ok(stdout.includes(line), `${line} in ${stdout}`)
      }
    })
  })
})

describe('sst_dump, on the sample tables', { skip: notRunWithout('sst_dump') }, () => {
  it('prints the rows that are decoded here', () => {
    withDirectory(directory => {
      // With a global sequence number sst_dump shows that one; 11.9 tables it cannot read.
      const tables = sampleTables().filter(({ name }) => /^7\.8\.3\/(?!ingest 00000(8|11))/.test(name))
      const byFile = new Map(tables.map(({ bytes }, i) => [`${String(i + 1).padStart(6, '0')}.sst`, bytes]))
      for (const [file, bytes] of byFile) writeFileSync(join(directory, file), bytes)
      const printed = scanWithSstDump(directory)
      for (const [file, bytes] of byFile) {
        const points = rowsOf(bytes).filter(row => !row.includes('type:15'))
        if (!isIngested(bytes)) assert.deepEqual(points, printed.get(file))
      }
    })
  })
})

function isIngested(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes).includes('external_sst_file')
}

describe('tables that db_bench writes', {
  skip: notRunWithout('db_bench') || notRunWithout('sst_dump'),
}, () => {
  const common = [
    '--num=6000',
    '--key_size=20',
    '--value_size=90',
    '--disable_wal=1',
    '--threads=1',
    '--seed=7',
  ]
  // The shortening is RocksDB's default; db_bench has one of its own, that shortens the last key too.
  const flushed = ['--benchmarks=fillrandom,flush', '--compression_type=none', '--index_shortening_mode=1']

  const rebuilt: [string, string[], TableBuilderOptions][] = [
    ['as they are by default', [], {}],
    ['with a Bloom filter', ['--bloom_bits=10'], { bloomBitsPerKey: 10 }],
    ['of small blocks', ['--block_size=500'], { blockSize: 500 }],
    [
      'of values of many sizes',
      ['--value_size_distribution_type=uniform', '--value_size_min=1', '--value_size_max=900'],
      {},
    ],
    ['of format_version 4 with CRC32C', ['--format_version=4', '--checksum_type=1'], {}],
    [
      'of format_version 3 with few restart points in the index',
      ['--format_version=3', '--index_block_restart_interval=7'],
      { indexBlockRestartInterval: 7 },
    ],
    ['of format_version 2 with xxHash64', ['--format_version=2', '--checksum_type=3'], {}],
  ]
  for (const [what, flags, options] of rebuilt) {
    it(`are built again bit for bit ${what}`, () => {
      withDirectory(directory => {
        const { status, stderr } = runTool('db_bench', [`--db=${directory}`, ...flushed, ...common, ...flags])
        assert.equal(status, 0, stderr)
        const tables = readTables(directory)
        assert.ok(tables.size > 0)
        for (const bytes of tables.values()) {
          const again = buildAgain(bytes, options)
          assert.equal(again.bytes.length, bytes.length)
          assert.deepEqual(again.bytes, bytes)
        }
      })
    })
  }

  const decoded: [string, string[]][] = [
    [
      'compressed with a ZSTD dictionary',
      [
        '--compression_type=zstd',
        '--compression_max_dict_bytes=4096',
        '--compression_zstd_max_train_bytes=40000',
      ],
    ],
    ['compressed with an LZ4 dictionary', ['--compression_type=lz4', '--compression_max_dict_bytes=4096']],
    ['compressed with a zlib dictionary', ['--compression_type=zlib', '--compression_max_dict_bytes=4096']],
    [
      'with partitions of index and filter',
      [
        '--partition_index=true',
        '--partition_index_and_filters=true',
        '--bloom_bits=10',
        '--metadata_block_size=256',
      ],
    ],
    ['of format_version 0', ['--format_version=0', '--checksum_type=1', '--compression_type=zlib']],
    ['of format_version 1', ['--format_version=1', '--checksum_type=2', '--compression_type=lz4']],
    ['with hash indexes in data blocks', ['--use_data_block_hash_index=true']],
    ['with first keys in the index', ['--index_with_first_key=true']],
  ]
  for (const [what, flags] of decoded) {
    it(`are decoded ${what}`, () => {
      withDirectory(directory => {
        const args = [`--db=${directory}`, '--benchmarks=fillrandom,flush', ...common, ...flags]
        const { status, stderr } = runTool('db_bench', args)
        assert.equal(status, 0, stderr)
        const printed = scanWithSstDump(directory)
        const tables = readTables(directory)
        assert.ok(tables.size > 0)
        for (const [name, bytes] of tables) {
          assert.deepEqual(rowsOf(bytes), printed.get(name))
          const { dictionary, indexType, indexForm } = readTableLayout(new MemorySource(bytes))
          assert.equal(dictionary !== undefined, what.includes('dictionary'))
          assert.equal(indexType === IndexType.Partitioned, what.includes('partitions'))
          assert.equal(indexForm.firstKeys, what.includes('first keys'))
        }
      })
    })
  }
})
