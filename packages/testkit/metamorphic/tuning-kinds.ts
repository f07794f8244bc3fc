/** Steps that change how a database works and nothing that it answers: options, and what works in the background when. */
import { type ErrorCode, isVarveError } from 'varve'
import { randomDatabaseChange, randomFamilyChange } from '../model/option-changes.ts'
import type { Planner } from './planner.ts'
import { compareEveryMoment } from './read-kinds.ts'
import type { Session } from './session.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'

type Plan = Pick<Step, 'text' | 'run'>

export const tuningKinds: readonly Kind[] = [
  { name: 'options changed', weight: 5, plan: changeFamily },
  { name: 'options of the database changed', weight: 3, plan: changeDatabase },
  { name: 'chosen files compacted', weight: 5, plan: compactChosen },
  { name: 'compaction, alone', weight: 1, plan: compactAlone },
  { name: 'compaction into another level', weight: 2, plan: compactIntoLevel },
  { name: 'compaction, stopped on the way', weight: 2, plan: compactStoppedLater },
  { name: 'manual compactions disabled', weight: 1, plan: disableManual },
  { name: 'written while paused', weight: 3, plan: writePaused },
]

function changeFamily(planner: Planner): Plan {
  const columnFamily = planner.family()
  const changes = randomFamilyChange(planner.random)
  return {
    text: () => `${columnFamily} ${JSON.stringify(changes)}`,
    async run(session) {
      await session.store.setOptions(changes, { columnFamily })
      return compareEveryMoment(session)
    },
  }
}

function changeDatabase(planner: Planner): Plan {
  const changes = randomDatabaseChange(planner.random)
  return {
    text: () => JSON.stringify(changes),
    async run(session) {
      await session.store.setDBOptions(changes)
      return compareEveryMoment(session)
    },
  }
}

/** Which files there are depends on the options, and so does whether they can be compacted so. */
function compactChosen(planner: Planner): Plan {
  const columnFamily = planner.family()
  const { random } = planner
  const [every, level] = [random.between(1, 4), random.below(7)]
  return {
    text: () => `${columnFamily}, one of ${every}, into level ${level}`,
    async run(session) {
      const { store } = session
      // Fails where there is no such family.
      store.property('rocksdb.stats', { columnFamily })
      const files = store.liveFiles().filter(file => file.columnFamily === columnFamily)
      const chosen = files.flatMap(({ number }, index) => (index % every === 0 ? [number] : []))
      if (chosen.length > 0) {
        await unless(['INVALID_ARGUMENT', 'ABORTED'], store.compactFiles(chosen, level, { columnFamily }))
      }
      return compareEveryMoment(session)
    },
  }
}

function compactAlone(planner: Planner): Plan {
  const columnFamily = planner.family()
  return {
    text: () => columnFamily,
    async run(session) {
      session.later(session.store.compact({ columnFamily: 'default' }))
      await session.store.compact({ columnFamily, exclusive: true, maxSubcompactions: 3 })
      return compareEveryMoment(session)
    },
  }
}

function compactIntoLevel(planner: Planner): Plan {
  const columnFamily = planner.family()
  const targetLevel = planner.random.chance(0.3) ? undefined : planner.random.between(1, 6)
  return {
    text: () => `${columnFamily} ${targetLevel ?? 'as high as it fits'}`,
    async run(session) {
      const changed = session.store.compact({
        columnFamily,
        changeLevel: true,
        bottommostLevelCompaction: 'skip',
        ...(targetLevel === undefined ? {} : { targetLevel }),
      })
      await unless(['NOT_SUPPORTED', 'INVALID_ARGUMENT'], changed)
      return compareEveryMoment(session)
    },
  }
}

function compactStoppedLater(planner: Planner): Plan {
  const columnFamily = planner.family()
  const turns = planner.random.below(8)
  return {
    text: () => `${columnFamily} after ${turns} turns`,
    async run(session) {
      const control = new AbortController()
      const compaction = session.store.compact({ columnFamily, signal: control.signal })
      const ended = unless(['ABORTED'], compaction)
      // Until it is waited for nobody listens.
      ended.catch(() => undefined)
      for (let turn = 0; turn < turns; turn++) await undefined
      control.abort()
      await ended
      return compareEveryMoment(session)
    },
  }
}

function disableManual(planner: Planner): Plan {
  const columnFamily = planner.family()
  return {
    text: () => columnFamily,
    async run(session) {
      session.later(session.store.compact({ columnFamily }))
      await session.store.disableManualCompaction()
      session.store.enableManualCompaction()
      return compareEveryMoment(session)
    },
  }
}

/** Its memtable may be full: the write ends when work goes on, at the latest. */
function writePaused(planner: Planner): Plan {
  const [columnFamily, key, value] = [planner.family(), planner.key(), planner.value()]
  return {
    text: () => `${columnFamily} ${showBytes(key)} = ${showBytes(value)}`,
    async run({ store }: Session) {
      await store.pauseBackgroundWork()
      const write = store.put(key, value, { columnFamily })
      write.catch(() => undefined)
      await undefined
      store.continueBackgroundWork()
      await write
      return 'done'
    },
  }
}

/** Waits, and is content with these failures. */
async function unless(codes: readonly ErrorCode[], promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch (error) {
    if (!codes.some(code => isVarveError(error, code))) throw error
  }
}
