/** A database whose flushes and compactions run in its threads, opened again. */
import { type Database, open } from 'varve'

const ROWS = 60_000
const keyOf = (i: number) => `key:${(i * 7919) % ROWS}`

let flushes = 0
let compactions = 0
const options = { writeBufferSize: 1 << 20, maxBytesForLevelBase: 4 << 20, targetFileSizeBase: 1 << 20 }
let db: Database = await open('./threads', {
  ...options,
  listeners: { flush: () => flushes++, compaction: () => compactions++ },
})
for (let i = 0; i < ROWS; i += 100)
  await db.write(
    Array.from({ length: 100 }, (_, j) => ({ type: 'put', key: keyOf(i + j), value: `${i + j}`.repeat(20) })),
  )
await db.compact()
await db.close()
if (flushes < 3 || compactions < 1) throw new Error(`${flushes} flushes and ${compactions} compactions`)

db = await open('./threads', { createIfMissing: false })
for (let i = 0; i < ROWS; i += 997) {
  const value: Uint8Array | undefined = await db.get(keyOf(i))
  if (new TextDecoder().decode(value) !== `${i}`.repeat(20)) throw new Error(`${keyOf(i)} has another value`)
}
await db.close()
