import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allFlips, allLosses, damaged, readDamaged, rotDatabases, useDamaged } from '../rot/index.ts'
import { sampleDatabases } from '../rot/samples.ts'
import { SweepError } from '../sweep/index.ts'
import { sample } from '../sweep/tally.ts'

const databases = [...(await rotDatabases()), ...(await sampleDatabases())]

test('undamaged, every database is whole', async () => {
  assert.ok(databases.length >= 12)
  for (const database of databases) {
    const nothing = { database, kind: 'flip', file: '', at: 0, other: '' } as const
    assert.equal(await readDamaged(database.disk.copy(), nothing), 'whole', database.name)
    assert.equal(await useDamaged(database.disk.copy(), nothing), 'whole', database.name)
  }
})

test('a flipped bit is harmless or reported, or it ends a log where a crash could have', async () => {
  for (const damage of sample(databases.flatMap(allFlips), 800)) {
    const verdict = await readDamaged(damaged(damage), damage)
    assert.notEqual(verdict, 'lost with its evidence')
  }
})

test('a file cut, missing or swapped, or a sector of it, is reported, and no table is thrown away', async () => {
  for (const damage of sample(databases.flatMap(allLosses), 300)) {
    await readDamaged(damaged(damage), damage)
    await useDamaged(damaged(damage), damage)
  }
})

test('the check itself finds rows that are gone without a word', async () => {
  const [one, other] = databases
  const damage = { database: one, kind: 'flip', file: '', at: 0, other: '' } as const
  await assert.rejects(readDamaged(other.disk.copy(), damage), SweepError)
})
