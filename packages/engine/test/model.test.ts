/**
 * The whole database against a sorted map: 20,000 random operations under random options so small that everything
 * happens. What failed runs again with `node packages/testkit/model/main.ts --seed N --runs 1`.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ModelCheck, Random, randomOpenOptions, runOperations } from '@varve/testkit'

const OPERATIONS = 5000

for (const seed of [1, 2, 3, 4]) {
  test(`a database answers as a sorted map does, also at snapshots and after reopening (seed ${seed})`, async t => {
    const directory = mkdtempSync(join(tmpdir(), 'varve-model-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const check = new ModelCheck(directory, new Random(seed), randomOpenOptions)
    check.inline = seed !== 1
    await runOperations(check, OPERATIONS)
    const ran = [...check.counts.values()].reduce((sum, count) => sum + count, 0)
    assert.equal(ran, OPERATIONS)
    assert.ok(check.counts.size >= 14, `only these ran: ${[...check.counts.keys()]}`)
  })
}
