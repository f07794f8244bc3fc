/** C++ RocksDB's own tool, where it is installed, goes on with the options that were changed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseOptionsFile } from '@varve/format/options'
import { freshPath, newestFileOf, openFor, rowsOf } from './support.ts'

const skip = spawnSync('ldb', ['--version']).error === undefined ? false : 'ldb is not installed'

test('ldb loads the OPTIONS file of changed options, and writes the same into its own', { skip }, async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { users: {} } })
  await db.put('a', 'Varve')
  await db.setOptions({
    writeBufferSize: 131_072,
    level0FileNumCompactionTrigger: 9,
    compression: 'zstd',
    compressionLevel: 7,
    blockSize: 8192,
    compactionOptionsUniversal: { sizeRatio: 33 },
    maxBytesForLevelBase: 1 << 20,
  })
  await db.setOptions({ disableAutoCompactions: true }, { columnFamily: 'users' })
  await db.setDBOptions({ maxBackgroundJobs: 3, delayedWriteRate: 4096 })
  await db.close()

  const put = spawnSync('ldb', [`--db=${path}`, '--try_load_options', 'put', 'b', 'C++'], {
    encoding: 'utf8',
  })
  assert.deepEqual([put.status, put.stdout.trim(), put.stderr], [0, 'OK', ''])
  const options = parseOptionsFile(readFileSync(newestFileOf(path, /^OPTIONS-\d+$/), 'utf8'))
  const [section, users] = options.columnFamilies
  assert.ok(section.options.has('memtable_factory'), 'the newest OPTIONS file is written by C++')
  const found = [
    ...[
      'write_buffer_size',
      'level0_file_num_compaction_trigger',
      'compression',
      'max_bytes_for_level_base',
    ].map(name => section.options.get(name)),
    section.table?.options.get('block_size'),
    users.options.get('disable_auto_compactions'),
    options.db.get('max_background_jobs'),
    options.db.get('delayed_write_rate'),
  ]
  assert.deepEqual(found, ['131072', '9', 'kZSTD', '1048576', '8192', 'true', '3', '4096'])
  assert.match(section.options.get('compression_opts') ?? '', /level=7;/)
  assert.match(section.options.get('compaction_options_universal') ?? '', /size_ratio=33;/)

  const again = await openFor(t, path)
  assert.deepEqual(await rowsOf(again), [
    ['a', 'Varve'],
    ['b', 'C++'],
  ])
})
