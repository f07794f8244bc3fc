/** C++ RocksDB's own tool, where it is installed, reads databases of ours with whatever their tables can hold. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { OpenOptions } from '../index.ts'
import { freshPath, newestFileOf, numberedKey, openFor, rowsOf } from './support.ts'

const hasLdb = spawnSync('ldb', ['--version']).error === undefined

/** By name: the options, and what C++ has to make of them in the OPTIONS file that it writes itself. */
const features: Record<string, [options: OpenOptions, written: RegExp[]]> = {
  'a dictionary in every table': [
    { compression: 'zstd', compressionMaxDictBytes: 2000, compressionMaxDictBufferBytes: 50_000 },
    [/^ *compression_opts=\{max_dict_buffer_bytes=50000;enabled=false;max_dict_bytes=2000;.*level=32767;/m],
  ],
  'a dictionary at the bottom': [
    { bottommostCompression: 'zlib', bottommostCompressionLevel: 7, bottommostCompressionMaxDictBytes: 900 },
    [
      /^ *bottommost_compression=kZlibCompression/m,
      /^ *bottommost_compression_opts=\{.*enabled=true;max_dict_bytes=900;.*level=7;/m,
      /^ *compression_opts=\{.*enabled=false;max_dict_bytes=0;.*level=32767;/m,
    ],
  ],
  'prefixes in the filters': [
    { prefixExtractor: { fixed: 5 } },
    [/^ *prefix_extractor=rocksdb\.FixedPrefix\.5/m, /^ *whole_key_filtering=true/m],
  ],
  'capped prefixes alone in the filters': [
    { prefixExtractor: 'rocksdb.CappedPrefix.6', wholeKeyFiltering: false },
    [/^ *prefix_extractor=rocksdb\.CappedPrefix\.6/m, /^ *whole_key_filtering=false/m],
  ],
  'whole keys as prefixes': [{ prefixExtractor: 'rocksdb.Noop' }, [/^ *prefix_extractor=rocksdb\.Noop/m]],
  'hash indexes in data blocks': [
    { dataBlockIndexType: 'kDataBlockBinaryAndHash', dataBlockHashTableUtilRatio: 0.5 },
    [/^ *data_block_index_type=kDataBlockBinaryAndHash/m, /^ *data_block_hash_table_util_ratio=0\.5/m],
  ],
  'partitions of the index': [
    { indexType: 'kTwoLevelIndexSearch', metadataBlockSize: 128 },
    [/^ *index_type=kTwoLevelIndexSearch/m, /^ *metadata_block_size=128/m],
  ],
  'partitions of index and filter': [
    {
      indexType: 'kTwoLevelIndexSearch',
      partitionFilters: true,
      metadataBlockSize: 128,
      prefixExtractor: { fixed: 6 },
      compressionMaxDictBytes: 500,
    },
    [/^ *partition_filters=true/m],
  ],
  'Ribbon filters': [
    { filterPolicy: 'ribbonfilter', bloomBeforeLevel: -1 },
    [/^ *filter_policy=ribbonfilter:10:-1/m],
  ],
  'Ribbon filters of the last level, in partitions': [
    {
      filterPolicy: 'ribbonfilter',
      bloomBeforeLevel: 1,
      indexType: 'kTwoLevelIndexSearch',
      partitionFilters: true,
      metadataBlockSize: 1000,
    },
    [/^ *filter_policy=ribbonfilter:10:1/m],
  ],
  'no filters at the bottom': [{ optimizeFiltersForHits: true }, [/^ *optimize_filters_for_hits=true/m]],
}

for (const [name, [options, written]] of Object.entries(features)) {
  test(`ldb scans a database of ${name}, takes its OPTIONS and writes to it`, {
    skip: hasLdb ? false : 'ldb is not installed',
  }, async t => {
    const path = freshPath(t)
    const db = await openFor(t, path, { ...options, blockSize: 600, disableAutoCompactions: true })
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1000; i++)
        await db.put(numberedKey(i * (round + 1)), `value ${i} of ${round} `.repeat(i % 9))
      if (round < 2) await db.compact()
      else await db.flush()
    }
    const rows = await rowsOf(db)
    await db.close()
    const scanned = ldb(path, 'scan').split('\n').slice(0, -1)
    assert.deepEqual(
      scanned,
      rows.map(([key, value]) => `${key} : ${value}`),
    )
    assert.equal(ldb(path, 'checkconsistency').trim(), 'OK')
    for (const [key, value] of rows.filter((_, i) => i % 97 === 0)) {
      assert.equal(ldb(path, 'get', key).trimEnd(), value.trimEnd())
    }
    ldb(path, 'put', 'zzz', 'theirs')
    const text = readFileSync(newestFileOf(path, /^OPTIONS-\d+$/), 'utf8')
    for (const line of written) assert.match(text, line)
    const again = await openFor(t, path, { ...options })
    assert.deepEqual(await rowsOf(again), [...rows, ['zzz', 'theirs']])
    await again.close()
  })
}

/** What a command of ldb prints. */
function ldb(path: string, ...words: string[]): string {
  const run = spawnSync('ldb', [`--db=${path}`, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 })
  assert.equal(run.status, 0, run.stdout + run.stderr)
  assert.equal(run.stderr, '')
  return run.stdout
}
