/** A simulated disk loses power at every operation, or fails at it: the rows and their index entries agree afterwards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '@varve/testkit'
import {
  type CrashMode,
  type FaultKind,
  fitsFault,
  isChange,
  type Operation,
  SimulatedDisk,
} from '@varve/testkit/disk'
import { plainRuntime } from '@varve/testkit/simulation'
import { type Database, isVarveError, type OpenOptions, open } from '../index.ts'
import { codecs, indexes, openPeople, type PersonKey, person } from './people.ts'

const small: OpenOptions = { writeBufferSize: 65_536, level0FileNumCompactionTrigger: 2 }

/** Those after which every database opens: a torn record of the MANIFEST is refused, which other tests are about. */
const crashModes: readonly CrashMode[] = ['loseAll', 'keepAll', 'prefix']

/** So many that a build takes three steps. */
const ROWS = 300

function openOn(disk: SimulatedDisk): Promise<Database> {
  return open('/db', small, plainRuntime(disk, 1))
}

/** The disk as it was before each change, while `run` went on. */
async function momentsOf(disk: SimulatedDisk, run: () => Promise<void>): Promise<SimulatedDisk[]> {
  const moments: SimulatedDisk[] = []
  const stop = disk.observe(operation => {
    if (isChange(operation)) moments.push(disk.copy())
  })
  await run()
  stop()
  return moments
}

/** What stands in the view after the crash; its indexes are made ready and held against it. */
async function rowsAfter(moment: SimulatedDisk, mode: CrashMode, seed: number): Promise<string> {
  const db = await openOn(moment.crash(mode, new Random(seed)))
  const people = await openPeople(db)
  await people.ready()
  const { problems, indexes: checked } = await people.verify()
  assert.deepEqual(problems, [], `${mode} at ${seed}`)
  assert.equal(checked.length, 5)
  const rows = JSON.stringify(await people.entries().toArray())
  await db.close()
  return rows
}

test('rows and index entries agree after a loss of power at any operation', async () => {
  const disk = new SimulatedDisk()
  const states = new Set(['[]'])
  const random = new Random(11)
  const moments = await momentsOf(disk, async () => {
    const db = await openOn(disk)
    const people = await openPeople(db)
    for (let step = 0; step < 40; step++) {
      const key: PersonKey = ['a', random.below(6)]
      const value = person('P'.repeat(1 + random.below(3000)), random.below(4), {
        email: `${key[1]}`,
        city: `city ${random.below(3)}`,
        tags: [`${random.below(3)}`, `${random.below(3)}`],
      })
      const sync = random.chance(0.3)
      const kind = random.below(5)
      if (kind === 0) await people.delete(key, { sync })
      else if (kind === 1) {
        const other = person('B', 9, { email: 'other' })
        await people.write(
          [
            { type: 'put', key: ['b', 1], value: other },
            { type: 'put', key, value },
          ],
          { sync },
        )
      } else await people.put(key, value, { sync })
      states.add(JSON.stringify(await people.entries().toArray()))
      if (random.chance(0.1)) await db.flush({ columnFamily: random.pick(['people', 'people.index.byAge']) })
    }
    await db.close()
  })
  assert.ok(moments.length > 150, `${moments.length} moments`)
  for (const [i, moment] of moments.entries()) {
    const rows = await rowsAfter(moment, crashModes[i % crashModes.length], i)
    assert.ok(states.has(rows), `at ${i} the rows are what they never were: ${rows.slice(0, 200)}`)
  }
})

test('a build that a loss of power cuts off anywhere is finished at the next opening', async () => {
  const disk = new SimulatedDisk()
  const filling = await openOn(disk)
  const plain = await filling.view('people', codecs)
  for (let i = 0; i < ROWS; i++) {
    await plain.put(['a', i], person('P', i % 7, { email: `${i}`, tags: [`${i % 3}`] }))
  }
  await filling.close()
  const moments = await momentsOf(disk, async () => {
    const db = await openOn(disk)
    const people = await db.view('people', { ...codecs, indexes })
    for (let i = 0; people.indexes().some(({ state }) => state === 'building'); i++) {
      const put = people.put(['a', (i * 37) % ROWS], person('Q', 50 + i, { email: `new ${i}` }))
      await Promise.all([put, people.delete(['a', (i * 17) % ROWS], { sync: i % 3 === 0 })])
      await db.nextTurn()
    }
    await people.close()
    // The same again, of indexes that were ready before and are stale now.
    const without = await db.view('people', codecs)
    await without.put(['a', 1], person('R', 1000))
    await without.close()
    await (await openPeople(db)).ready()
    await db.close()
  })
  assert.ok(moments.length > 50, `${moments.length} moments`)
  // Every third moment, each mode in turn: most operations of a build are like the one before.
  for (let i = 0; i < moments.length; i += 3) {
    await rowsAfter(moments[i], crashModes[(i / 3) % crashModes.length], i)
  }
})

const faultKinds: readonly FaultKind[] = ['EIO', 'ENOSPC', 'EMFILE', 'shortWrite', 'syncExt4', 'syncXfs']

/** Synced puts and deletions of rows with five indexes, with flushes and a compaction. What fails is healed, resumed from and left out. */
async function liveThrough(disk: SimulatedDisk): Promise<{ failures: number }> {
  const random = new Random(12)
  const rows = new Map<number, ReturnType<typeof person>>()
  let failures = 0
  const heal = (): void => {
    failures++
    disk.faults.lift()
  }
  const db = await openOn(disk).catch(() => {
    heal()
    return openOn(disk)
  })
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work()
    } catch (error) {
      assert.ok(isVarveError(error), String(error))
      heal()
      await db.resume()
      return undefined
    }
  }
  const people = (await attempt(() => openPeople(db))) ?? (await openPeople(db))
  for (let step = 0; step < 16; step++) {
    const number = random.below(5)
    const value = person('P'.repeat(1 + random.below(2000)), random.below(4), {
      email: `${number}`,
      city: `city ${random.below(3)}`,
      tags: [`${random.below(3)}`],
    })
    const isDeletion = random.chance(0.2)
    const done = await attempt(async () => {
      if (isDeletion) await people.delete(['a', number], { sync: true })
      else await people.put(['a', number], value, { sync: true })
      return true
    })
    if (done && isDeletion) rows.delete(number)
    else if (done) rows.set(number, value)
    if (step % 5 === 4) await attempt(() => db.flush())
  }
  await attempt(() => db.compact({ columnFamily: 'people' }))
  disk.faults.lift()
  const expected = JSON.stringify([...rows].sort(([a], [b]) => a - b).map(([n, value]) => [['a', n], value]))
  assert.equal(JSON.stringify(await people.entries().toArray()), expected)
  assert.deepEqual((await people.verify()).problems, [])
  assert.equal(await rowsAfter(disk, 'loseAll', 1), expected)
  await db.close()
  return { failures }
}

test('rows and index entries agree when any operation fails, and after resume', async () => {
  const operations: Operation[] = []
  const quiet = new SimulatedDisk()
  const stop = quiet.observe(operation => operations.push(operation))
  assert.equal((await liveThrough(quiet)).failures, 0)
  stop()
  let failures = 0
  const cases = faultKinds.flatMap(kind =>
    operations.flatMap((operation, index) => (fitsFault(kind, operation) ? [{ kind, from: index + 1 }] : [])),
  )
  // Every seventh: most operations of a write are like those of the one before.
  for (const { kind, from } of cases.filter((_, index) => index % 7 === 0)) {
    const disk = new SimulatedDisk()
    disk.faults.add({ kind, from, times: 1 })
    failures += (await liveThrough(disk).catch(error => assert.fail(`${kind} at ${from}: ${error}`))).failures
  }
  assert.ok(failures > 50, `${failures} failures`)
})
