import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { decodeUtf8, emptyBytes, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import {
  compareInternalKeys,
  makeInternalKey,
  sequenceOfTrailer,
  typeOfTrailer,
  ValueType,
} from '@varve/format/key'
import fc from 'fast-check'
import { SeekTarget, Step } from '../cursor/cursor.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import { Memtable, type MemtableCursor } from './index.ts'

interface Entry {
  key: string
  sequence: number
  type: number
  value: string
}

function add(memtable: Memtable, { key, sequence, type, value }: Entry): boolean {
  const keyBytes = encodeUtf8(`(${key})`)
  const valueBytes = encodeUtf8(value)
  return memtable.add(sequence, type, keyBytes, 1, keyBytes.length - 1, valueBytes, 0, valueBytes.length)
}

function entryAt(cursor: MemtableCursor): Entry {
  return {
    key: decodeUtf8(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd)),
    sequence: sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh),
    type: typeOfTrailer(cursor.trailerLow),
    value: decodeUtf8(cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd)),
  }
}

function internalKeyOf(entry: Entry): Uint8Array {
  return makeInternalKey(encodeUtf8(entry.key), entry.sequence, entry.type)
}

function compareEntries(a: Entry, b: Entry): number {
  const aKey = internalKeyOf(a)
  const bKey = internalKeyOf(b)
  return compareInternalKeys(aKey, 0, aKey.length, bKey, 0, bKey.length)
}

function forward(cursor: MemtableCursor): Entry[] {
  const seen: Entry[] = []
  for (let step = cursor.first(); step === Step.moved; step = cursor.next()) seen.push(entryAt(cursor))
  return seen
}

function backward(cursor: MemtableCursor): Entry[] {
  const seen: Entry[] = []
  for (let step = cursor.last(); step === Step.moved; step = cursor.prev()) seen.push(entryAt(cursor))
  return seen
}

function targetOf(entry: Entry): SeekTarget {
  const key = encodeUtf8(entry.key)
  const target = new SeekTarget().set(key, 0, key.length, entry.sequence)
  return target
}

function filled(entries: Entry[]): Memtable {
  const memtable = new Memtable(1, 1 << 22)
  for (const entry of entries) assert.ok(add(memtable, entry))
  return memtable
}

// Few bytes, zero among them, behind beginnings that are shared, empty, or end inside the cached words.
const keys = fc.tuple(
  fc.constantFrom('', 'a', 'tenant:', 'tenant:0000000001:', 'tenant:0000000001:\0\0'),
  fc.string({ unit: fc.constantFrom('\0', 'a', 'b', 'z'), maxLength: 6 }),
)

const entryLists = fc
  .tuple(
    fc.array(fc.tuple(keys, fc.boolean(), fc.string({ maxLength: 9 })), { maxLength: 400 }),
    fc.constantFrom('as drawn', 'ascending', 'descending'),
  )
  .map(([drawn, order]) => {
    const texts = drawn.map(([[head, tail], isDelete, value]) => ({ key: head + tail, isDelete, value }))
    if (order !== 'as drawn') texts.sort((a, b) => (a.key < b.key ? -1 : 1))
    if (order === 'descending') texts.reverse()
    return texts.map(({ key, isDelete, value }, i): Entry => {
      const type = isDelete ? ValueType.Deletion : ValueType.Value
      return { key, sequence: i + 1, type, value: isDelete ? '' : value }
    })
  })

test('a memtable holds what was added, in internal key order, both ways', () => {
  fc.assert(
    fc.property(entryLists, entries => {
      const memtable = filled(entries)
      const sorted = [...entries].sort(compareEntries)
      assert.deepEqual(forward(memtable.cursor()), sorted)
      assert.deepEqual(backward(memtable.cursor()), sorted.reverse())
      assert.equal(memtable.entryCount, entries.length)
      assert.equal(memtable.counts.deletionCount, entries.filter(e => e.type === ValueType.Deletion).length)
      assert.equal(memtable.counts.largestSequence, entries.length)
      assert.equal(memtable.counts.smallestSequence, entries.length === 0 ? 0 : 1)
    }),
    { numRuns: 150 },
  )
})

test('seek and seekForPrev stop at the neighbours of their target', () => {
  fc.assert(
    fc.property(entryLists, fc.array(fc.tuple(keys, fc.nat(450)), { maxLength: 30 }), (entries, probes) => {
      const cursor = filled(entries).cursor()
      const sorted = [...entries].sort(compareEntries)
      const present = entries.slice(0, 20).map(entry => ({ ...entry, type: 0xff }))
      const absent = probes.map(([[head, tail], sequence]) => ({
        key: head + tail,
        sequence,
        type: 0xff,
        value: '',
      }))
      for (const probe of [...present, ...absent]) {
        const target = targetOf(probe)
        const after = sorted.find(entry => compareEntries(entry, probe) >= 0)
        const before = sorted.findLast(entry => compareEntries(entry, probe) <= 0)
        assert.deepEqual(cursor.seek(target) === Step.moved ? entryAt(cursor) : undefined, after)
        assert.deepEqual(cursor.seekForPrev(target) === Step.moved ? entryAt(cursor) : undefined, before)
      }
    }),
    { numRuns: 150 },
  )
})

test('seekForPrev stops on an entry that equals its target', () => {
  const entries = ['a', 'b', 'c'].map((key, i) => ({
    key,
    sequence: i + 1,
    type: ValueType.Value,
    value: key,
  }))
  const cursor = filled(entries).cursor()
  const target = targetOf(entries[1])
  target.trailerLow = (2 << 8) | ValueType.Value
  target.trailerHigh = 0
  assert.equal(cursor.seekForPrev(target), Step.moved)
  assert.deepEqual(entryAt(cursor), entries[1])
})

test('a lookup finds the newest version that its sequence may see', () => {
  fc.assert(
    fc.property(entryLists, fc.nat(450), (entries, sequence) => {
      const memtable = filled(entries)
      const lookup = new PointLookup()
      for (const { key } of [...entries.slice(0, 50), { key: 'absent' }]) {
        const bytes = encodeUtf8(key)
        lookup.begin(bytes, 0, bytes.length, sequence)
        const visible = entries.findLast(entry => entry.key === key && entry.sequence <= sequence)
        assert.equal(memtable.get(lookup), visible !== undefined)
        if (visible === undefined) assert.equal(lookup.state, LookupState.none)
        else if (visible.type === ValueType.Deletion) assert.equal(lookup.state, LookupState.deleted)
        else {
          const value = lookup.valueBytes.slice(lookup.valueStart, lookup.valueEnd)
          assert.deepEqual([lookup.state, decodeUtf8(value)], [LookupState.value, visible.value])
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('lookups stay right when the index of newest records is full', () => {
  const count = 5000
  const memtable = new Memtable(1, Memtable.arenaBytesFor(2 * count, 2 * count * 4))
  const key = new Uint8Array(4)
  const lookup = new PointLookup()
  const view = new DataView(key.buffer)
  for (let i = 0; i < 2 * count; i++) {
    view.setUint32(0, 2 * (i % count))
    assert.ok(memtable.add(i + 1, ValueType.Value, key, 0, 4, key, 0, 4))
  }
  for (let i = 0; i < count; i++) {
    view.setUint32(0, 2 * i)
    lookup.begin(key, 0, 4, 3 * count)
    assert.ok(memtable.get(lookup))
    assert.equal(lookup.foundTrailerLow >>> 8, count + i + 1)
    lookup.begin(key, 0, 4, count)
    assert.ok(memtable.get(lookup))
    assert.equal(lookup.foundTrailerLow >>> 8, i + 1)
    view.setUint32(0, 2 * i + 1)
    lookup.begin(key, 0, 4, 3 * count)
    assert.ok(!memtable.get(lookup))
  }
})

test('lookups between writes see every write, however many came since the last one', () => {
  const memtable = new Memtable(1, Memtable.arenaBytesFor(20_000, 20_000 * 12))
  const lookup = new PointLookup()
  const newest = new Map<string, number>()
  let sequence = 0
  for (const burst of [1, 3, 600, 2, 5000, 1, 1, 511, 512, 513, 1]) {
    for (let i = 0; i < burst; i++) {
      const text = `k${(sequence * 7919) % 3001}`
      const key = encodeUtf8(text)
      newest.set(text, ++sequence)
      assert.ok(memtable.add(sequence, ValueType.Value, key, 0, key.length, key, 0, key.length))
    }
    for (const text of [...[...newest.keys()].slice(-20), [...newest.keys()][0], 'absent']) {
      const key = encodeUtf8(text)
      lookup.begin(key, 0, key.length, sequence)
      assert.equal(memtable.get(lookup), newest.has(text))
      if (newest.has(text)) assert.equal(lookup.foundTrailerLow >>> 8, newest.get(text))
    }
  }
})

test('a lookup that meets an entry Varve cannot serve says so', () => {
  const memtable = filled([{ key: 'k', sequence: 1, type: ValueType.ValuePreferredSeqno, value: '1' }])
  const lookup = new PointLookup()
  lookup.begin(encodeUtf8('k'), 0, 1, 9)
  assert.throws(
    () => memtable.get(lookup),
    error => isVarveError(error, 'NOT_SUPPORTED'),
  )
})

test('a cursor keeps its place while entries are added around it', () => {
  fc.assert(
    fc.property(entryLists, entryLists, fc.infiniteStream(fc.nat(3)), (start, later, choices) => {
      const memtable = filled(start)
      const cursor = memtable.cursor()
      const all = [...start]
      const waiting = later.map((entry, i) => ({ ...entry, sequence: 1000 + i }))
      let step: Step = cursor.first()
      for (let moves = 0; step === Step.moved && moves < 500; moves++) {
        const here = entryAt(cursor)
        for (let more = choices.next().value ?? 0; more > 0 && waiting.length > 0; more--) {
          const entry = waiting.pop() as Entry
          assert.ok(add(memtable, entry))
          all.push(entry)
        }
        assert.deepEqual(entryAt(cursor), here)
        const isForward = choices.next().value !== 0
        step = isForward ? cursor.next() : cursor.prev()
        const sorted = all.sort(compareEntries)
        const expected =
          sorted[sorted.findIndex(entry => compareEntries(entry, here) === 0) + (isForward ? 1 : -1)]
        assert.deepEqual(step === Step.moved ? entryAt(cursor) : undefined, expected)
      }
    }),
    { numRuns: 30 },
  )
})

test('many entries keep their order through every depth of the tree', () => {
  for (const multiplier of [1, 7919, 99_999]) {
    const count = 100_000
    const memtable = new Memtable(1, Memtable.arenaBytesFor(count, count * 11))
    for (let i = 0; i < count; i++) {
      const number = (i * multiplier) % 100_003
      const key = encodeUtf8(`key${String(number).padStart(8, '0')}`)
      assert.ok(memtable.add(i + 1, ValueType.Value, key, 0, key.length, emptyBytes, 0, 0))
    }
    const cursor = memtable.cursor()
    let previous = ''
    let seen = 0
    for (let step = cursor.first(); step === Step.moved; step = cursor.next(), seen++) {
      const key = decodeUtf8(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd))
      assert.ok(key > previous)
      previous = key
    }
    assert.equal(seen, count)
  }
})

test('a full memtable refuses an entry and stays as it was', () => {
  const memtable = new Memtable(1, 40_000)
  const entries: Entry[] = []
  for (let i = 1; ; i++) {
    const entry = {
      key: String((i * 7919) % 1009),
      sequence: i,
      type: ValueType.Value,
      value: 'x'.repeat(i % 50),
    }
    if (!add(memtable, entry)) break
    entries.push(entry)
  }
  assert.ok(entries.length > 300)
  assert.ok(!memtable.hasRoom(100))
  assert.ok(memtable.memoryUsage <= 40_000)
  assert.deepEqual(forward(memtable.cursor()), [...entries].sort(compareEntries))
})

test('hasRoom and arenaBytesFor are promises that add keeps', () => {
  fc.assert(
    fc.property(entryLists, entries => {
      const bytes = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
      const memtable = new Memtable(1, Memtable.arenaBytesFor(entries.length, bytes))
      assert.ok(memtable.hasRoom(bytes, entries.length))
      for (const entry of entries) assert.ok(add(memtable, entry))
      assert.equal(memtable.counts.keyValueBytes, bytes)
    }),
  )
})

test('a worker reads a memtable without a copy of it', async () => {
  const entries = Array.from({ length: 500 }, (_, i) => {
    return { key: `k${(i * 37) % 500}`, sequence: i + 1, type: ValueType.Value, value: `v${i}` }
  })
  const memtable = filled(entries)
  const memtableModule = new URL('./memtable.ts', import.meta.url).href
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     import(${JSON.stringify(memtableModule)}).then(({ Memtable }) => {
       const cursor = Memtable.attach(workerData).cursor()
       const seen = []
       for (let step = cursor.first(); step === 1; step = cursor.next()) {
         seen.push(Buffer.from(cursor.keyBytes.slice(cursor.keyStart, cursor.valueEnd)).toString())
       }
       parentPort.postMessage(seen)
     })`,
    { eval: true, workerData: memtable.descriptor() },
  )
  const seen = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  assert.deepEqual(
    seen,
    [...entries].sort(compareEntries).map(({ key, value }) => key + value),
  )
})
