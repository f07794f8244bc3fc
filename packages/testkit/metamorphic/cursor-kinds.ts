/** Steps of cursors that are held for long, whatever is written, flushed, compacted and dropped meanwhile. */
import type { Planner } from './planner.ts'
import { showRange } from './scan-kinds.ts'
import { NOTHING_TO_DO, type Session } from './session.ts'
import { showBytes } from './show.ts'
import type { Kind, Step } from './step.ts'
import type { Range, StoreCursor } from './store.ts'

type Plan = Pick<Step, 'text' | 'run'>
type Move = 'first' | 'last' | 'next' | 'prev' | 'seek' | 'seekForPrev'

export const cursorKinds: readonly Kind[] = [
  { name: 'cursor opened', weight: 8, plan: planner => openCursor(planner, {}) },
  { name: 'cursor opened on a range', weight: 8, plan: planner => openCursor(planner, planner.bounds()) },
  {
    name: 'cursor opened on a prefix',
    weight: 4,
    plan: planner => openCursor(planner, { prefix: planner.prefix() }),
  },
  { name: 'cursor opened at a snapshot', weight: 8, plan: openAtSnapshot },
  { name: 'cursor first or last', weight: 12, plan: planner => moveCursor(planner, ['first', 'last'], 1) },
  { name: 'cursor seek', weight: 20, plan: planner => moveCursor(planner, ['seek'], 1) },
  { name: 'cursor seekForPrev', weight: 20, plan: planner => moveCursor(planner, ['seekForPrev'], 1) },
  { name: 'cursor next', weight: 20, plan: planner => moveCursor(planner, ['next'], 5) },
  { name: 'cursor prev', weight: 20, plan: planner => moveCursor(planner, ['prev'], 5) },
  { name: 'cursor turns', weight: 20, plan: planner => moveCursor(planner, ['next', 'prev'], 12) },
  { name: 'cursor walk', weight: 15, plan: walk },
  { name: 'cursor closed', weight: 5, plan: closeCursor },
  { name: 'closed cursor moved', weight: 2, plan: moveClosed },
]

function openCursor(planner: Planner, range: Range): Plan {
  const slot = planner.newSlot('cursors')
  const columnFamily = planner.family()
  const begin = planner.random.pick(['first', 'last', 'seek', 'seekForPrev'] as const)
  const key = planner.near()
  return {
    text: () => `number ${slot}: ${columnFamily} ${showRange(range)}, ${begin} ${showBytes(key)}`,
    run: async session => hold(session, slot, { ...range, columnFamily }, begin, key),
  }
}

function openAtSnapshot(planner: Planner): Plan {
  const slot = planner.newSlot('cursors')
  const from = planner.heldSlot('snapshots')
  const columnFamily = planner.family()
  const range = planner.bounds()
  const key = planner.near()
  return {
    text: () => `number ${slot}: ${columnFamily} ${showRange(range)} at ${from}, seek ${showBytes(key)}`,
    async run(session) {
      const snapshot = session.snapshots.get(from)
      if (snapshot === undefined) return NOTHING_TO_DO
      return hold(session, slot, { ...range, columnFamily, snapshot }, 'seek', key)
    },
  }
}

function hold(session: Session, slot: number, range: Range, begin: Move, key: Uint8Array): string {
  const { cursors, store } = session
  cursors.get(slot)?.close()
  cursors.delete(slot)
  const cursor = store.cursor(range)
  cursors.set(slot, cursor)
  return moved(session, cursor, begin, key)
}

/** Up to `max` of these moves. A cursor that falls off an end is brought back. */
function moveCursor(planner: Planner, moves: readonly Move[], max: number): Plan {
  const { random } = planner
  const slot = planner.heldSlot('cursors')
  const key = planner.near()
  const chosen = Array.from({ length: random.between(1, max) }, () => random.pick(moves))
  return {
    text: () => `number ${slot}: ${chosen.join(' ')} ${showBytes(key)}`,
    async run(session) {
      const cursor = session.cursors.get(slot)
      if (cursor === undefined) return NOTHING_TO_DO
      if (!cursor.valid) moved(session, cursor, 'seek', key)
      return chosen.map(move => moved(session, cursor, move, key)).join(', ')
    },
  }
}

/** All moves mixed, each seek to a key of its own. */
function walk(planner: Planner): Plan {
  const { random } = planner
  const slot = planner.heldSlot('cursors')
  const moves = Array.from({ length: random.between(5, 50) }, () => ({
    move: random.pick([
      'next',
      'next',
      'next',
      'prev',
      'prev',
      'seek',
      'seekForPrev',
      'first',
      'last',
    ] as const),
    key: planner.near(),
  }))
  return {
    text: () => `number ${slot}: ${moves.map(({ move, key }) => `${move} ${showBytes(key)}`).join(', ')}`,
    async run(session) {
      const cursor = session.cursors.get(slot)
      if (cursor === undefined) return NOTHING_TO_DO
      return moves.map(({ move, key }) => moved(session, cursor, move, key)).join(', ')
    },
  }
}

function closeCursor(planner: Planner): Plan {
  const slot = planner.heldSlot('cursors')
  planner.letGo('cursors', slot)
  return {
    text: () => `number ${slot}`,
    async run({ cursors }) {
      const cursor = cursors.get(slot)
      if (cursor === undefined) return NOTHING_TO_DO
      cursor.close()
      cursors.delete(slot)
      return String(cursor.valid)
    },
  }
}

function moveClosed(planner: Planner): Plan {
  const columnFamily = planner.family()
  const key = planner.key()
  return {
    text: () => `${columnFamily} ${showBytes(key)}`,
    async run(session) {
      const cursor = session.store.cursor({ columnFamily })
      cursor.first()
      cursor.close()
      return moved(session, cursor, 'seek', key)
    },
  }
}

/** Where the cursor stands after a move. */
function moved({ show }: Session, cursor: StoreCursor, move: Move, key: Uint8Array): string {
  const isOnEntry = move === 'seek' || move === 'seekForPrev' ? cursor[move](key) : cursor[move]()
  if (isOnEntry !== cursor.valid) return `${move} says ${isOnEntry}, valid is ${cursor.valid}`
  return isOnEntry ? show.rows([[cursor.key, cursor.value]]) : 'no entry'
}
