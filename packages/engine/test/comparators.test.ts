/** Column families in another order than the bytewise one: their own answers, the same everywhere, for ever. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { toHex } from '@varve/format/bytes'
import fc from 'fast-check'
import {
  type ComparatorOption,
  type Database,
  type OpenOptions,
  open,
  verifyDatabase,
  WriteBatch,
} from '../index.ts'
import { failing } from './comparator-modules.ts'
import { failsWith, failureOf, freshPath, killedCopy, newestFileOf, openFor, rowsOf } from './support.ts'

const modules = new URL('./comparator-modules.ts', import.meta.url).href
const REVERSE = 'rocksdb.ReverseBytewiseComparator'
const UINT64 = 'rocksdb.Uint64Comparator'

type Compare = (a: Buffer, b: Buffer) => number

interface Order {
  name: string
  comparator: ComparatorOption
  compare: Compare
  /** Keys of a small space. */
  key: fc.Arbitrary<Uint8Array>
}

const textKey = fc
  .array(fc.constantFrom(0, 0x61, 0x62, 0xff), { maxLength: 5 })
  .map(bytes => Uint8Array.from([0x6b, ...bytes]))
const numberKey = fc
  .array(fc.constantFrom(0, 1, 0xff), { minLength: 3, maxLength: 3 })
  .map(([a, b, c]) => Uint8Array.from([a, b, 0, 0, 0, 0, 0, c]))

const orders: Order[] = [
  { name: 'reverse bytewise', comparator: REVERSE, compare: (a, b) => Buffer.compare(b, a), key: textKey },
  {
    name: 'uint64',
    comparator: UINT64,
    compare: (a, b) => Number(a.readBigUInt64LE() - b.readBigUInt64LE()),
    key: numberKey,
  },
  {
    name: 'an order of its own',
    comparator: { module: modules },
    compare: (a, b) => a.length - b.length || Buffer.compare(a, b),
    key: textKey,
  },
  {
    name: 'an order of its own with separators',
    comparator: { module: modules, export: 'withSeparator' },
    compare: Buffer.compare,
    key: textKey,
  },
]

/** Small tables, blocks and levels, so that a few hundred keys are in all places. */
const small: OpenOptions = {
  writeBufferSize: 65_536,
  blockSize: 128,
  targetFileSizeBase: 4096,
  maxBytesForLevelBase: 8192,
  maxBytesForLevelMultiplier: 2,
  level0FileNumCompactionTrigger: 2,
  levelCompactionDynamicLevelBytes: false,
  compression: 'none',
  mergeOperator: 'stringappend',
  maxSubcompactions: 3,
}

class SortedRows {
  readonly rows = new Map<string, [key: Buffer, value: string]>()
  readonly compare: Compare

  constructor(compare: Compare) {
    this.compare = compare
  }

  list(keeps: (key: Buffer) => boolean = () => true): [string, string][] {
    return [...this.rows.values()]
      .filter(([key]) => keeps(key))
      .sort(([a], [b]) => this.compare(a, b))
      .map(([key, value]) => [toHex(key), value])
  }
}

type Action =
  | { kind: 'put' | 'merge'; key: Uint8Array; value: string }
  | { kind: 'delete'; key: Uint8Array }
  | { kind: 'deleteRange'; a: Uint8Array; b: Uint8Array }
  | { kind: 'flush' | 'compact' | 'reopen' | 'snapshot' }

function actions(key: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Action[]> {
  const value = fc.string({ maxLength: 60 })
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 20, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('merge' as const), key, value }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('deleteRange' as const), a: key, b: key }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('flush', 'flush', 'flush', 'compact', 'reopen', 'snapshot'),
      }),
    },
  )
  return fc.array(action, { minLength: 20, maxLength: 120 })
}

function bounded(order: Order, a: Uint8Array, b: Uint8Array): [start: Uint8Array, end: Uint8Array] {
  return order.compare(Buffer.from(a), Buffer.from(b)) <= 0 ? [a, b] : [b, a]
}

async function perform(db: Database, model: SortedRows, order: Order, action: Action): Promise<void> {
  switch (action.kind) {
    case 'put':
      model.rows.set(toHex(action.key), [Buffer.from(action.key), action.value])
      return db.put(action.key, action.value)
    case 'merge': {
      const before = model.rows.get(toHex(action.key))?.[1]
      const value = before === undefined ? action.value : `${before},${action.value}`
      model.rows.set(toHex(action.key), [Buffer.from(action.key), value])
      return db.merge(action.key, action.value)
    }
    case 'delete':
      model.rows.delete(toHex(action.key))
      return db.delete(action.key)
    case 'deleteRange': {
      const [start, end] = bounded(order, action.a, action.b)
      for (const [key] of [...model.rows.values()])
        if (order.compare(key, Buffer.from(start)) >= 0 && order.compare(key, Buffer.from(end)) < 0)
          model.rows.delete(toHex(key))
      return db.deleteRange(start, end)
    }
    case 'flush':
      return db.flush()
    default:
      return db.compact()
  }
}

function texts(rows: readonly (readonly [Uint8Array, Uint8Array])[]): [string, string][] {
  return rows.map(([key, value]) => [toHex(key), Buffer.from(value).toString()])
}

/** Whole scans, scans within bounds, seeks and lookups. */
async function compareAll(
  db: Database,
  model: SortedRows,
  order: Order,
  probes: readonly Uint8Array[],
): Promise<void> {
  const all = model.list()
  assert.deepEqual(texts(await db.entries().toArray()), all)
  assert.deepEqual(texts(await db.entries({ reverse: true }).toArray()), all.toReversed())
  for (const [i, probe] of probes.entries()) {
    const at = Buffer.from(probe)
    const order_ = (key: Buffer) => order.compare(key, at)
    assert.equal(
      Buffer.from((await db.get(probe)) ?? 'none').toString(),
      model.rows.get(toHex(probe))?.[1] ?? 'none',
    )
    const ranges: [OpenRange, (key: Buffer) => boolean][] = [
      [{ gte: probe }, key => order_(key) >= 0],
      [{ gt: probe }, key => order_(key) > 0],
      [{ lt: probe }, key => order_(key) < 0],
      [{ lte: probe }, key => order_(key) <= 0],
      [
        { gt: probe, lte: probes[(i + 1) % probes.length] },
        key => order_(key) > 0 && order.compare(key, Buffer.from(probes[(i + 1) % probes.length])) <= 0,
      ],
    ]
    for (const [range, keeps] of ranges) {
      assert.deepEqual(texts(await db.entries(range).toArray()), model.list(keeps))
      assert.deepEqual(
        texts(await db.entries({ ...range, reverse: true }).toArray()),
        model.list(keeps).toReversed(),
      )
      using within = db.cursor(range)
      assert.equal(
        within.seek(probe) ? toHex(within.key) : '',
        model.list(key => keeps(key) && order_(key) >= 0)[0]?.[0] ?? '',
      )
      assert.equal(
        within.seekForPrev(probe) ? toHex(within.key) : '',
        model.list(key => keeps(key) && order_(key) <= 0).at(-1)?.[0] ?? '',
      )
    }
  }
}

type OpenRange = { gte?: Uint8Array; gt?: Uint8Array; lt?: Uint8Array; lte?: Uint8Array }

describe('a family in another order answers as a sorted list in that order', () => {
  for (const order of orders) {
    test(order.name, async t => {
      const isOwn = typeof order.comparator !== 'string'
      await fc.assert(
        fc.asyncProperty(
          actions(order.key),
          fc.array(order.key, { minLength: 2, maxLength: 4 }),
          async (list, probes) => {
            const path = freshPath(t)
            const model = new SortedRows(order.compare)
            let db = await openFor(t, path, { ...small, comparator: order.comparator })
            let kept: { rows: [string, string][]; snapshot: ReturnType<Database['snapshot']> } | undefined
            for (const action of list) {
              if (action.kind === 'snapshot') kept ??= { rows: model.list(), snapshot: db.snapshot() }
              else if (action.kind === 'reopen') {
                kept = undefined
                await db.close()
                // What RocksDB has too is known from the MANIFEST.
                db = await openFor(t, path, isOwn ? { ...small, comparator: order.comparator } : small)
              } else await perform(db, model, order, action)
            }
            await compareAll(db, model, order, probes)
            if (kept !== undefined) {
              assert.deepEqual(texts(await db.entries({ snapshot: kept.snapshot }).toArray()), kept.rows)
            }
            await db.flush()
            await compareAll(db, model, order, probes)
            await db.close()
            const report = await verifyDatabase(path, { deep: true })
            assert.deepEqual(report.problems, [])
          },
        ),
        { numRuns: 12 },
      )
    })
  }
})

test('thousands of keys in several levels, by threads and in parts, are read as they were written', async t => {
  for (const order of orders) {
    const path = freshPath(t)
    const db = await open(path, { ...small, comparator: order.comparator })
    t.after(() => Promise.allSettled([db.close()]))
    const model = new SortedRows(order.compare)
    for (let i = 0; i < 6000; i++) {
      const number = (i * 7919) % 4000
      const key = Buffer.alloc(8)
      if (order.comparator === UINT64) key.writeBigUInt64LE(BigInt(number) << 20n)
      else key.write(`key${String(number).padStart(5, '0')}`)
      model.rows.set(toHex(key), [key, `value ${i}`])
      if (i % 6000 === 5999) await db.put(key, `value ${i}`)
      else void db.put(key, `value ${i}`)
    }
    await db.flush()
    await db.compact()
    const all = model.list()
    assert.deepEqual(texts(await db.entries().toArray()), all)
    assert.ok(db.liveFiles().length > 4)
    const middle = Buffer.from(all[all.length / 2][0], 'hex')
    const [before, behind, whole] = db.approximateSizes([{ end: middle }, { start: middle }, {}])
    assert.ok(Math.abs(before - behind) < whole / 4, `${before} and ${behind} of ${whole}`)
    await db.close()
    assert.deepEqual((await verifyDatabase(path, { deep: true })).problems, [])
  }
})

test('a prefix is a range in the reverse order too, and refused where it is none', async t => {
  const db = await openFor(t, freshPath(t), { comparator: REVERSE })
  for (const key of ['a', 'ab', 'ab\xff', 'abc', 'b', 'ba', 'c'])
    await db.put(Buffer.from(key, 'latin1'), key)
  const keysOf = async (prefix: string) =>
    (await db.keys({ prefix }).toArray()).map(key => Buffer.from(key).toString('latin1'))
  assert.deepEqual(await keysOf('ab'), ['ab\xff', 'abc', 'ab'])
  assert.deepEqual(await keysOf('b'), ['ba', 'b'])
  assert.deepEqual(await keysOf(''), ['c', 'ba', 'b', 'ab\xff', 'abc', 'ab', 'a'])
  const numbers = await db.columnFamily('numbers', { comparator: UINT64 })
  assert.throws(
    () => numbers.cursor({ prefix: 'a' }),
    failsWith('INVALID_ARGUMENT', /rocksdb\.Uint64Comparator/),
  )
})

test('the order of a family is that of its MANIFEST, and another one is refused by both names', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path, { columnFamilies: { own: { comparator: { module: modules } } } })
  await first.columnFamily('reverse', { comparator: REVERSE })
  await first.put('k', 'v', { columnFamily: 'own' })
  await first.close()
  const both =
    /"reverse" has the comparator rocksdb\.ReverseBytewiseComparator, and .* is leveldb\.BytewiseComparator/
  const families = { own: { comparator: { module: modules } } }
  const wrong = { ...families, reverse: { comparator: 'leveldb.BytewiseComparator' as const } }
  await assert.rejects(open(path, { columnFamilies: wrong }), failsWith('INVALID_ARGUMENT', both))
  await assert.rejects(
    open(path),
    failsWith('NOT_SUPPORTED', /testkit\.LengthFirst of the column family "own"/),
  )
  const other = { own: { comparator: { module: modules, export: 'otherName' } } }
  await assert.rejects(
    open(path, { columnFamilies: other }),
    failsWith('INVALID_ARGUMENT', /testkit\.LengthFirst, and .* testkit\.Other/),
  )
  const again = await openFor(t, path, { columnFamilies: families })
  assert.equal((await again.columnFamily('own')).comparator, 'testkit.LengthFirst')
  assert.equal((await again.columnFamily('reverse')).comparator, REVERSE)
  assert.match(
    readFileSync(newestFileOf(path, /^OPTIONS/), 'utf8'),
    /comparator=rocksdb\.ReverseBytewiseComparator/,
  )
})

test('what is no comparator is refused', async t => {
  const path = freshPath(t)
  const refused = async (comparator: unknown, message: RegExp) =>
    assert.rejects(
      open(path, { comparator: comparator as ComparatorOption }),
      failsWith('INVALID_ARGUMENT', message),
    )
  await refused('rocksdb.NoSuchComparator', /comparator/)
  await refused({ name: 'x', compare: () => 0 }, /comparator/)
  await refused({ module: modules, export: 'impostor' }, /impostor .* is not one/)
  await refused({ module: modules, export: 'nothing' }, /nothing .* is not one/)
  await refused({ module: './no-such-module.ts' }, /cannot be loaded/)
})

test('keys of a family of numbers have eight bytes', async t => {
  const db = await openFor(t, freshPath(t), { comparator: UINT64 })
  const eight = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  await assert.rejects(db.put('short', 'v'), failsWith('INVALID_ARGUMENT', /8 bytes/))
  await assert.rejects(db.delete('short'), failsWith('INVALID_ARGUMENT', /8 bytes/))
  await assert.rejects(db.singleDelete('short'), failsWith('INVALID_ARGUMENT', /8 bytes/))
  await assert.rejects(db.deleteRange(eight, 'short'), failsWith('INVALID_ARGUMENT', /8 bytes/))
  await assert.rejects(
    db.write([{ type: 'put', key: 'short', value: 'v' }]),
    failsWith('INVALID_ARGUMENT', /8 bytes/),
  )
  await db.put(eight, 'v')
  assert.equal((await db.entries().toArray()).length, 1)
  assert.equal(await db.get('short'), undefined)
})

test('a range that does not run the way of the order is refused, in a batch too', async t => {
  const db = await openFor(t, freshPath(t), { comparator: REVERSE })
  await db.put('b', 'v')
  await assert.rejects(db.deleteRange('a', 'c'), failsWith('INVALID_ARGUMENT', /end/))
  assert.throws(() => new WriteBatch().deleteRange('c', 'a'), failsWith('INVALID_ARGUMENT', /end/))
  await assert.rejects(db.write(new WriteBatch().deleteRange('a', 'c')), failsWith('INVALID_ARGUMENT', /end/))
  const family = await db.columnFamily('default')
  await db.write(new WriteBatch().deleteRange('c', 'a', family))
  assert.deepEqual(await rowsOf(db), [])
})

test('views want the bytewise order', async t => {
  const db = await openFor(t, freshPath(t), { columnFamilies: { people: { comparator: REVERSE } } })
  const codec = { encode: (text: string) => Buffer.from(text), decode: (bytes: Uint8Array) => String(bytes) }
  await assert.rejects(
    db.view('people', { key: codec, value: codec } as never),
    failsWith('NOT_SUPPORTED', /people .* rocksdb\.ReverseBytewiseComparator/),
  )
})

test('a comparator that is no order stops writing, and costs nothing', async t => {
  const path = freshPath(t)
  const options = { comparator: { module: modules, export: 'noOrder' } }
  const db = await openFor(t, path, options)
  for (const key of ['a', 'x1', 'x2', 'b', 'x3', 'c']) await db.put(key, key)
  const error = await failureOf(db.flush())
  assert.equal(error.code, 'COMPARATOR_FAILED')
  assert.match(error.message, /testkit\.NoOrder is no order/)
  assert.equal(db.backgroundError?.code, 'COMPARATOR_FAILED')
  await assert.rejects(db.put('d', 'd'), failsWith('COMPARATOR_FAILED'))
  await assert.rejects(db.resume(), failsWith('COMPARATOR_FAILED'))
  assert.equal(db.liveFiles().length, 0)
})

test('a comparator that fails during a write loses nothing: resume() goes on when it is well again', async t => {
  const path = freshPath(t)
  const options = { comparator: { module: modules, export: 'failing' } }
  const db = await openFor(t, path, options)
  t.after(() => {
    failing.now = false
  })
  await db.put('aa', '1')
  await db.put('b', '2')
  failing.now = true
  await db.put('!', '3')
  assert.equal(db.backgroundError?.code, 'COMPARATOR_FAILED')
  await assert.rejects(db.put('c', '4'), failsWith('COMPARATOR_FAILED'))
  await assert.rejects(db.get('b'), failsWith('COMPARATOR_FAILED'))
  assert.throws(() => db.cursor(), failsWith('COMPARATOR_FAILED'))
  await assert.rejects(db.resume(), failsWith('COMPARATOR_FAILED'))
  failing.now = false
  const copy = killedCopy(t, path)
  const expected = [
    ['!', '3'],
    ['b', '2'],
    ['aa', '1'],
  ]
  await db.resume()
  assert.deepEqual(await rowsOf(db), expected)
  const again = await openFor(t, copy, options)
  assert.deepEqual(await rowsOf(again), expected)
})

test('what stands where a comparator failed is not read until the log has been read again', async t => {
  const path = freshPath(t)
  const options = { comparator: { module: modules, export: 'failing' } }
  const db = await openFor(t, path, options)
  t.after(() => {
    failing.now = false
  })
  for (const key of ['b', 'aa', '!!!']) {
    failing.now = key === '!!!'
    await db.put(key, 'v')
  }
  failing.now = false
  const copy = killedCopy(t, path)
  await assert.rejects(db.resume(), failsWith('COMPARATOR_FAILED'))
  await assert.rejects(db.get('b'), failsWith('COMPARATOR_FAILED'))
  assert.throws(() => db.cursor(), failsWith('COMPARATOR_FAILED'))
  const again = await openFor(t, copy, options)
  assert.deepEqual(
    (await rowsOf(again)).map(([key]) => key),
    ['b', 'aa', '!!!'],
  )
})

test('a comparator that fails during a read fails that read', async t => {
  const db = await openFor(t, freshPath(t), { comparator: { module: modules, export: 'failing' } })
  t.after(() => {
    failing.now = false
  })
  await db.put('a', '1')
  await db.put('b', '2')
  await db.flush()
  failing.now = true
  await assert.rejects(db.get('!'), failsWith('COMPARATOR_FAILED', /no such key/))
  failing.now = false
  assert.equal(await db.get('!'), undefined)
  assert.equal(db.backgroundError, undefined)
  const bad = { comparator: { module: modules, export: 'noNumbers' } }
  const other = await openFor(t, freshPath(t), bad)
  await other.put('a', '1')
  await other.put('b', '1')
  assert.match(String(other.backgroundError), /no number but less/)
})

test('flushes and compactions on this thread, for a filter that is a function, have the order of their family', async t => {
  const path = freshPath(t)
  const keep = { name: 'test.Keep', filter: () => 'keep' as const, filtersFlushes: true }
  const db = await openFor(t, path, { ...small, comparator: REVERSE, compactionFilter: keep })
  for (const round of [1, 2]) {
    for (let i = 0; i < 300; i++) await db.put(`k${i % 150}`, `${round}`.repeat(50))
    await db.flush()
  }
  await db.compact()
  const keys = (await rowsOf(db)).map(([key]) => key)
  assert.equal(keys.length, 150)
  assert.deepEqual(keys, keys.toSorted().toReversed())
  await db.close()
  const report = await verifyDatabase(path, { deep: true })
  assert.deepEqual(report.problems, [])
})

test('a comparator is asked for no separator between versions of one key', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, {
    ...small,
    comparator: { module: modules, export: 'withSeparator' },
  })
  const values = ['1', '2', '3'].map(digit => digit.repeat(1000))
  const snapshots = []
  for (const value of values) {
    await db.put('key', value)
    snapshots.push(db.snapshot())
  }
  await db.compact()
  for (const [i, snapshot] of snapshots.entries())
    assert.equal(String(Buffer.from((await db.get('key', { snapshot })) ?? [])), values[i])
})
