/**
 * What it costs to delete a range of many keys, and what scans pay for it afterwards.
 *
 *     node packages/bench/range-deletion.ts --num 5000000
 *
 * Loads so many keys and as many again behind them, deletes the first half as one range, and scans everything: right
 * after that, after a flush, and after a compaction. The same scan of a database that never had the first half is the measure.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Database, type OpenOptions, open, WriteBatch } from 'varve'
import { ValuePool } from './data/values.ts'
import { describeMachine } from './report/machine.ts'
import { table } from './report/tables.ts'
import { BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION, WRITE_BUFFER_BYTES } from './settings.ts'

const { values } = parseArgs({
  options: {
    num: { type: 'string', default: '5000000' },
    scans: { type: 'string', default: '9' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const count = Number(values.num)
const SEED = 20_260_101
const BATCH = 1000
const options: OpenOptions = {
  writeBufferSize: WRITE_BUFFER_BYTES,
  blockCacheSize: CACHE_BYTES,
  bloomBitsPerKey: BLOOM_BITS_PER_KEY,
  compression: COMPRESSION,
}

const directory = mkdtempSync(join(values.dir, 'varve-ranges-'))
try {
  const fresh = await open(join(directory, 'fresh'), options)
  await load(fresh, count, 2 * count)
  await fresh.compact()
  const db = await open(join(directory, 'db'), options)
  await load(db, 0, 2 * count)
  await db.compact()
  const milliseconds = await timed(() => db.deleteRange(keyOf(0), keyOf(count)))
  console.log(`deleteRange of ${count} keys: ${milliseconds.toFixed(2)} ms`)
  const rows: string[][] = []
  await compare('right after it', fresh, db, rows)
  await db.flush()
  await compare('when it has been flushed', fresh, db, rows)
  await db.compact()
  await compare('when it has been compacted', fresh, db, rows)
  console.log(table(['scan of what is left', 'fresh, s', 'after deleteRange, s', 'ratio'], rows))
  console.log(describeMachine(directory).join('\n'))
  await db.close()
  await fresh.close()
} finally {
  rmSync(directory, { recursive: true })
}

/** Scans of both by turns; medians. */
async function compare(when: string, fresh: Database, db: Database, rows: string[][]): Promise<void> {
  const times: [number[], number[]] = [[], []]
  for (let turn = 0; turn < Number(values.scans); turn++) {
    for (const [index, each] of [fresh, db].entries()) times[index].push(await timed(() => scan(each)))
  }
  const [base, after] = times.map(list => list.sort((a, b) => a - b)[list.length >>> 1])
  rows.push([when, (base / 1000).toFixed(2), (after / 1000).toFixed(2), (after / base).toFixed(2)])
}

/** All that is there, with a cursor, from the very start of the deleted range on. */
function scan(db: Database): void {
  using cursor = db.cursor()
  let seen = 0
  for (let more = cursor.seek(keyOf(0)); more; more = cursor.next()) seen++
  if (seen !== count) throw new Error(`${seen} entries instead of ${count}`)
}

async function load(db: Database, from: number, to: number): Promise<void> {
  const pool = new ValuePool(SEED)
  for (let start = from; start < to; start += BATCH) {
    const batch = new WriteBatch()
    for (let i = start; i < Math.min(start + BATCH, to); i++) batch.put(keyOf(i), pool.next())
    await db.write(batch)
  }
}

function keyOf(number: number): string {
  return String(number).padStart(16, '0')
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
