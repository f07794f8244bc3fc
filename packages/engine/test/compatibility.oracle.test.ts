/** C++ RocksDB's own tool, where it is installed, judges what Varve reads from the sample databases and writes to them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isVarveError } from '../index.ts'
import { liveThroughAll, ManifestKeeper } from './busy-database.ts'
import { freshPath, killedCopy, openFor, rowsOf } from './support.ts'

const vectors = new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url)
const samples: Record<string, Record<string, string>> = JSON.parse(readFileSync(vectors, 'utf8'))

const hasLdb = spawnSync('ldb', ['--version']).error === undefined

test('ldb finds the rows that Varve finds in the samples of its version, before and after Varve wrote to them', {
  skip: hasLdb ? false : 'ldb is not installed',
}, async t => {
  let compared = 0
  for (const [name, files] of Object.entries(samples)) {
    if (!name.startsWith('7.8.3/')) continue
    const path = freshPath(t)
    mkdirSync(path)
    for (const [file, base64] of Object.entries(files)) writeFileSync(join(path, file), base64, 'base64')
    const original = killedCopy(t, path)
    const db = await openFor(t, path, { mergeOperator: 'stringappend' }).catch(error => {
      if (isVarveError(error, 'NOT_SUPPORTED')) return undefined
      throw error
    })
    if (db === undefined) continue
    const rows = await rowsOf(db)
    assert.deepEqual(ldbRows(original), rows, name)
    await db.put('zzzz', 'ours')
    await db.close()
    assert.deepEqual(ldbRows(path), [...rows, ['zzzz', 'ours']], name)
    compared++
  }
  assert.ok(compared >= 7, `${compared} samples`)
})

// Its scan opens read-only, which aborts where a MANIFEST tracks logs or the last sequence goes back in it.
test('ldb scans a database of ours wherever its life leaves it, and finds it consistent', {
  skip: hasLdb ? false : 'ldb is not installed',
}, async t => {
  let scanned = 0
  await liveThroughAll(t, new ManifestKeeper(), async path => {
    const db = await openFor(t, path, { readOnly: true })
    for (const columnFamily of ['default', 'other']) {
      const rows = await rowsOf(db, { columnFamily })
      assert.deepEqual(ldbRows(path, columnFamily), rows)
      scanned += rows.length
    }
    await db.close()
    assert.equal(ldb(path, 'checkconsistency').trim(), 'OK')
  })
  assert.ok(scanned > 400, `${scanned} rows`)
})

/** What a command of ldb prints. */
function ldb(path: string, ...words: string[]): string {
  const run = spawnSync('ldb', [`--db=${path}`, ...words], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stdout + run.stderr)
  return run.stdout
}

function ldbRows(path: string, columnFamily = 'default'): [key: string, value: string][] {
  const text = (hex: string) => Buffer.from(hex.replace(/^0x/, ''), 'hex').toString()
  const printed = ldb(path, 'scan', '--hex', `--column_family=${columnFamily}`)
  const lines = printed.split('\n').filter(line => line !== '')
  return lines.map(line => {
    const [key, value] = line.split(' : ')
    return [text(key), text(value)]
  })
}
