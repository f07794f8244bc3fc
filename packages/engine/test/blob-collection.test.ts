/**
 * Collection of garbage in blob files, in every order of a few steps: what was deleted stays deleted, what was written stays what it
 * was, a snapshot sees what it saw, and what is counted as garbage is just what no table refers to.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedDisk } from '@varve/testkit/disk'
import { plainRuntime } from '@varve/testkit/simulation'
import { type Database, open, type Snapshot, verifyDatabase } from '../index.ts'

interface Course {
  db: Database
  /** What must be there, now and for the snapshot. */
  rows: Map<string, string>
  held: { snapshot: Snapshot; rows: Map<string, string> } | undefined
  step: number
}

const put = (key: string) => (course: Course) => {
  const value = `${key}${course.step}`.repeat(30)
  course.rows.set(key, value)
  return course.db.put(key, value)
}

const steps: readonly ((course: Course) => Promise<void> | void)[] = [
  put('a'),
  put('b'),
  course => {
    course.rows.delete('a')
    return course.db.delete('a')
  },
  ({ db }) => db.flush(),
  ({ db }) => db.compact({ blobGarbageCollectionPolicy: 'disable' }),
  ({ db }) => db.compact({ blobGarbageCollectionPolicy: 'force' }),
  course => {
    course.held?.snapshot.close()
    const rows = new Map(course.rows)
    course.held = course.held === undefined ? { snapshot: course.db.snapshot(), rows } : undefined
  },
]

const LENGTH = 2
const options = {
  enableBlobFiles: true,
  blobFileSize: 150,
  writeBufferSize: 65_536,
  disableAutoCompactions: true,
} as const

async function compare({ db, rows, held }: Course): Promise<void> {
  const text = async (snapshot?: Snapshot): Promise<string[][]> => {
    const found = await db.entries(snapshot === undefined ? {} : { snapshot }).toArray()
    return found.map(row => row.map(bytes => Buffer.from(bytes).toString()))
  }
  assert.deepEqual(await text(), [...rows].sort())
  if (held !== undefined) assert.deepEqual(await text(held.snapshot), [...held.rows].sort())
}

test(`every order of ${LENGTH} steps after two rows that lie in a blob file`, async () => {
  const base = new SimulatedDisk()
  const first = await open('/db', options, plainRuntime(base, 1))
  const before = new Map([
    ['a', 'old a '.repeat(20)],
    ['b', 'old b '.repeat(20)],
  ])
  for (const [key, value] of before) await first.put(key, value)
  await first.flush()
  await first.close()
  for (let course = 0; course < steps.length ** LENGTH; course++) {
    const disk = base.copy()
    const chosen = Array.from(
      { length: LENGTH },
      (_, i) => Math.floor(course / steps.length ** i) % steps.length,
    )
    const db = await open('/db', options, plainRuntime(disk, 1))
    const state: Course = { db, rows: new Map(before), held: undefined, step: 0 }
    try {
      for (const step of chosen) {
        state.step++
        await steps[step](state)
      }
      await compare(state)
      await db.flush()
      await db.compact()
      await compare(state)
      state.held?.snapshot.close()
      await db.close()
      const { problems, notes } = await verifyDatabase('/db', { deep: true }, plainRuntime(disk, 1))
      assert.deepEqual([...problems, ...notes], [])
      assert.equal(disk.openHandles, 0)
    } catch (error) {
      throw new Error(`steps ${chosen.join()}: ${error}`, { cause: error })
    }
  }
})
