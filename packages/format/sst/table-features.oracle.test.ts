/** What tables may hold beside rows, index and Bloom filter: written here and judged by C++, and the other way round. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CompressionType } from '../compress/index.ts'
import { MemorySource, readDictionary, readTableLayout, type TableBuilderOptions } from './index.ts'
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

function dictionaryOf(table: Uint8Array): Uint8Array {
  const source = new MemorySource(table)
  const dictionary = readDictionary(source, readTableLayout(source))
  assert.equal(dictionary?.length, 5000)
  return dictionary
}
