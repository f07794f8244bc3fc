import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8 } from '@varve/format/bytes'
import type {
  Database,
  FilterContext,
  FilterFunction,
  FilterOption,
  OpenOptions,
  VarveError,
} from '../index.ts'
import { nodeRuntime } from '../internal.ts'
import { playHistory } from './random-history.ts'
import { failsWith, freshPath, openFor, rowsOf, textOf } from './support.ts'

const module = new URL('./drop-filter.ts', import.meta.url)
const { default: dropMinus } = await import('./drop-filter.ts')

const filters: Record<string, FilterOption> = {
  'of a module': { module },
  'given as a function': dropMinus,
  'given as an object': { name: 'test.Drop', filter: dropMinus },
}

for (const [name, compactionFilter] of Object.entries(filters)) {
  test(`a filter ${name} removes and changes values while they are compacted, and not before`, async t => {
    const path = freshPath(t)
    const db = await openFor(t, path, { compactionFilter })
    await db.put('a', '-gone')
    await db.put('b', '*twice')
    await db.put('c', 'stays')
    await db.put('d', 'old')
    await db.flush()
    await db.compact()
    const rows = [
      ['b', 'twicetwice'],
      ['c', 'stays'],
      ['d', 'old'],
    ]
    assert.deepEqual(await rowsOf(db), rows)
    await db.put('d', '-new')
    await db.flush()
    assert.equal(await textOf(db, 'd'), '-new', 'a flush does not ask it')
    await db.compact()
    assert.deepEqual(await rowsOf(db), rows.slice(0, 2), 'what an older table has does not come back')
  })
}

test('threads load the filter of a module', async t => {
  const db = await openFor(t, freshPath(t), { compactionFilter: { module } }, nodeRuntime({ workers: 1 }))
  await db.put('a', '-gone')
  await db.put('b', 'stays')
  await db.compact()
  assert.deepEqual(await rowsOf(db), [['b', 'stays']])
})

test('what the filter removes in a level leaves nothing of the levels below', async t => {
  const options: OpenOptions = { compactionFilter: dropMinus, disableAutoCompactions: true }
  const db = await openFor(t, freshPath(t), options)
  await db.put('a', 'old')
  await db.compact()
  await db.put('a', '-new')
  await db.put('b', 'x')
  await db.flush()
  await db.compact({ rewriteBottommost: false })
  assert.deepEqual(await rowsOf(db), [['b', 'x']])
})

test('a file that could be moved as it is goes through the filter when a compaction was asked for', async t => {
  const db = await openFor(t, freshPath(t), { compactionFilter: dropMinus, disableAutoCompactions: true })
  await db.put('a', '-gone')
  await db.put('b', 'stays')
  await db.flush()
  await db.compact({ rewriteBottommost: false })
  assert.deepEqual(await rowsOf(db), [['b', 'stays']])
  assert.equal(db.statistics().trivialMoves, 0)
})

test('what a snapshot sees is not filtered until it is closed', async t => {
  const seen: string[] = []
  const filter: FilterFunction = (key, value, kind) => {
    seen.push(`${kind} ${decodeUtf8(key)}=${decodeUtf8(value)}`)
    return 'remove'
  }
  const db = await openFor(t, freshPath(t), { compactionFilter: filter, mergeOperator: 'stringappend' })
  await db.put('a', '1')
  await db.merge('b', '1')
  const snapshot = db.snapshot()
  await db.put('a', '2')
  await db.merge('b', '2')
  await db.compact()
  assert.deepEqual(seen, ['value a=2', 'mergeOperand b=2'])
  assert.equal(decodeUtf8((await db.get('a', { snapshot })) ?? new Uint8Array()), '1')
  assert.equal(await textOf(db, 'a'), undefined)
  assert.equal(await textOf(db, 'b'), '1')
  snapshot.close()
  await db.compact()
  assert.deepEqual(seen.slice(2), ['value b=1'], 'what compactions have merged is a value')
  assert.deepEqual(await rowsOf(db), [])
})

test('the filter is asked about each operand; without operands the value below is a value again', async t => {
  const filter: FilterFunction = (_key, value, kind) => {
    if (kind === 'mergeOperand')
      return value[0] === 0x2d ? 'remove' : { value: Buffer.from(`<${decodeUtf8(value)}>`) }
    return value[0] === 0x2d ? 'remove' : 'keep'
  }
  const db = await openFor(t, freshPath(t), {
    compactionFilter: filter,
    mergeOperator: 'stringappend',
    disableAutoCompactions: true,
  })
  await db.put('a', '-kept as a base')
  await db.put('b', '-gone')
  await db.merge('c', '-1')
  await db.flush() // Which merges what it has.
  await db.put('c', 'x')
  await db.merge('b', '-1')
  await db.merge('a', '1')
  await db.flush()
  await db.merge('c', '-1')
  await db.merge('a', '-2')
  await db.compact()
  assert.deepEqual(await rowsOf(db), [
    ['a', '-kept as a base,<1>'],
    ['c', 'x'],
  ])
})

test('after skipUntil the keys before it go without being asked about, and none comes back from below', async t => {
  const asked: string[] = []
  const filter: FilterFunction = (key, value) => {
    asked.push(decodeUtf8(key))
    if (value[0] === 0x2d) return { skipUntil: value.subarray(1) }
    return 'keep'
  }
  const options: OpenOptions = { compactionFilter: filter, disableAutoCompactions: true }
  const db = await openFor(t, freshPath(t), options)
  for (const key of ['a', 'b', 'c', 'd']) await db.put(key, 'old')
  await db.compact()
  asked.length = 0
  await db.put('a', 'new')
  await db.put('b', '-d')
  await db.put('c', 'new')
  await db.put('d', '-a')
  await db.flush()
  await db.compact()
  assert.deepEqual(asked, ['a', 'b', 'd'])
  assert.deepEqual(await rowsOf(db), [
    ['a', 'new'],
    ['d', '-a'],
  ])
})

test('the filter is told what asks it', async t => {
  const contexts: FilterContext[] = []
  const filter: FilterFunction = (_key, _value, _kind, context) => {
    contexts.push(context)
    return 'keep'
  }
  const options = { columnFamilies: { users: { compactionFilter: filter } } }
  const db = await openFor(t, freshPath(t), options)
  const users = await db.columnFamily('users')
  await users.put('a', '1')
  await users.compact()
  const { columnFamily, columnFamilyId, reason, isManualCompaction, isFullCompaction, isBottommost, level } =
    contexts[0]
  assert.deepEqual(
    { columnFamily, columnFamilyId, reason, isManualCompaction, isFullCompaction, isBottommost, level },
    {
      columnFamily: 'users',
      columnFamilyId: users.id,
      reason: 'compaction',
      isManualCompaction: true,
      isFullCompaction: true,
      isBottommost: true,
      level: 0,
    },
  )
})

for (const compactionFilter of [
  { module, export: 'inFlushes' },
  { name: 'test.Here', filter: dropMinus, filtersFlushes: true },
]) {
  const where = 'module' in compactionFilter ? 'of a module' : 'given itself'
  test(`a filter ${where} that wants it is asked in flushes, too`, async t => {
    const db = await openFor(t, freshPath(t), { compactionFilter })
    await db.put('a', '-gone')
    await db.put('b', '*x')
    await db.flush()
    assert.deepEqual(await rowsOf(db), [['b', 'xx']])
  })
}

async function failureOf(db: Database): Promise<VarveError> {
  for (;;) {
    if (db.backgroundError !== undefined) return db.backgroundError
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** As JavaScript would give it. */
function untyped(filter: unknown): FilterOption {
  return filter as FilterOption
}

const failures: Record<string, [FilterOption, RegExp]> = {
  'throws in a thread': [{ module, export: 'failing' }, /filter failing failed: Error: no filter today/],
  throws: [
    () => {
      throw new Error('oh')
    },
    /given as a function failed: Error: oh/,
  ],
  'gives garbage': [untyped(() => true), /is no decision: true/],
  'gives nothing': [untyped(() => undefined), /is no decision: undefined/],
  'gives a value that is none': [untyped(() => ({ value: 'text' })), /object with value/],
}

for (const [what, [compactionFilter, message]] of Object.entries(failures)) {
  test(`a filter that ${what} costs nothing: the compaction fails and says so`, async t => {
    const path = freshPath(t)
    const db = await openFor(t, path, { compactionFilter, level0FileNumCompactionTrigger: 2 })
    await db.put('a', '1')
    await assert.rejects(db.compact(), failsWith('FILTER_FAILED', message))
    assert.equal(db.backgroundError, undefined, 'who asked for it has been told')
    await db.put('a', '1')
    await db.put('b', '2')
    await db.flush()
    const error = await failureOf(db)
    assert.match(error.message, message)
    assert.equal(error.code, 'FILTER_FAILED')
    await assert.rejects(db.put('c', '3'), failsWith('FILTER_FAILED', /goes on after resume/))
    const rows = [
      ['a', '1'],
      ['b', '2'],
    ]
    assert.deepEqual(await rowsOf(db), rows)
    await db.close()
    const reopened = await openFor(t, path, { level0FileNumCompactionTrigger: 2 })
    assert.deepEqual(await rowsOf(reopened), rows)
  })
}

test('writing goes on after resume() once the filter works', async t => {
  let isFailing = true
  const filter: FilterFunction = () => {
    if (isFailing) throw new Error('oh')
    return 'remove'
  }
  const db = await openFor(t, freshPath(t), { compactionFilter: filter, level0FileNumCompactionTrigger: 2 })
  for (const value of ['1', '2']) {
    await db.put('a', value)
    await db.flush()
  }
  await failureOf(db)
  isFailing = false
  await db.resume()
  await db.put('b', '2')
  await db.compact()
  assert.deepEqual(await rowsOf(db), [])
})

test('what is no filter is refused when the database is opened', async t => {
  for (const wrong of [7, {}, { name: 'x' }, { filter: 1, name: 'x' }, { module: 7 }]) {
    await assert.rejects(
      openFor(t, freshPath(t), { compactionFilter: wrong as FilterOption }),
      failsWith('INVALID_ARGUMENT', /compactionFilter/),
    )
  }
  for (const name of ['notAFilter', 'missing']) {
    await assert.rejects(
      openFor(t, freshPath(t), { compactionFilter: { module, export: name } }),
      failsWith('INVALID_ARGUMENT', /is not one/),
    )
  }
})

test('a filter that is given itself lets others have their turn, though it removes everything', async t => {
  let turns = 0
  let first: number | undefined
  let last = 0
  const filter: FilterFunction = () => {
    first ??= turns
    last = turns
    return 'remove'
  }
  const db = await openFor(t, freshPath(t), { compactionFilter: filter })
  const batch = Array.from({ length: 60_000 }, (_, i) => ({
    type: 'put' as const,
    key: `key${i}`,
    value: 'x',
  }))
  await db.write(batch)
  await db.flush()
  let isDone = false
  const count = (): void => {
    turns++
    if (!isDone) setImmediate(count)
  }
  const compacted = db.compact()
  setImmediate(count)
  await compacted
  isDone = true
  assert.deepEqual(await rowsOf(db), [])
  const meanwhile = last - (first ?? 0)
  assert.ok(meanwhile >= 60_000 / 2048 - 2, `${meanwhile} turns while it was asked`)
})

test('a filter of values gives the same at every moment, however the writes are spread', async t => {
  // It removes nothing that a reader could tell apart: the empty value is never written.
  const filter: FilterFunction = (_key, value) => (value.length === 0 ? 'remove' : 'keep')
  const weights = { put: 40, merge: 20, delete: 12, deleteRange: 3 }
  const options: OpenOptions = {
    compactionFilter: filter,
    mergeOperator: { name: 'stringappend', delimiter: '' },
  }
  for (let seed = 1; seed <= 2; seed++) await playHistory(t, seed, 600, weights, options)
})
