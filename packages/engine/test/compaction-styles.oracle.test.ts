/** C++ RocksDB's own tool, where it is installed, goes on with a directory under the style that Varve wrote down. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseOptionsFile } from '@varve/format/options'
import { type OpenOptions, verifyDatabase } from '../index.ts'
import { freshPath, newestFileOf, numberedRows, openFor, putAll, rowsOf } from './support.ts'

const skip = spawnSync('ldb', ['--version']).error === undefined ? false : 'ldb is not installed'

const styles: [name: string, options: OpenOptions, expected: Record<string, RegExp>][] = [
  [
    'universal',
    {
      compactionStyle: 'universal',
      compactionOptionsUniversal: { sizeRatio: 7, stopStyle: 'similarSize', maxMergeWidth: 9 },
      ttl: 1_000_000,
    },
    {
      compaction_style: /^kCompactionStyleUniversal$/,
      compaction_options_universal:
        /^(?=.*size_ratio=7;)(?=.*max_merge_width=9;)(?=.*stop_style=kCompactionStopStyleSimilarSize;)/,
      ttl: /^1000000$/,
    },
  ],
  [
    'universal, in one level',
    { compactionStyle: 'universal', numLevels: 1, level0FileNumCompactionTrigger: 3 },
    { compaction_style: /^kCompactionStyleUniversal$/, num_levels: /^1$/ },
  ],
  [
    'fifo',
    { compactionStyle: 'fifo', compactionOptionsFifo: { maxTableFilesSize: 2 ** 40, allowCompaction: true } },
    {
      compaction_style: /^kCompactionStyleFIFO$/,
      compaction_options_fifo: /max_table_files_size=1099511627776;/,
      ttl: /^0$/,
    },
  ],
]

for (const [name, options, expected] of styles) {
  test(`ldb takes the style from our OPTIONS file, compacts, and Varve goes on: ${name}`, {
    skip,
  }, async t => {
    const path = freshPath(t)
    let rows: [string, string][] = []
    for (let turn = 0; turn < 3; turn++) {
      const db = await openFor(t, path, options)
      assert.deepEqual(await rowsOf(db), rows)
      for (let i = 0; i < 5; i++) {
        await putAll(db, numberedRows(50, `turn ${turn}, ${i}`))
        await db.flush()
      }
      rows = [...(await rowsOf(db)).filter(([key]) => key !== 'zz'), ['zz', `C++ ${turn}`]]
      await db.close()
      ldb(path, 'put', 'zz', `C++ ${turn}`)
      assert.equal(ldb(path, 'checkconsistency').trim(), 'OK')
      const file = newestFileOf(path, /^OPTIONS-/)
      const section = parseOptionsFile(readFileSync(file, 'utf8')).columnFamilies[0].options
      assert.ok(section.has('memtable_factory'), 'the newest OPTIONS file is written by C++')
      for (const [option, value] of Object.entries(expected)) assert.match(section.get(option) ?? '', value)
      if (turn === 1) ldb(path, 'compact')
    }
    const last = await openFor(t, path, options)
    assert.deepEqual(await rowsOf(last), rows)
    await last.close()
    assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
  })
}

/** What a command of ldb prints. */
function ldb(path: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('ldb', [`--db=${path}`, ...words], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''], words.join(' '))
  return stdout
}
