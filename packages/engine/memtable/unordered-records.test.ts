import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { bytewise, sequenceOfTrailer, typeOfTrailer, ValueType } from '@varve/format/key'
import fc from 'fast-check'
import { SeekTarget, Step } from '../cursor/cursor.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import { ArenaPool, Memtable, type MemtableCursor } from './index.ts'

const MIB = 1024 * 1024
/** Nodes on the right edge of a tree may be nearly empty, which is too little to be counted. */
const FEW_NODES = 1024

function hashMemtable(arenaBytes = MIB, pool?: ArenaPool): Memtable {
  return new Memtable(1, arenaBytes, pool, undefined, bytewise, 'hash')
}

function add(memtable: Memtable, text: string, sequence: number, type: number = ValueType.Value): boolean {
  const key = encodeUtf8(text)
  const value = encodeUtf8(`${text}@${sequence}`)
  return memtable.add(sequence, type, key, 0, key.length, value, 0, value.length)
}

function rowAt(cursor: MemtableCursor): string {
  const text = (start: number, end: number) => decodeUtf8(cursor.keyBytes.slice(start, end))
  const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
  const type = typeOfTrailer(cursor.trailerLow)
  return `${text(cursor.keyStart, cursor.keyEnd)} ${sequence} ${type} ${text(cursor.valueStart, cursor.valueEnd)}`
}

function rowsOf(memtable: Memtable): string[] {
  const cursor = memtable.cursor()
  const rows: string[] = []
  for (let step = cursor.first(); step === Step.moved; step = cursor.next()) rows.push(rowAt(cursor))
  return rows
}

const lookup = new PointLookup()

/** What a reader at that sequence is told. */
function answer(memtable: Memtable, text: string, sequence: number): string {
  const key = encodeUtf8(text)
  lookup.begin(key, 0, key.length, sequence)
  const found = memtable.get(lookup)
  if (lookup.state !== LookupState.value) return `${found} ${lookup.state}`
  return decodeUtf8(lookup.valueBytes.slice(lookup.valueStart, lookup.valueEnd))
}

const isOrdered = (memtable: Memtable): boolean => memtable.descriptor().tree !== undefined

const keys = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', 'z'), maxLength: 4 })

type Action =
  | { do: 'add'; key: string; isDelete: boolean }
  | { do: 'get'; key: string; sequence: number }
  | { do: 'getNewest'; key: string }
  | { do: 'order'; rest: number }
  | { do: 'open' }
  | { do: 'move'; cursor: number; how: 'first' | 'last' | 'next' | 'prev' }
  | { do: 'seek'; cursor: number; how: 'seek' | 'seekForPrev'; key: string; sequence: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({ do: fc.constant('add' as const), key: keys, isDelete: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('getNewest' as const), key: keys }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), key: keys, sequence: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('order' as const), rest: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      cursor: fc.nat(3),
      how: fc.constantFrom('first' as const, 'last' as const, 'next' as const, 'prev' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('seek' as const),
      cursor: fc.nat(3),
      how: fc.constantFrom('seek' as const, 'seekForPrev' as const),
      key: keys,
      sequence: fc.nat(200),
    }),
  },
)

/** Does the same to a memtable of either kind; what it answers is to be the same. */
class Player {
  private readonly memtable: Memtable
  private readonly cursors: MemtableCursor[] = []
  private sequence = 0

  constructor(memtable: Memtable) {
    this.memtable = memtable
  }

  play(step: Action): unknown {
    switch (step.do) {
      case 'add':
        return add(
          this.memtable,
          step.key,
          ++this.sequence,
          step.isDelete ? ValueType.Deletion : ValueType.Value,
        )
      case 'get':
        return answer(this.memtable, step.key, step.sequence)
      case 'getNewest':
        return answer(this.memtable, step.key, this.sequence)
      case 'order': {
        let left = step.rest
        this.memtable.putInOrder(() => --left === 0)
        return this.memtable.entryCount
      }
      case 'open':
        this.cursors.push(this.memtable.cursor())
        return this.cursors.length
      case 'move':
        return this.at(step.cursor, cursor =>
          needsPlace(step.how) && !cursor.valid ? 0 : cursor[step.how](),
        )
      case 'seek': {
        const key = encodeUtf8(step.key)
        const target = new SeekTarget().set(key, 0, key.length, step.sequence)
        return this.at(step.cursor, cursor => cursor[step.how](target))
      }
    }
  }

  private at(index: number, move: (cursor: MemtableCursor) => Step): unknown {
    if (index >= this.cursors.length) return undefined
    const cursor = this.cursors[index]
    return move(cursor) === Step.moved ? rowAt(cursor) : 'ended'
  }
}

const needsPlace = (how: string): boolean => how === 'next' || how === 'prev'

test('a memtable of either kind gives the same answers, whenever one of them is put in order', () => {
  const met = { unordered: 0, ordered: 0 }
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 300 }), actions => {
      const hash = hashMemtable()
      const tree = new Memtable(1, MIB)
      const [player, reference] = [new Player(hash), new Player(tree)]
      for (const step of actions) {
        met[isOrdered(hash) ? 'ordered' : 'unordered']++
        assert.deepEqual(player.play(step), reference.play(step))
        assert.equal(hash.entryCount, tree.entryCount)
      }
      assert.deepEqual(hash.counts, tree.counts)
      assert.deepEqual(rowsOf(Memtable.attach(structuredClone(hash.descriptor()))), rowsOf(tree))
      assert.deepEqual(rowsOf(hash), rowsOf(tree))
    }),
    { numRuns: 200 },
  )
  assert.ok(met.unordered > 1000 && met.ordered > 1000, JSON.stringify(met))
})

test('neither writes nor lookups of what is newest make the order; a cursor does, and so does an older version', () => {
  const filled = () => {
    const memtable = hashMemtable()
    for (let i = 1; i <= 3000; i++) assert.ok(add(memtable, `key ${i % 1000}`, i))
    return memtable
  }
  const looked = filled()
  for (let i = 0; i < 1000; i++) assert.equal(answer(looked, `key ${i}`, 3000).split('@')[0], `key ${i}`)
  assert.equal(answer(looked, 'absent', 3000), `false ${LookupState.none}`)
  assert.ok(!isOrdered(looked))
  assert.equal(answer(looked, 'key 7', 2000), 'key 7@1007')
  assert.ok(isOrdered(looked))
  const scanned = filled()
  scanned.cursor()
  assert.ok(isOrdered(scanned))
  assert.deepEqual(rowsOf(scanned), rowsOf(looked))
})

test('what is kept for the order is always enough, and counted', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 })
  const order = fc.constantFrom('as drawn', 'ascending', 'descending')
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 400, maxLength: 900 }),
      order,
      fc.nat(900),
      (drawn, how, moment) => {
        const texts = how === 'as drawn' ? drawn : drawn.sort()
        if (how === 'descending') texts.reverse()
        const memtable = hashMemtable(30_000)
        let sequence = 0
        for (const key of texts) {
          if (sequence === moment) {
            const before = memtable.memoryUsage
            memtable.putInOrder()
            assert.ok(memtable.memoryUsage <= before + FEW_NODES, `${before} became ${memtable.memoryUsage}`)
          }
          const hadRoom = memtable.hasRoom(key.length + `${key}@${sequence + 1}`.length)
          const wasAdded = add(memtable, key, sequence + 1)
          assert.ok(wasAdded || !hadRoom, 'there was said to be room')
          if (!wasAdded) break
          sequence++
        }
        assert.ok(sequence > 200, 'most of the arena is for entries')
        assert.ok(memtable.memoryUsage <= 30_000)
        const expected = new Memtable(1, MIB)
        for (let i = 0; i < sequence; i++) assert.ok(add(expected, texts[i], i + 1))
        assert.deepEqual(rowsOf(memtable), rowsOf(expected))
        for (let i = 0; i < sequence; i += 7)
          assert.equal(answer(memtable, texts[i], sequence), answer(expected, texts[i], sequence))
      },
    ),
    { numRuns: 60 },
  )
})

test('lookups stay right where keys are so short that the index has no place for all', () => {
  const count = 20_000
  const memtable = hashMemtable(Memtable.arenaBytesFor(count, count * 3))
  const key = new Uint8Array(3)
  const find = (number: number): boolean => {
    new DataView(key.buffer).setUint16(1, number)
    lookup.begin(key, 0, 3, count)
    return memtable.get(lookup)
  }
  for (let i = 0; i < count; i++) {
    new DataView(key.buffer).setUint16(1, 2 * i)
    assert.ok(memtable.add(i + 1, ValueType.Deletion, key, 0, 3, key, 0, 0))
  }
  for (let i = 0; i < count; i++) assert.deepEqual([find(2 * i), find(2 * i + 1)], [true, false])
})

test('a reader elsewhere makes its own order, and leaves the shared memory as it is', () => {
  const memtable = hashMemtable()
  for (let i = 1; i <= 2000; i++) assert.ok(add(memtable, `key ${(i * 7919) % 1500}`, i))
  const descriptor = structuredClone(memtable.descriptor())
  const before = Buffer.from(new Uint8Array(memtable.arena))
  const reader = Memtable.attach(descriptor)
  assert.equal(reader.entryCount, 2000)
  const cursor = reader.cursor()
  assert.equal(cursor.first(), Step.moved)
  const first = rowAt(cursor)
  assert.ok(before.equals(new Uint8Array(memtable.arena)), 'it wrote to memory that is not its own')
  // Now the owner makes one, over the shared memory, while the other is being read.
  const rows = rowsOf(memtable)
  assert.ok(!before.equals(new Uint8Array(memtable.arena)))
  assert.equal(first, rows[0])
  assert.deepEqual(rowsOf(reader), rows)
  assert.deepEqual(rowsOf(Memtable.attach(descriptor)), rows)
  assert.deepEqual(rowsOf(Memtable.attach(structuredClone(memtable.descriptor()))), rows)
})

test('the memory of another memtable may be used, whatever is in it', () => {
  const pool = new ArenaPool()
  const used = hashMemtable(MIB, pool).ref()
  new Uint8Array(used.arena).fill(0xff)
  used.unref()
  const memtable = hashMemtable(MIB, pool)
  assert.equal(memtable.arena, used.arena)
  for (let i = 1; i <= 500; i++) assert.ok(add(memtable, `key ${500 - i}`, i))
  assert.equal(answer(memtable, 'key 0', 500), 'key 0@500')
  assert.equal(rowsOf(memtable).length, 500)
  pool.close()
})
