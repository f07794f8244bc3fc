import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { isVarveError, type VarveError } from '@varve/format/errors'
import type { OpenOptions } from './index.ts'
import { optionNames, resolveOptions, rocksdbSpelling } from './index.ts'

function refusal(options: unknown): VarveError {
  try {
    resolveOptions(options as OpenOptions)
  } catch (error) {
    if (isVarveError(error, 'INVALID_ARGUMENT')) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'the options were accepted' })
}

test('a wrong value is refused with option, value and range', () => {
  const error = refusal({ writeBufferSize: 12 })
  assert.equal(error.details.option, 'writeBufferSize')
  assert.match(error.message, /writeBufferSize: 12 must be a whole number from 65536 to 4294967296/)
})

test('an unknown option is refused with the name that was probably meant', () => {
  assert.match(
    refusal({ writeBuferSize: 1 }).message,
    /unknown option writeBuferSize; did you mean writeBufferSize\?/,
  )
})

test("RocksDB's spelling sets the same option", () => {
  assert.equal(
    resolveOptions({ write_buffer_size: 1 << 20 } as OpenOptions).columnFamily.writeBufferSize,
    1 << 20,
  )
  assert.equal(rocksdbSpelling('level0FileNumCompactionTrigger'), 'level0_file_num_compaction_trigger')
})

test('a column family takes the common options and its own over them', () => {
  const { columnFamilies } = resolveOptions({
    blockSize: 1024,
    columnFamilies: { a: { bloomBitsPerKey: 0 } },
  })
  assert.equal(columnFamilies.get('a')?.blockSize, 1024)
  assert.equal(columnFamilies.get('a')?.bloomBitsPerKey, 0)
})

test('an option of the database is refused for a column family', () => {
  assert.match(refusal({ columnFamilies: { a: { maxOpenFiles: 10 } } }).message, /option of the database/)
})

test('triggers that contradict each other are refused', () => {
  assert.match(
    refusal({ level0SlowdownWritesTrigger: 10, level0StopWritesTrigger: 5 }).message,
    /level0StopWritesTrigger: 5 must be at least/,
  )
})

test('a memory budget divides itself and yields to what is given', () => {
  const { db, columnFamily } = resolveOptions({ memoryBudget: 64 << 20, blockCacheSize: 1 << 20 })
  assert.equal(columnFamily.writeBufferSize, 8 << 20)
  assert.equal(db.blockCacheSize, 1 << 20)
})

test('options of a compaction style are completed, by either spelling, over those of all families', () => {
  const { columnFamily, columnFamilies } = resolveOptions({
    compactionStyle: 'universal',
    compactionOptionsUniversal: { sizeRatio: 10 },
    columnFamilies: {
      a: { compactionOptionsUniversal: { min_merge_width: 4 } as object },
      b: { compactionStyle: 'fifo', numLevels: 1, ttl: 60 },
    },
  })
  assert.equal(columnFamily.compactionOptionsUniversal.sizeRatio, 10)
  assert.equal(columnFamily.compactionOptionsUniversal.maxSizeAmplificationPercent, 200)
  const { sizeRatio, minMergeWidth } = columnFamilies.get('a')?.compactionOptionsUniversal ?? {}
  assert.deepEqual([sizeRatio, minMergeWidth], [10, 4])
  assert.equal(columnFamilies.get('b')?.compactionOptionsFifo.maxTableFilesSize, 2 ** 30)
})

const impossible: [options: object, message: RegExp][] = [
  [{ compactionStyle: 'level' }, /compactionStyle: "level" must be one of leveled, universal, fifo/],
  [{ numLevels: 1 }, /numLevels: 1 must be at least 2 unless compactionStyle is universal or fifo/],
  [{ ttl: 60 }, /ttl: 60 is for compactionStyle universal and fifo/],
  [{ compactionOptionsFifo: 7 }, /compactionOptionsFifo: 7 must be an object of options/],
  [
    { compactionOptionsFifo: { maxTableFilesSize: 0 } },
    /compactionOptionsFifo\.maxTableFilesSize: 0 must be/,
  ],
  [{ compactionOptionsUniversal: { incremental: true } }, /has no option incremental; it has sizeRatio,/],
  [
    { compactionOptionsUniversal: { maxMergeWidth: 3, minMergeWidth: 4 } },
    /maxMergeWidth: 3 must be at least/,
  ],
  [
    { compactionStyle: 'universal', level0StopWritesTrigger: 20, level0FileNumCompactionTrigger: 20 },
    /level0StopWritesTrigger: 20 must be at least level0FileNumCompactionTrigger .* \(21\)/,
  ],
]
for (const [options, message] of impossible) {
  test(`a style that cannot work is refused: ${JSON.stringify(options)}`, () => {
    assert.match(refusal(options).message, message)
  })
}

test('writes wait under universal only where there is something to merge', () => {
  const wide = { compactionStyle: 'universal', compactionOptionsUniversal: { minMergeWidth: 50 } } as const
  assert.equal(resolveOptions(wide).columnFamily.level0StopWritesTrigger, 53)
})

test('the guide explains every option', () => {
  const guide = readFileSync(new URL('../../../docs/guide/options.md', import.meta.url), 'utf8')
  assert.deepEqual(
    optionNames.filter(name => !guide.includes(`\`${name}\``)),
    [],
  )
})
