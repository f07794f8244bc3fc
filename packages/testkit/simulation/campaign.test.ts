import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulateLife } from './campaign.ts'

test('twelve lives of the whole engine are lived rightly, and each again to the same trace', async () => {
  let failures = 0
  for (let seed = 1; seed <= 12; seed++) {
    const life = await simulateLife(seed)
    assert.ok(life.events > 100)
    failures += life.failures
    if (seed % 4 === 0) assert.equal((await simulateLife(seed)).hash, life.hash, `seed ${seed}`)
  }
  assert.ok(failures > 0, 'some operations failed')
})
