import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'varve'
import { CrashError, findPrefix, runAndKill, runCycle } from '../crash/cycle.ts'
import { crashRun, families } from '../crash/workload.ts'
import { emptyContents } from '../oracle/varve-side.ts'
import { Random } from '../random.ts'

test('a process under load, killed with -9 twice, leaves every acknowledged write', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-crash-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const contents = emptyContents(families)
  for (const seed of [11, 12]) {
    const random = new Random(seed)
    const { unacknowledgedKept } = await runCycle(
      crashRun(join(directory, 'db'), random),
      contents,
      random,
      false,
    )
    assert.ok(unacknowledgedKept >= 0)
  }
})

test('the check itself finds one row that is missing', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-crash-'))
  const random = new Random(13)
  let run = crashRun(join(directory, 'db0'), random)
  let progress = await runAndKill(run, random)
  for (let attempt = 1; progress.acknowledged.size < 20; attempt++) {
    run = crashRun(join(directory, `db${attempt}`), random)
    progress = await runAndKill(run, random)
  }
  const db = await open(run.directory, run.options)
  t.after(async () => {
    await db.close()
    rmSync(directory, { recursive: true })
  })
  await findPrefix(db, run, emptyContents(families), progress)
  const [[key]] = await db.entries({ limit: 1 }).toArray()
  await db.delete(key)
  await assert.rejects(findPrefix(db, run, emptyContents(families), progress), CrashError)
})
