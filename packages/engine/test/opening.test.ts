import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { isVarveError } from '../index.ts'
import { NodeFileSystem } from '../internal.ts'
import {
  cutEnd,
  failsWith,
  failureOf,
  fileOf,
  fingerprint,
  freshPath,
  killedCopy,
  numberedRows,
  openFor,
  putAll,
  rowsOf,
  textOf,
  worldWith,
} from './support.ts'

test('a database is made where there is none, with its parent directories', async t => {
  const path = join(freshPath(t), 'deep', 'down')
  const db = await openFor(t, path)
  await db.put('a', '1')
  assert.equal(await textOf(db, 'a'), '1')
})

test('with createIfMissing off nothing is made', async t => {
  const path = freshPath(t)
  await assert.rejects(openFor(t, path, { createIfMissing: false }), failsWith('NOT_FOUND'))
  assert.equal(existsSync(path), false)
  mkdirSync(path)
  await assert.rejects(openFor(t, path, { createIfMissing: false }), failsWith('NOT_FOUND', /CURRENT/))
  assert.deepEqual(readdirSync(path), [])
})

test('with errorIfExists a database that exists is left as it is', async t => {
  const path = freshPath(t)
  await (await openFor(t, path, { errorIfExists: true })).close()
  const before = fingerprint(path)
  await assert.rejects(openFor(t, path, { errorIfExists: true }), failsWith('ALREADY_EXISTS'))
  assert.deepEqual(fingerprint(path), before)
})

test('a path that is a file, or a directory of something else, is refused and left alone', async t => {
  const file = freshPath(t)
  writeFileSync(file, 'a letter')
  await assert.rejects(openFor(t, file), failsWith('INVALID_ARGUMENT', /is a file/))
  const directory = freshPath(t)
  mkdirSync(directory)
  writeFileSync(join(directory, 'holiday.jpg'), '')
  await assert.rejects(openFor(t, directory), failsWith('INVALID_ARGUMENT', /holiday\.jpg/))
  assert.deepEqual(readdirSync(directory), ['holiday.jpg'])
})

test('a path that is no path is refused', async t => {
  for (const path of ['', 7, undefined, null])
    await assert.rejects(openFor(t, path as string), failsWith('INVALID_ARGUMENT', /path/))
})

test('read-only reads what is in logs and tables, changes no byte and takes no lock', async t => {
  const path = freshPath(t)
  const writer = await openFor(t, path)
  await putAll(writer, numberedRows(10))
  await writer.flush()
  await writer.put('later', 'in the log')
  const beside = await openFor(t, path, { readOnly: true })
  assert.equal(await textOf(beside, 'later'), 'in the log')
  const copy = killedCopy(t, path)
  const before = fingerprint(copy)
  const reader = await openFor(t, copy, { readOnly: true })
  assert.equal(reader.isReadOnly, true)
  assert.deepEqual(await rowsOf(reader), [...numberedRows(10), ['later', 'in the log']])
  for (const change of [
    () => reader.put('a', '1'),
    () => reader.delete('a'),
    () => reader.write([{ type: 'put', key: 'a', value: '1' }]),
    () => reader.flush(),
    () => reader.compact(),
    () => reader.columnFamily('new'),
    () => reader.dropColumnFamily('default'),
  ])
    await assert.rejects(change(), failsWith('READ_ONLY'))
  await reader.close()
  assert.deepEqual(fingerprint(copy), before)
  await writer.put('still', 'mine')
})

test('read-only makes no database and no column family', async t => {
  const path = freshPath(t)
  await assert.rejects(openFor(t, path, { readOnly: true }), failsWith('NOT_FOUND'))
  assert.equal(existsSync(path), false)
  await (await openFor(t, path)).close()
  const options = { readOnly: true, columnFamilies: { other: {} } }
  await assert.rejects(openFor(t, path, options), failsWith('NOT_FOUND', /other/))
})

test('a database that has lost CURRENT is not taken for a new one', async t => {
  for (const flushed of [true, false]) {
    const path = freshPath(t)
    const db = await openFor(t, path)
    await putAll(db, numberedRows(3))
    if (flushed) await db.flush()
    await db.close()
    rmSync(join(path, 'CURRENT'))
    const before = fingerprint(path)
    await assert.rejects(openFor(t, path), failsWith('CORRUPTION', /CURRENT/))
    assert.deepEqual(fingerprint(path), before)
  }
})

test('a database whose making was cut short is made again', async t => {
  const path = freshPath(t)
  await (await openFor(t, path)).close()
  const made = killedCopy(t, path)
  for (const name of readdirSync(made)) if (!/^(IDENTITY|LOCK)$/.test(name)) rmSync(join(made, name))
  writeFileSync(join(made, 'MANIFEST-000001'), '')
  const db = await openFor(t, made)
  await db.put('a', '1')
  assert.equal(await textOf(db, 'a'), '1')
})

test('a missing table and one of another size are corruption, and nothing is changed', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(100))
  await db.flush()
  await db.close()
  const damages: Record<string, (table: string) => void> = {
    missing: table => rmSync(table),
    shorter: table => cutEnd(table, 1),
    longer: table => appendFileSync(table, 'x'),
    empty: table => writeFileSync(table, ''),
  }
  for (const [name, damage] of Object.entries(damages)) {
    const copy = killedCopy(t, path)
    const table = fileOf(copy, /\.sst$/)
    damage(table)
    const before = fingerprint(copy)
    const error = await failureOf(openFor(t, copy))
    assert.deepEqual([name, error.code, error.file], [name, 'CORRUPTION', table])
    assert.deepEqual(fingerprint(copy), before)
  }
})

test('a second opener in this process is told so, and a failed one has not taken the lock away', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  const error = await failureOf(openFor(t, path))
  assert.equal(error.code, 'LOCKED')
  assert.match(error.message, /this process/)
  assert.equal((error.details.holder as { pid: number }).pid, process.pid)
  await db.put('a', '1')
  await assert.rejects(openFor(t, path), failsWith('LOCKED'))
  await db.close()
  await (await openFor(t, path)).close()
})

test('of many who open at once exactly one gets the database', async t => {
  const path = freshPath(t)
  const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => openFor(t, path)))
  const opened = attempts.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const refused = attempts.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  assert.equal(opened.length, 1)
  assert.ok(refused.every(error => isVarveError(error, 'LOCKED')))
  await opened[0].close()
})

test('a database that somebody else makes while an opener waits for the lock is opened, not made again', async t => {
  const path = freshPath(t)
  class SlowLock extends NodeFileSystem {
    override async lock(file: string) {
      const other = await openFor(t, path)
      await other.put('from', 'the first')
      await other.close()
      return super.lock(file)
    }
  }
  const db = await openFor(t, path, {}, worldWith({}, new SlowLock()))
  assert.equal(await textOf(db, 'from'), 'the first')
})

test('another process is named as the holder; killed, it leaves no lock and no write behind', async t => {
  const path = freshPath(t)
  const index = JSON.stringify(new URL('../index.ts', import.meta.url).href)
  const program = `
    const { open } = await import(${index})
    const db = await open(${JSON.stringify(path)})
    await db.put('from', 'the child')
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const error = await failureOf(openFor(t, path))
  assert.equal(error.code, 'LOCKED')
  assert.equal((error.details.holder as { pid: number }).pid, child.pid)
  assert.match(error.message, new RegExp(`process ${child.pid}`))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const db = await openFor(t, path)
  assert.equal(await textOf(db, 'from'), 'the child')
})

test('an open that fails gives the lock back', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await db.put('a', '1')
  await db.flush()
  await db.close()
  const table = fileOf(path, /\.sst$/)
  rmSync(table)
  await assert.rejects(openFor(t, path), failsWith('CORRUPTION'))
  await assert.rejects(openFor(t, path), failsWith('CORRUPTION'))
})

test('a directory that was moved opens as it was', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(5))
  await db.close()
  const moved = await openFor(t, killedCopy(t, path))
  assert.deepEqual(await rowsOf(moved), numberedRows(5))
  assert.notEqual(dirname(moved.path), dirname(path))
})
