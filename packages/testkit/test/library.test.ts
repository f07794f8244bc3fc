/** A few directories of each kind that go to and fro between RocksDB's library and Varve; oracle/main.ts plays more. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exchangeEntities } from '../oracle/entities.ts'
import { exchangeOrders } from '../oracle/orders.ts'
import { buildRocks } from '../oracle/rocks.ts'
import { exchangeTimestamps } from '../oracle/timestamps.ts'
import { isInstalled } from '../oracle/tools.ts'
import { Random } from '../random.ts'

const built = isInstalled('sst_dump') ? await buildRocks() : { reason: 'sst_dump is not installed' }
const skip = 'reason' in built ? built.reason : false
const program = 'program' in built ? built.program : ''

const kinds = {
  'other comparators': exchangeOrders,
  entities: exchangeEntities,
  timestamps: exchangeTimestamps,
}

for (const [name, exchange] of Object.entries(kinds)) {
  test(`RocksDB's library and Varve agree about directories that both write: ${name}`, { skip }, async t => {
    for (let seed = 1; seed <= 2; seed++) {
      const directory = mkdtempSync(join(tmpdir(), 'varve-library-'))
      t.after(() => rmSync(directory, { recursive: true, force: true }))
      const { rows } = await exchange(program, directory, new Random(seed))
      assert.ok(rows > 0)
    }
  })
}
