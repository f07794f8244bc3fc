/** Steps that read keys and take, read and let go of snapshots. */
import { familyNames, type Planner } from './planner.ts'
import { NOTHING_TO_DO, type Session } from './session.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'
import type { Where } from './store.ts'

type Plan = Pick<Step, 'text' | 'run'>
type Read = (session: Session, key: Uint8Array, where: Where) => Promise<string>

const read: Record<'get' | 'getEntity' | 'getSync' | 'has', Read> = {
  get: async ({ store, show }, key, where) => show.value(await store.get(key, where)),
  getEntity: async ({ store, show }, key, where) => show.columns(await store.getEntity(key, where)),
  getSync: async ({ store, show }, key, where) => show.value(store.getSync(key, where)),
  has: async ({ store }, key, where) => String(await store.has(key, where)),
}

export const readKinds: readonly Kind[] = [
  { name: 'get', weight: 70, plan: planner => readKey(planner, read.get) },
  {
    name: 'get past the cache',
    weight: 10,
    plan: planner => readKey(planner, read.get, { fillCache: false }),
  },
  { name: 'getEntity', weight: 25, plan: planner => readKey(planner, read.getEntity) },
  { name: 'getSync', weight: 40, plan: planner => readKey(planner, read.getSync) },
  { name: 'has', weight: 20, plan: planner => readKey(planner, read.has) },
  { name: 'getMany', weight: 15, plan: planner => readMany(planner) },
  { name: 'reads at once', weight: 8, plan: readsAtOnce },
  { name: 'snapshot', weight: 14, plan: takeSnapshot },
  { name: 'release of a snapshot', weight: 8, plan: releaseSnapshot },
  { name: 'get at a snapshot', weight: 40, plan: planner => atSnapshot(planner, read.get) },
  { name: 'getSync at a snapshot', weight: 20, plan: planner => atSnapshot(planner, read.getSync) },
  { name: 'getEntity at a snapshot', weight: 8, plan: planner => atSnapshot(planner, read.getEntity) },
  { name: 'has at a snapshot', weight: 8, plan: planner => atSnapshot(planner, read.has) },
  { name: 'getMany at a snapshot', weight: 10, plan: manyAtSnapshot },
  { name: 'read at a released snapshot', weight: 2, plan: readReleased },
  { name: 'every moment', weight: 8, plan: everyMoment },
]

function readKey(planner: Planner, how: Read, options: Where = {}): Plan {
  const columnFamily = planner.family()
  const key = planner.near()
  return {
    text: () => `${columnFamily} ${showBytes(key)}`,
    run: session => how(session, key, { columnFamily, ...options }),
  }
}

function someKeys(planner: Planner): Uint8Array[] {
  return Array.from({ length: planner.random.below(20) }, () => planner.near())
}

function readMany(planner: Planner): Plan {
  const columnFamily = planner.family()
  const keys = someKeys(planner)
  return {
    text: () => `${columnFamily} ${keys.map(showBytes).join(', ')}`,
    run: async ({ store, show }) => show.list(await store.getMany(keys, { columnFamily })),
  }
}

function readsAtOnce(planner: Planner): Plan {
  const columnFamily = planner.family()
  const keys = someKeys(planner)
  return {
    text: () => `${columnFamily} ${keys.map(showBytes).join(', ')}`,
    async run({ store, show }) {
      const scan = store.entries({ columnFamily }).toArray()
      const outcomes = await Promise.all([
        scan.then(rows => show.rows(rows)),
        ...keys.map(async key => show.value(await store.get(key, { columnFamily }))),
      ])
      return outcomes.join(', ')
    },
  }
}

function takeSnapshot(planner: Planner): Plan {
  const slot = planner.newSlot('snapshots')
  return {
    text: () => `number ${slot}`,
    async run({ snapshots, store }) {
      snapshots.get(slot)?.close()
      snapshots.set(slot, store.snapshot())
      return 'taken'
    },
  }
}

function releaseSnapshot(planner: Planner): Plan {
  const slot = planner.heldSlot('snapshots')
  planner.letGo('snapshots', slot)
  return {
    text: () => `number ${slot}`,
    async run({ snapshots }) {
      const snapshot = snapshots.get(slot)
      if (snapshot === undefined) return NOTHING_TO_DO
      snapshot.close()
      snapshots.delete(slot)
      return 'released'
    },
  }
}

function atSnapshot(planner: Planner, how: Read): Plan {
  const slot = planner.heldSlot('snapshots')
  const columnFamily = planner.family()
  const key = planner.near()
  return {
    text: () => `number ${slot}: ${columnFamily} ${showBytes(key)}`,
    async run(session) {
      const snapshot = session.snapshots.get(slot)
      return snapshot === undefined ? NOTHING_TO_DO : how(session, key, { columnFamily, snapshot })
    },
  }
}

function manyAtSnapshot(planner: Planner): Plan {
  const slot = planner.heldSlot('snapshots')
  const columnFamily = planner.family()
  const keys = someKeys(planner)
  return {
    text: () => `number ${slot}: ${columnFamily} ${keys.map(showBytes).join(', ')}`,
    async run({ snapshots, store, show }) {
      const snapshot = snapshots.get(slot)
      if (snapshot === undefined) return NOTHING_TO_DO
      return show.list(await store.getMany(keys, { columnFamily, snapshot }))
    },
  }
}

function readReleased(planner: Planner): Plan {
  const key = planner.key()
  return {
    text: () => showBytes(key),
    async run({ store, show }) {
      const snapshot = store.snapshot()
      snapshot.close()
      return show.value(await store.get(key, { snapshot }))
    },
  }
}

function everyMoment(): Plan {
  return { text: () => 'is compared', run: compareEveryMoment }
}

/** All rows of all families, as they are now and as every snapshot sees them. */
export async function compareEveryMoment({ store, snapshots, show }: Session): Promise<string> {
  const lines: string[] = []
  const present = store.columnFamilyNames()
  for (const columnFamily of familyNames.filter(name => present.includes(name))) {
    lines.push(`${columnFamily}: ${show.rows(await store.entries({ columnFamily }).toArray())}`)
    for (const [slot, snapshot] of snapshots)
      lines.push(`at ${slot}: ${show.rows(await store.entries({ columnFamily, snapshot }).toArray())}`)
  }
  return lines.join('; ')
}
