/** Steps of keys that expire, in the one family that has such keys, and of files that are deleted as they are. */
import type { BatchOperation, Lifetime } from 'varve'
import { BRIEF, type Planner } from './planner.ts'
import { compareEveryMoment } from './read-kinds.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'

type Plan = Pick<Step, 'text' | 'run'>

export const expiryKinds: readonly Kind[] = [
  { name: 'put for a time', weight: 30, plan: putForTime },
  { name: 'merge for a time', weight: 20, plan: mergeForTime },
  { name: 'batch for a time', weight: 8, plan: batchForTime },
  { name: 'time passes', weight: 14, plan: passTime },
  { name: 'when it is over', weight: 10, plan: askEnd },
  { name: 'files deleted', weight: 3, plan: deleteFiles },
]

const seconds = [0.001, 1, 3, 10, 60, 600]

function lifetime(planner: Planner): Lifetime {
  return { ttl: planner.random.pick(seconds) }
}

function putForTime(planner: Planner): Plan {
  const [key, value, life] = [planner.key(), planner.value(), lifetime(planner)]
  return {
    text: () => `${BRIEF} ${showBytes(key)} = ${showBytes(value)} for ${life.ttl} s`,
    async run({ store, show }) {
      await store.put(key, value, { columnFamily: BRIEF, ...life })
      return show.value(await store.get(key, { columnFamily: BRIEF }))
    },
  }
}

function mergeForTime(planner: Planner): Plan {
  const [key, operand, life] = [planner.key(), planner.value(), lifetime(planner)]
  return {
    text: () => `${BRIEF} ${showBytes(key)} += ${showBytes(operand)} for ${life.ttl} s`,
    async run({ store, show }) {
      await store.merge(key, operand, { columnFamily: BRIEF, ...life })
      return show.value(await store.get(key, { columnFamily: BRIEF }))
    },
  }
}

/** Some of the operations live for a time, others for ever. */
function batchForTime(planner: Planner): Plan {
  const { random } = planner
  const batch = Array.from({ length: random.between(2, 20) }, (): BatchOperation => {
    const life = random.chance(0.6) ? lifetime(planner) : {}
    const [key, columnFamily] = [planner.key(), BRIEF]
    if (random.chance(0.15)) return { type: 'delete', key, columnFamily }
    return random.chance(0.3)
      ? { type: 'merge', key, operand: planner.value(), columnFamily, ...life }
      : { type: 'put', key, value: planner.value(), columnFamily, ...life }
  })
  return {
    text: () => `${batch.length} operations`,
    async run({ store }) {
      await store.write(batch)
      return 'done'
    },
  }
}

function passTime(planner: Planner): Plan {
  const passed = planner.random.pick([0.5, 1, 2, 5, 30, 300])
  return {
    text: () => `${passed} s`,
    async run(session) {
      session.world.passTime(passed)
      return compareEveryMoment(session)
    },
  }
}

function askEnd(planner: Planner): Plan {
  const key = planner.key()
  return {
    text: () => `${BRIEF} ${showBytes(key)}`,
    async run({ store, show }) {
      const found = await store.getLiving(key, { columnFamily: BRIEF })
      return `${show.value(found?.value)} until ${found?.expiresAt ?? 'ever'}`
    },
  }
}

/**
 * Which files lie within a range depends on options: of the keys that go, each was there before with the same value, and
 * then all of the range are deleted. Snapshots would see it, so all are released before.
 */
function deleteFiles(planner: Planner): Plan {
  const columnFamily = planner.family()
  const [start, end] = [planner.near(), planner.near()].sort(Buffer.compare)
  planner.letGoOfSnapshots()
  return {
    text: () => `${columnFamily} from ${showBytes(start)} to before ${showBytes(end)}`,
    async run(session) {
      const { store, show } = session
      for (const snapshot of session.snapshots.values()) snapshot.close()
      session.snapshots.clear()
      await store.compact({ columnFamily })
      const rows = async () => (await store.entries({ columnFamily }).toArray()).map(row => show.rows([row]))
      const before = new Set(await rows())
      await store.deleteFilesInRanges([{ start, end }], { columnFamily, includeEnd: false })
      const strangers = (await rows()).filter(row => !before.has(row))
      if (strangers.length > 0) return `rows that were not there before: ${strangers.length}`
      await store.deleteRange(start, end, { columnFamily })
      return compareEveryMoment(session)
    },
  }
}
