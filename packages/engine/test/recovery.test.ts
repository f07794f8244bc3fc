import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { QuarantineEvent, RecoveryEvent, WalRecoveryMode } from '../index.ts'
import {
  cutEnd,
  failureOf,
  fileOf,
  filesOf,
  fingerprint,
  flipBit,
  freshPath,
  killedCopy,
  newestFileOf,
  numberedKey,
  numberedRows,
  offsetOf,
  openFor,
  putAll,
  rowsOf,
} from './support.ts'

const modes: WalRecoveryMode[] = [
  'strict',
  'kTolerateCorruptedTailRecords',
  'kAbsoluteConsistency',
  'kPointInTimeRecovery',
  'kSkipAnyCorruptedRecords',
]

/** A database whose rows are all in the log, none synced, as a kill leaves it. */
async function rowsInTheLog(t: TestContext, count = 10, value?: string): Promise<string> {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(count, value))
  return killedCopy(t, path)
}

/** What each mode makes of a log: the rows that are there, or the code of the error. */
async function outcomes(t: TestContext, path: string): Promise<Record<string, number[] | string>> {
  const all: Record<string, number[] | string> = {}
  for (const walRecoveryMode of modes) {
    const copy = killedCopy(t, path)
    try {
      const db = await openFor(t, copy, { walRecoveryMode })
      all[walRecoveryMode] = (await rowsOf(db)).map(([key]) => Number(key.slice(3)))
      await db.close()
    } catch (error) {
      all[walRecoveryMode] = (error as { code: string }).code
    }
  }
  return all
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

test('a torn end is cut in every mode but kAbsoluteConsistency', async t => {
  const path = await rowsInTheLog(t)
  cutEnd(newestFileOf(path, /\.log$/), 3)
  assert.deepEqual(await outcomes(t, path), {
    strict: range(9),
    kTolerateCorruptedTailRecords: range(9),
    kAbsoluteConsistency: 'CORRUPTION',
    kPointInTimeRecovery: range(9),
    kSkipAnyCorruptedRecords: range(9),
  })
})

test('a flipped bit in the middle, not yet synced, costs what each mode says', async t => {
  const path = await rowsInTheLog(t, 20, 'x'.repeat(4000))
  const log = newestFileOf(path, /\.log$/)
  flipBit(log, offsetOf(log, numberedKey(4)))
  assert.deepEqual(await outcomes(t, path), {
    strict: range(4),
    kTolerateCorruptedTailRecords: 'CORRUPTION',
    kAbsoluteConsistency: 'CORRUPTION',
    kPointInTimeRecovery: range(4),
    // What is left of the block of 32 KiB goes with the record: its length may be what is wrong.
    kSkipAnyCorruptedRecords: range(20).filter(row => row < 4 || row > 8),
  })
})

test('damage to what had been synced is an error that names file and offset', async t => {
  const source = freshPath(t)
  const db = await openFor(t, source)
  await putAll(db, numberedRows(5))
  await db.put('synced', 'value', { sync: true })
  await db.put('after', 'the sync')
  const path = killedCopy(t, source)
  const log = newestFileOf(path, /\.log$/)
  flipBit(log, offsetOf(log, 'value 2'))
  const before = fingerprint(path)
  const error = await failureOf(openFor(t, path))
  assert.equal(error.code, 'CORRUPTION')
  assert.equal(error.file, log)
  assert.ok((error.offset ?? 0) > 0 && (error.offset ?? 0) < offsetOf(log, 'key0003'))
  assert.match(error.message, /checksum mismatch/)
  assert.deepEqual(fingerprint(path), before)
})

test('a cut is told, and the torn log is kept aside', async t => {
  const path = await rowsInTheLog(t)
  const log = newestFileOf(path, /\.log$/)
  cutEnd(log, 3)
  const torn = readFileSync(log)
  const opened: RecoveryEvent[] = []
  const moved: QuarantineEvent[] = []
  const db = await openFor(t, path, {
    listeners: { open: event => opened.push(event), quarantine: event => moved.push(event) },
  })
  assert.equal(opened.length, 1)
  assert.equal(opened[0].operations, 9)
  assert.equal(opened[0].cut?.file, log)
  assert.ok((opened[0].cut?.offset ?? 0) > 0)
  assert.deepEqual(moved, [
    {
      file: log,
      movedTo: join(path, 'lost', basename(log)),
      reason: 'recovery could not take all of it',
    },
  ])
  assert.deepEqual(readFileSync(moved[0].movedTo), torn)
  await db.put('goes', 'on')
  await db.close()
  const again = await openFor(t, path)
  assert.equal((await rowsOf(again)).length, 10)
})

test('tables, blobs and MANIFESTs that the MANIFEST does not know are moved to lost/, not deleted', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path)
  await putAll(first, numberedRows(10))
  await first.flush()
  await first.close()
  const table = readFileSync(fileOf(path, /\.sst$/))
  for (const name of ['000900.sst', '000901.blob', 'MANIFEST-000902']) writeFileSync(join(path, name), table)
  const db = await openFor(t, path)
  assert.deepEqual(await rowsOf(db), numberedRows(10))
  assert.deepEqual(filesOf(join(path, 'lost'), /./), ['000900.sst', '000901.blob', 'MANIFEST-000902'])
  assert.deepEqual(readFileSync(join(path, 'lost', '000900.sst')), table)
  await db.put('a', '1')
  await db.flush()
  assert.ok(
    filesOf(path, /\.sst$/).every(name => !name.startsWith('0009') || Number.parseInt(name, 10) > 902),
  )
})

test('the number of a file in lost/ is not given to another: who takes it back overwrites nothing', async t => {
  const path = freshPath(t)
  await (await openFor(t, path)).close()
  mkdirSync(join(path, 'lost'))
  for (const name of ['000950.sst', '000960.log.2']) writeFileSync(join(path, 'lost', name), '')
  const db = await openFor(t, path)
  await db.put('a', '1')
  await db.flush()
  assert.ok(Number.parseInt(filesOf(path, /\.sst$/)[0], 10) > 960)
})

test('half-made files of a crash are removed, and what people put beside them stays', async t => {
  const path = freshPath(t)
  await (await openFor(t, path)).close()
  for (const name of ['000900.dbtmp', 'OPTIONS-000901.dbtmp', 'notes.txt'])
    writeFileSync(join(path, name), 'half')
  await openFor(t, path)
  assert.deepEqual(filesOf(path, /dbtmp|notes/), ['notes.txt'])
})

/** A database with a table and a log, closed as it should be. */
async function closedDatabase(t: TestContext): Promise<string> {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, numberedRows(5))
  await db.flush()
  await putAll(db, numberedRows(10))
  await db.close()
  return path
}

test('after a clean close no byte of the log or MANIFEST can change unnoticed', async t => {
  const path = await closedDatabase(t)
  const expected = numberedRows(10)
  for (const pattern of [/\.log$/, /^MANIFEST-/]) {
    const name = basename(fileOf(path, pattern))
    const { size } = statSync(join(path, name))
    const copy = killedCopy(t, path)
    const file = join(copy, name)
    for (let offset = 0; offset < size; offset += 7) {
      flipBit(file, offset, offset % 8)
      const result = await openFor(t, copy, { readOnly: true }).then(
        async db => {
          const rows = await rowsOf(db)
          await db.close()
          return rows
        },
        error => error,
      )
      if (Array.isArray(result)) assert.deepEqual(result, expected, `a flip at ${offset} of ${name}`)
      else {
        assert.equal(result.code, 'CORRUPTION', `a flip at ${offset} of ${name}: ${result}`)
        assert.ok(result.file, `${result}`)
        assert.equal(typeof result.offset, 'number', `${result}`)
      }
      flipBit(file, offset, offset % 8)
    }
  }
})

test('after a clean close no end of the log or MANIFEST can be missing unnoticed', async t => {
  const path = await closedDatabase(t)
  for (const pattern of [/\.log$/, /^MANIFEST-/]) {
    const name = basename(fileOf(path, pattern))
    const { size } = statSync(join(path, name))
    const copy = killedCopy(t, path)
    const whole = readFileSync(join(copy, name))
    for (let length = 0; length < size; length += 5) {
      truncateSync(join(copy, name), length)
      const before = fingerprint(copy)
      const result = await openFor(t, copy, { readOnly: true }).then(
        async db => {
          const rows = await rowsOf(db)
          await db.close()
          return rows
        },
        error => error,
      )
      // What the last few bytes vouch for is said a second time in the other file.
      if (Array.isArray(result)) assert.deepEqual(result, numberedRows(10), `${name} cut to ${length}`)
      else assert.equal(result.code, 'CORRUPTION', `${name} cut to ${length}: ${result}`)
      assert.deepEqual(fingerprint(copy), before)
      writeFileSync(join(copy, name), whole)
    }
  }
})

test('after a clean close a missing log is corruption that names it', async t => {
  const path = await closedDatabase(t)
  const log = fileOf(path, /\.log$/)
  rmSync(log)
  const before = fingerprint(path)
  const error = await failureOf(openFor(t, path))
  assert.deepEqual([error.code, error.file], ['CORRUPTION', log])
  assert.deepEqual(fingerprint(path), before)
})

test('a missing log between two others is corruption', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { columnFamilies: { slow: {} } })
  await db.put('a', '1', { columnFamily: 'slow' })
  for (let i = 0; i < 2; i++) {
    await db.put(`key ${i}`, 'value')
    await db.put(`key ${i}`, 'value', { columnFamily: 'slow' })
    await db.flush({ columnFamily: 'default' })
  }
  const copy = killedCopy(t, path)
  const logs = filesOf(copy, /\.log$/)
  assert.equal(logs.length, 3)
  rmSync(join(copy, logs[1]))
  assert.equal((await failureOf(openFor(t, copy))).code, 'CORRUPTION')
})

test('a missing MANIFEST and a CURRENT that names nothing are corruption', async t => {
  const path = await closedDatabase(t)
  const lost = killedCopy(t, path)
  rmSync(fileOf(lost, /^MANIFEST-/))
  const error = await failureOf(openFor(t, lost))
  assert.equal(error.code, 'CORRUPTION')
  assert.match(error.message, /MANIFEST/)
  for (const text of ['', 'MANIFEST-', 'MANIFEST-000001', 'rubbish\n', 'MANIFEST-999999\n']) {
    const copy = killedCopy(t, path)
    writeFileSync(join(copy, 'CURRENT'), text)
    const before = fingerprint(copy)
    assert.equal((await failureOf(openFor(t, copy))).code, 'CORRUPTION', JSON.stringify(text))
    assert.deepEqual(fingerprint(copy), before)
  }
})

test('a corrupt block is found when it is read, and costs nothing else', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { compression: 'none', blockSize: 1024 })
  await putAll(db, numberedRows(400))
  await db.flush()
  await db.close()
  const table = fileOf(path, /\.sst$/)
  const offset = offsetOf(table, 'value 200')
  flipBit(table, offset)
  const damaged = await openFor(t, path)
  const error = await failureOf(damaged.get('key0200'))
  assert.deepEqual([error.code, error.file], ['CORRUPTION', table])
  assert.ok(Math.abs((error.offset ?? 0) - offset) < 1200)
  assert.throws(() => damaged.getSync('key0200'), { code: 'CORRUPTION' })
  assert.equal((await failureOf(rowsOf(damaged))).code, 'CORRUPTION')
  assert.equal((await rowsOf(damaged, { lt: 'key0150' })).length, 150)
  assert.equal((await damaged.getMany(['key0000', 'key0399'])).length, 2)
  assert.equal((await failureOf(damaged.compact())).code, 'CORRUPTION')
  assert.equal((await rowsOf(damaged, { gt: 'key0250' })).length, 149)
})
