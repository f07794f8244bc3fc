import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { CompressionType } from '@varve/format/compress'
import { isVarveError } from '@varve/format/errors'
import { bytewise, ValueType } from '@varve/format/key'
import type { TableBuilderOptions } from '@varve/format/sst'
import { BlockCache, poisonIdleBlocks } from '../cache/index.ts'
import { type InternalCursor, SeekTarget, Step } from '../cursor/cursor.ts'
import { drive, driveSync } from '../cursor/driver.ts'
import { compareEntries, type FakeEntry, FakeRun } from '../cursor/fake-run.test-support.ts'
import { mergeCursors } from '../cursor/merging-cursor.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import type { RangeTombstones } from '../tombstone/index.ts'
import { FileMeta } from '../version/file-meta.ts'
import { LevelCursor } from './level-cursor.ts'
import { OpenFiles } from './open-files.ts'
import { TableCache } from './table-cache.ts'
import { TableCursor } from './table-cursor.ts'
import { TableReader } from './table-reader.ts'
import { addTable, MemoryFiles } from './tables.test-support.ts'

// Whoever reads a block that nobody holds for it is to notice.
poisonIdleBlocks()

function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Keys of several lengths with several versions each. */
function makeEntries(count: number, keys: number, seed: number): FakeEntry[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, index) => ({
    key: makeKey(random(keys)),
    sequence: index + 1,
    type: random(4) === 0 ? ValueType.Deletion : ValueType.Value,
    value: encodeUtf8('v'.repeat(random(30)) + index),
  }))
}

function makeKey(number: number): Uint8Array {
  return encodeUtf8(`key${'x'.repeat(number % 7)}${String(number).padStart(5, '0')}`)
}

const forms: [string, TableBuilderOptions][] = [
  ['default', {}],
  ['small blocks', { blockSize: 64 }],
  ['format_version 2', { formatVersion: 2, blockSize: 200 }],
  ['Bloom, LZ4', { bloomBitsPerKey: 10, blockSize: 300, compression: CompressionType.LZ4 }],
]

const caches = [0, 3000, 1 << 24]

/** Random movements of a cursor compared with those of a sorted array. */
function compareMovements(cursor: InternalCursor, entries: FakeEntry[], keys: number, seed: number): void {
  const model = new FakeRun(entries)
  const random = randomFrom(seed)
  const target = new SeekTarget()
  const kinds = [
    'first',
    'last',
    'seek',
    'seekForPrev',
    'next',
    'next',
    'next',
    'next',
    'prev',
    'prev',
    'prev',
  ] as const
  let kind: (typeof kinds)[number] = 'first'
  for (let i = 0; i < 1500; i++) {
    // Runs of the same movement, so that read-ahead sets in.
    if (random(8) === 0) kind = kinds[random(kinds.length)]
    if ((kind === 'next' || kind === 'prev') && !model.valid) kind = kind === 'next' ? 'first' : 'last'
    const key = makeKey(random(keys))
    target.set(key, 0, key.length, random(entries.length))
    const move = (moved: InternalCursor) =>
      kind === 'seek' || kind === 'seekForPrev' ? moved[kind](target) : moved[kind]()
    if (random(20) === 0) cursor.seek(target) // Perhaps abandoned while it waits.
    if (kind === 'next' || kind === 'prev') restore(cursor, model)
    const step = driveSync(() => move(cursor), cursor)
    assert.equal(step, move(model), kind)
    assert.equal(cursor.valid, model.valid)
    if (model.valid) assertSame(cursor, model)
  }
}

/** Puts the cursor where the model is. */
function restore(cursor: InternalCursor, model: FakeRun): void {
  if (cursor.valid && sameKey(cursor, model)) return
  const target = new SeekTarget()
  target.setKey(model.keyBytes.slice(), model.keyStart, model.keyEnd)
  target.trailerLow = model.trailerLow
  target.trailerHigh = model.trailerHigh
  driveSync(() => cursor.seek(target), cursor)
}

function sameKey(a: InternalCursor, b: InternalCursor): boolean {
  return rowOf(a) === rowOf(b)
}

function rowOf(cursor: InternalCursor): string {
  const key = decodeUtf8(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))
  const value = decodeUtf8(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd))
  return `${key} ${cursor.trailerHigh}:${cursor.trailerLow} ${value}`
}

function assertSame(cursor: InternalCursor, model: InternalCursor): void {
  assert.equal(rowOf(cursor), rowOf(model))
  assert.equal(cursor.prefixHigh, model.prefixHigh)
  assert.equal(cursor.prefixLow, model.prefixLow)
}

for (const [name, options] of forms) {
  for (const capacity of caches) {
    for (const readahead of [0, 1000]) {
      test(`a table cursor moves like a sorted array (${name}, cache ${capacity}, readahead ${readahead})`, () => {
        const fs = new MemoryFiles()
        const entries = makeEntries(700, 150, 1)
        const record = addTable(fs, 7, entries, options)
        const table = TableReader.openSync(fs, '/db/000007.sst', record, {
          cache: new BlockCache(capacity),
          readahead,
        })
        compareMovements(new TableCursor(table), entries, 160, 2)
        table.closeSync()
        assert.equal(fs.openCount, 0)
      })
    }
  }
}

for (const capacity of caches) {
  test(`a level cursor moves like a sorted array, also where a key lies in two files (cache ${capacity})`, () => {
    const fs = new MemoryFiles()
    const entries = makeEntries(900, 40, 3)
    const sorted = entries.toSorted(compareEntries)
    const files: FileMeta[] = []
    for (let i = 0; i < sorted.length; i += 110) {
      const number = 10 + files.length
      files.push(new FileMeta(addTable(fs, number, sorted.slice(i, i + 110), { blockSize: 200 })))
    }
    const tables = new TableCache({
      fs,
      directory: '/db',
      cache: new BlockCache(capacity),
      openFiles: new OpenFiles(2),
    })
    compareMovements(new LevelCursor(files, tables), entries, 45, 4)
    assert.ok(fs.openCount <= 3, `${fs.openCount} descriptors`)
  })
}

for (const capacity of caches) {
  test(`a level cursor passes over files that are wider than their entries, and tells of their tombstones (cache ${capacity})`, () => {
    const fs = new MemoryFiles()
    const random = randomFrom(9)
    const kept: FakeEntry[] = []
    const files: FileMeta[] = []
    const key = (number: number) => encodeUtf8(`key${String(number).padStart(3, '0')}`)
    for (let start = 0; start < 200; start += 20) {
      // Every other file has entries in the middle of its range only, and every third has none.
      const entries = Array.from({ length: 20 }, (_, i) => start + i)
        .filter(number => (start / 20) % 3 !== 2 && number % 20 >= 5 && number % 20 < 15 && random(3) > 0)
        .map(number => ({
          key: key(number),
          sequence: number + 1,
          type: ValueType.Value,
          value: encodeUtf8('value'),
        }))
      kept.push(...entries)
      const deleted = { start: key(start), end: key(start + 20), sequence: 500 }
      files.push(new FileMeta(addTable(fs, 10 + files.length, entries, { blockSize: 60 }, deleted)))
    }
    const tables = new TableCache({
      fs,
      directory: '/db',
      cache: new BlockCache(capacity),
      openFiles: new OpenFiles(2),
    })
    const told = new Set<number>()
    const enters = ({ starts }: RangeTombstones) => told.add(Number(decodeUtf8(starts[0]).slice(3)))
    const cursor = new LevelCursor(files, tables, true, enters)
    for (let number = 0; number < 200; number++) {
      for (const forward of [true, false]) {
        const target = new SeekTarget().setBefore(key(number), 0, 6)
        const step = driveSync(() => (forward ? cursor.seek(target) : cursor.seekForPrev(target)), cursor)
        const expected = forward
          ? kept.find(entry => bytewise.compareKeys(entry.key, key(number)) >= 0)
          : kept.findLast(entry => bytewise.compareKeys(entry.key, key(number)) < 0)
        const found = cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)
        assert.equal(
          step === Step.moved ? decodeUtf8(found) : undefined,
          expected && decodeUtf8(expected.key),
        )
        assert.ok(!forward || told.has(number - (number % 20)), `the tombstone over ${number}`)
      }
    }
    const seen: string[] = []
    for (
      let step = driveSync(() => cursor.first(), cursor);
      step === Step.moved;
      step = driveSync(() => cursor.next(), cursor)
    )
      seen.push(decodeUtf8(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)))
    assert.deepEqual(
      seen,
      kept.map(entry => decodeUtf8(entry.key)),
    )
  })
}

test('a file that a tombstone made wider is known as such, also when the cache has let its table go', () => {
  const fs = new MemoryFiles()
  const tables = new TableCache({ fs, directory: '/db', cache: new BlockCache(0) })
  const entry = { key: encodeUtf8('a'), sequence: 1, type: ValueType.Value, value: encodeUtf8('value') }
  const deleted = { start: encodeUtf8('a'), end: encodeUtf8('z'), sequence: 2 }
  const file = new FileMeta(addTable(fs, 7, [entry], {}, deleted))
  const cursor = new LevelCursor([file], tables)
  for (const key of ['m', 'n']) {
    const target = new SeekTarget().setBefore(encodeUtf8(key), 0, 1)
    assert.equal(
      driveSync(() => cursor.seek(target), cursor),
      Step.ended,
    )
    file.table = undefined
  }
})

for (const capacity of caches) {
  test(`levels that begin and end with files without entries are merged without reading again and again (cache ${capacity})`, () => {
    const fs = new MemoryFiles()
    const tables = new TableCache({ fs, directory: '/db', cache: new BlockCache(capacity) })
    const key = (number: number) => encodeUtf8(`key${String(number).padStart(3, '0')}`)
    const levelOf = (sequence: number): LevelCursor => {
      const files = Array.from({ length: 6 }, (_, file) => {
        const isEmpty = file < 2 || file > 3
        const entry = { key: key(10 * file + 5), sequence, type: ValueType.Value, value: encodeUtf8('value') }
        const deleted = { start: key(10 * file), end: key(10 * file + 10), sequence: 500 }
        return new FileMeta(addTable(fs, 10 * sequence + file, isEmpty ? [] : [entry], {}, deleted))
      })
      return new LevelCursor(files, tables)
    }
    const cursor = mergeCursors([levelOf(3), levelOf(2), levelOf(1)])
    const target = new SeekTarget()
    const movements: [name: string, move: () => Step, key: string][] = [
      ['first', () => cursor.first(), 'key025 3'],
      ['last', () => cursor.last(), 'key035 1'],
      ['seek', () => cursor.seek(target.setBefore(key(1), 0, 6)), 'key025 3'],
      ['seekForPrev', () => cursor.seekForPrev(target.setBefore(key(58), 0, 6)), 'key035 1'],
    ]
    for (const [name, move, expected] of movements) {
      let repetitions = 0
      const step = driveSync(() => {
        assert.ok(++repetitions < 20, `${name} does not end`)
        return move()
      }, cursor)
      assert.equal(step, Step.moved, name)
      const found = decodeUtf8(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))
      assert.equal(`${found} ${cursor.trailerLow >>> 8}`, expected, name)
    }
  })
}

for (const capacity of caches) {
  test(`lookups see what a reader at their sequence sees, with promises and without (cache ${capacity})`, async () => {
    for (const [, options] of forms) {
      const fs = new MemoryFiles()
      const entries = makeEntries(600, 150, 5)
      const record = addTable(fs, 7, entries, options)
      const table = await TableReader.open(fs, '/db/000007.sst', record, { cache: new BlockCache(capacity) })
      const random = randomFrom(6)
      const lookup = new PointLookup()
      for (let i = 0; i < 1000; i++) {
        const key = makeKey(random(170))
        const sequence = random(650)
        const versions = entries.filter(
          entry => Buffer.compare(entry.key, key) === 0 && entry.sequence <= sequence,
        )
        const newest = versions.at(-1)
        lookup.begin(key, 0, key.length, sequence)
        let step = table.get(lookup)
        while (step === Step.needsBlock) {
          if (i % 2 === 0) await lookup.wanted?.load()
          else lookup.wanted?.loadSync()
          step = table.get(lookup)
        }
        assert.equal(step === Step.moved, newest !== undefined)
        if (newest?.type !== ValueType.Value) assert.notEqual(lookup.state, LookupState.value)
        else assert.deepEqual(lookup.valueBytes.slice(lookup.valueStart, lookup.valueEnd), newest.value)
      }
      await table.close()
      assert.equal(fs.openCount, 0)
    }
  })
}

test('a filter spares the read of a key that is not there', () => {
  const fs = new MemoryFiles()
  const record = addTable(fs, 7, makeEntries(500, 400, 7), { bloomBitsPerKey: 10 })
  const table = TableReader.openSync(fs, '/db/000007.sst', record)
  const lookup = new PointLookup()
  let blocks = 0
  for (let i = 0; i < 1000; i++) {
    const key = encodeUtf8(`key${i}no`)
    lookup.begin(key, 0, key.length, 1000)
    if (table.get(lookup) === Step.needsBlock) blocks++
  }
  assert.ok(blocks < 40, `${blocks} blocks wanted`)
})

test('a long scan reads ever longer spans, and a scan told to reads long ones at once', async () => {
  const entries = makeEntries(20_000, 1e9, 8)
  for (const [readahead, most] of [
    [0, 25],
    [2 << 20, 2],
  ]) {
    for (const capacity of [0, 1 << 24]) {
      for (const kinds of [['first', 'next'] as const, ['last', 'prev'] as const]) {
        const fs = new MemoryFiles()
        const record = addTable(fs, 7, entries, { compression: CompressionType.None })
        const cache = new BlockCache(capacity)
        const table = TableReader.openSync(fs, '/db/000007.sst', record, { cache, readahead })
        fs.reads = 0
        const cursor = new TableCursor(table)
        let rows = 0
        let step = await drive(() => cursor[kinds[0]](), cursor)
        while (step === Step.moved) {
          rows++
          step = cursor[kinds[1]]()
          if (step === Step.needsBlock) step = await drive(() => cursor[kinds[1]](), cursor)
        }
        assert.equal(rows, 20_000)
        assert.ok(table.index.count > 150)
        assert.ok(fs.reads <= most, `${fs.reads} reads`)
      }
    }
  }
})

test('a table that is not the recorded one is refused with its file', async () => {
  const fs = new MemoryFiles()
  const record = addTable(fs, 7, makeEntries(50, 20, 9), {
    dbId: 'some database',
    dbSessionId: '0123456789ABCDEFGHIJ',
    originalFileNumber: 7,
  })
  const isCorrupt = (error: unknown) => isVarveError(error, 'CORRUPTION') && error.file === '/db/000007.sst'
  const open = (identity: object) => TableReader.open(fs, '/db/000007.sst', { ...record, ...identity })
  await assert.rejects(open({ size: record.size + 1 }), isCorrupt)
  await assert.rejects(open({ uniqueId: new Uint8Array(16).fill(1) }), isCorrupt)
  assert.throws(() => TableReader.openSync(fs, '/db/000007.sst', { ...record, size: 5 }), isCorrupt)
  const table = await open({ uniqueId: new Uint8Array(16) })
  await table.close()
  assert.equal(fs.openCount, 0)
})

test('a flipped bit in a data block is an error with file and offset, at every read of it', async () => {
  const fs = new MemoryFiles()
  const record = addTable(fs, 7, makeEntries(200, 100, 10), { blockSize: 300 })
  const bytes = fs.files.get('/db/000007.sst') as Uint8Array
  bytes[1000] ^= 4
  const table = TableReader.openSync(fs, '/db/000007.sst', record, { cache: new BlockCache(1 << 20) })
  const isCorrupt = (error: unknown) =>
    isVarveError(error, 'CORRUPTION') && error.file === '/db/000007.sst' && (error.offset ?? -1) >= 0
  const scan = () => {
    const cursor = new TableCursor(table)
    let step = driveSync(() => cursor.first(), cursor)
    while (step === Step.moved) step = driveSync(() => cursor.next(), cursor)
  }
  assert.throws(scan, isCorrupt)
  assert.throws(scan, isCorrupt)
  const cursor = new TableCursor(table)
  await assert.rejects(async () => {
    let step = await drive(() => cursor.last(), cursor)
    while (step === Step.moved) step = await drive(() => cursor.prev(), cursor)
  }, isCorrupt)
})

test('readers that want the same block at the same time share one read', async () => {
  const fs = new MemoryFiles()
  const record = addTable(fs, 7, makeEntries(50, 20, 11))
  const table = TableReader.openSync(fs, '/db/000007.sst', record, { cache: new BlockCache(1 << 20) })
  fs.reads = 0
  const [a, b] = await Promise.all([table.loadBlock(0, true), table.loadBlock(0, true)])
  assert.equal(a, b)
  assert.equal(fs.reads, 1)
})

test('closing a table waits for the reads under way, and no read follows', async () => {
  const fs = new MemoryFiles()
  const record = addTable(fs, 7, makeEntries(50, 20, 12))
  const table = TableReader.openSync(fs, '/db/000007.sst', record)
  const reading = table.loadBlock(0, false)
  const closing = table.close()
  await reading
  await closing
  assert.equal(fs.openCount, 0)
  await assert.rejects(table.loadBlock(0, false), (error: unknown) => isVarveError(error, 'NOT_OPEN'))
})
