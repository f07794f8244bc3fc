/** Steps of a database's life: flushes, compactions, families, reports, and the ends of processes. */
import { type LiveFile, propertyNames } from 'varve'
import { makingOf, type Planner } from './planner.ts'
import { compareEveryMoment } from './read-kinds.ts'
import type { Session } from './session.ts'
import { showBytes, showError } from './show.ts'
import type { Kind, Step } from './step.ts'

type Plan = Pick<Step, 'text' | 'run'>

export const lifeKinds: readonly Kind[] = [
  { name: 'flush', weight: 22, plan: planner => inFamily(planner, flushOne) },
  { name: 'flush of all', weight: 8, plan: () => always(flushAll) },
  { name: 'flush, not waited for', weight: 6, plan: planner => inFamily(planner, flushLater) },
  { name: 'compaction', weight: 4, plan: planner => inFamily(planner, compactAll) },
  { name: 'compaction of a range', weight: 5, plan: compactRange },
  { name: 'compaction but for the last level', weight: 3, plan: planner => inFamily(planner, compactUpper) },
  { name: 'compaction that moves all blobs', weight: 2, plan: planner => inFamily(planner, compactMoving) },
  { name: 'compaction, not waited for', weight: 4, plan: planner => inFamily(planner, compactLater) },
  { name: 'compaction, stopped', weight: 2, plan: planner => inFamily(planner, compactStopped) },
  { name: 'rest', weight: 4, plan: () => always(rest) },
  { name: 'family made', weight: 5, plan: makeFamily },
  { name: 'family dropped', weight: 2, plan: dropFamily },
  { name: 'default family dropped', weight: 0.5, plan: () => always(dropDefault) },
  { name: 'resume without need', weight: 1, plan: () => always(resumeInVain) },
  { name: 'reopened', weight: 2, plan: planner => atAnEnd(planner, reopen) },
  { name: 'reopened read-only', weight: 1, plan: reopenReadOnly },
  { name: 'closed, verified, opened', weight: 1, plan: planner => atAnEnd(planner, verify) },
  { name: 'killed', weight: 1.5, plan: planner => atAnEnd(planner, kill) },
  { name: 'power lost after a synced write', weight: 1.5, plan: losePower },
  { name: 'sizes', weight: 4, plan: askSizes },
  { name: 'properties', weight: 3, plan: planner => inFamily(planner, askProperties) },
  { name: 'live files', weight: 4, plan: () => always(askLiveFiles) },
  { name: 'OPTIONS file', weight: 3, plan: () => always(readOptionsFile) },
]

type Act = (session: Session, columnFamily: string) => Promise<string>

function inFamily(planner: Planner, act: Act): Plan {
  const columnFamily = planner.family()
  return { text: () => columnFamily, run: session => act(session, columnFamily) }
}

function always(run: (session: Session) => Promise<string>): Plan {
  return { text: () => '', run }
}

function atAnEnd(planner: Planner, run: (session: Session) => Promise<string>): Plan {
  planner.letGoOfAll()
  return always(run)
}

async function flushOne({ store }: Session, columnFamily: string): Promise<string> {
  await store.flush({ columnFamily })
  return 'done'
}

async function flushAll(session: Session): Promise<string> {
  await session.store.flush()
  session.hasUnlogged = false
  return 'done'
}

async function flushLater(session: Session, columnFamily: string): Promise<string> {
  session.later(session.store.flush({ columnFamily }))
  return 'begun'
}

async function compactAll(session: Session, columnFamily: string): Promise<string> {
  await session.store.compact({ columnFamily })
  return compareEveryMoment(session)
}

async function compactUpper(session: Session, columnFamily: string): Promise<string> {
  await session.store.compact({ columnFamily, rewriteBottommost: false })
  return compareEveryMoment(session)
}

async function compactMoving(session: Session, columnFamily: string): Promise<string> {
  await session.store.compact({ columnFamily, blobGarbageCollectionPolicy: 'force' })
  return compareEveryMoment(session)
}

async function compactLater(session: Session, columnFamily: string): Promise<string> {
  session.later(session.store.compact({ columnFamily }))
  return 'begun'
}

async function compactStopped({ store }: Session, columnFamily: string): Promise<string> {
  await store.compact({ columnFamily, signal: AbortSignal.abort() })
  return 'done'
}

function compactRange(planner: Planner): Plan {
  const columnFamily = planner.family()
  const [start, end] = [planner.near(), planner.near()].sort(Buffer.compare)
  return {
    text: () => `${columnFamily} from ${showBytes(start)} to ${showBytes(end)}`,
    async run(session) {
      await session.store.compact({ columnFamily, start, end })
      return compareEveryMoment(session)
    },
  }
}

async function rest(session: Session): Promise<string> {
  await session.waitForBackground()
  await session.world.settle()
  return compareEveryMoment(session)
}

function makeFamily(planner: Planner): Plan {
  const name = planner.otherFamily()
  return {
    text: () => name,
    run: async ({ store }) =>
      `${(await store.columnFamily(name, makingOf(name))).name} of ${familiesOf(store)}`,
  }
}

function dropFamily(planner: Planner): Plan {
  const name = planner.otherFamily()
  return {
    text: () => name,
    async run({ store, show }) {
      const entries = store.entries({ columnFamily: name })
      await store.dropColumnFamily(name)
      const begunTooLate = await entries.toArray().then(show.rows, showError)
      return `${familiesOf(store)}; ${begunTooLate}`
    },
  }
}

async function dropDefault({ store }: Session): Promise<string> {
  await store.dropColumnFamily('default')
  return 'dropped'
}

async function resumeInVain({ store }: Session): Promise<string> {
  await store.resume()
  return 'done'
}

async function reopen(session: Session): Promise<string> {
  const closed = await session.close()
  await session.open()
  return `${closed}; ${await compareEveryMoment(session)}`
}

function reopenReadOnly(planner: Planner): Plan {
  const key = planner.key()
  planner.letGoOfAll()
  return {
    text: () => showBytes(key),
    async run(session) {
      await session.close()
      await session.open(true)
      const found = await compareEveryMoment(session)
      const { store } = session
      const refused = [
        store.put(key, 'value'),
        store.dropColumnFamily('users'),
        store.flush(),
        store.compact(),
      ]
      const answers = (await Promise.allSettled(refused)).map(outcome =>
        outcome.status === 'fulfilled' ? 'done' : showError(outcome.reason),
      )
      await session.close()
      await session.open()
      return [found, ...answers].join(', ')
    },
  }
}

async function verify(session: Session): Promise<string> {
  await session.close()
  await session.world.verify()
  await session.open()
  return compareEveryMoment(session)
}

async function kill(session: Session): Promise<string> {
  await session.kill()
  await session.open()
  return compareEveryMoment(session)
}

/** What was synced, and everything before it, must be there. */
function losePower(planner: Planner): Plan {
  const key = planner.key()
  const value = planner.value()
  planner.letGoOfAll()
  return {
    text: () => `default ${showBytes(key)} = ${showBytes(value)}`,
    async run(session) {
      await session.store.put(key, value, { sync: true })
      await session.losePower()
      await session.open()
      return compareEveryMoment(session)
    },
  }
}

function askSizes(planner: Planner): Plan {
  const columnFamily = planner.family()
  const [start, end] = [planner.near(), planner.near()].sort(Buffer.compare)
  return {
    text: () => `${columnFamily} from ${showBytes(start)} to ${showBytes(end)}`,
    async run({ store }) {
      const [all, part] = store.approximateSizes([{}, { start, end }], { columnFamily })
      return part >= 0 && part <= all ? 'plausible' : `${part} of ${all} bytes`
    },
  }
}

async function askProperties({ store }: Session, columnFamily: string): Promise<string> {
  const missing = propertyNames.filter(name => {
    return store.property(name.replace('<N>', '0'), { columnFamily }) === undefined
  })
  return missing.length === 0 ? 'all there' : `missing: ${missing}`
}

/** In each level below the first the files lie side by side. */
async function askLiveFiles({ store }: Session): Promise<string> {
  const before = new Map<string, LiveFile>()
  for (const file of store.liveFiles()) {
    if (file.level === 0) continue
    const run = `${file.columnFamily} ${file.level}`
    const left = before.get(run)
    if (left !== undefined && Buffer.compare(left.largest, file.smallest) > 0) {
      return `files ${left.number} and ${file.number} of ${run} overlap`
    }
    before.set(run, file)
  }
  return 'in order'
}

async function readOptionsFile({ world }: Session): Promise<string> {
  return (await world.familiesInOptionsFile()).join(', ')
}

function familiesOf(store: Session['store']): string {
  return store.columnFamilyNames().sort().join(', ')
}
