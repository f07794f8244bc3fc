import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { bytewise, ValueType } from '@varve/format/key'
import { BlobFileCache } from '../blob/index.ts'
import { BlockCache, poisonIdleBlocks } from '../cache/index.ts'
import { compareEntries, type FakeEntry } from '../cursor/fake-run.test-support.ts'
import { Memtable } from '../memtable/index.ts'
import { InlinePace, nodeRuntime } from '../runtime/index.ts'
import { OpenFiles, TableCache } from '../table/index.ts'
import { addTable, MemoryFiles } from '../table/tables.test-support.ts'
import { FileMeta, noStatistics } from '../version/file-meta.ts'
import { Version } from '../version/version.ts'
import { getMany } from './get-many.ts'
import { get, getSync, has, type ReadEngine, type ReadFamily } from './read-path.ts'
import { type Cursor, entries, keys, openCursor, type RangeOptions, values } from './scan.ts'
import { SnapshotList } from './snapshots.ts'
import { Statistics } from './statistics.ts'
import { SuperVersion } from './super-version.ts'

// Whoever reads a block that nobody holds for it is to notice.
poisonIdleBlocks()

const KEYS = 120
const WRITES = 2000

function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function keyOf(number: number): string {
  return `key${String(number).padStart(4, '0')}`
}

/** What was written, oldest first; the sequence of entry i is i + 1. */
function makeHistory(seed: number): FakeEntry[] {
  const random = randomFrom(seed)
  return Array.from({ length: WRITES }, (_, index) => ({
    key: encodeUtf8(keyOf(random(KEYS))),
    sequence: index + 1,
    type: random(5) === 0 ? ValueType.Deletion : ValueType.Value,
    value: encodeUtf8(`${'.'.repeat(random(60))}${index}`),
  }))
}

/** A tree over the history: the oldest writes in level 2, the newest in the memtable. */
class Tree implements ReadEngine {
  readonly runtime = nodeRuntime({ workers: 1 })
  readonly pace: InlinePace
  readonly statistics = new Statistics()
  readonly openReaders = new Set<{ close(): void }>()
  readonly snapshots = new SnapshotList()
  readonly fs = new MemoryFiles()
  readonly tables: TableCache
  readonly blobs: BlobFileCache
  readonly family: ReadFamily
  readonly version: Version
  lastSequence = WRITES
  isOpen = true
  versionIsDead = false
  private files = 0

  /** With a cache of nothing every read seems to take a millisecond, so that the thread pool does most of them. */
  constructor(history: FakeEntry[], cacheBytes: number) {
    let time = 0
    const { clock, nextTurn } = this.runtime
    const slow = { ...clock, monotonic: () => time++ }
    this.pace = new InlinePace({ clock: cacheBytes > 0 ? clock : slow, nextTurn })
    const cache = new BlockCache(cacheBytes)
    const openFiles = new OpenFiles(4)
    this.tables = new TableCache({ fs: this.fs, directory: '/db', cache, openFiles })
    this.blobs = new BlobFileCache(this.fs, '/db', openFiles)
    const levels: FileMeta[][] = [
      [this.addFile(history.slice(1500, 1700)), this.addFile(history.slice(1300, 1500))],
      this.addLevel(history.slice(900, 1300)),
      this.addLevel(history.slice(0, 900)),
      [],
    ]
    this.version = new Version(0, 1, levels, [], noStatistics, () => {
      this.versionIsDead = true
    })
    const sealed = [makeMemtable(history.slice(1800, 1900)), makeMemtable(history.slice(1700, 1800))]
    const superVersion = new SuperVersion(makeMemtable(history.slice(1900)), sealed, this.version)
    this.family = {
      superVersion,
      isDropped: false,
      name: 'default',
      merge: undefined,
      prefixExtractor: undefined,
      expiry: undefined,
      order: bytewise,
    }
    this.version.unref()
  }

  refuseUnlessOpen(): void {
    assert.ok(this.isOpen)
  }

  /** Several files of a level, cut where it comes, also between versions of one key. */
  private addLevel(written: FakeEntry[]): FileMeta[] {
    const sorted = written.toSorted(compareEntries)
    const files: FileMeta[] = []
    for (let i = 0; i < sorted.length; i += 97) files.push(this.addFile(sorted.slice(i, i + 97)))
    return files
  }

  private addFile(written: FakeEntry[]): FileMeta {
    this.files++
    return new FileMeta(addTable(this.fs, this.files, written, { blockSize: 300, bloomBitsPerKey: 10 }))
  }
}

function makeMemtable(written: FakeEntry[]): Memtable {
  const memtable = new Memtable(1, 1 << 20)
  for (const { key, sequence, type, value } of written) {
    assert.ok(memtable.add(sequence, type, key, 0, key.length, value, 0, value.length))
  }
  return memtable
}

/** The database as a map, right after write number `sequence`. */
function rowsAt(history: FakeEntry[], sequence: number): Map<string, string> {
  const rows = new Map<string, string>()
  for (const entry of history.slice(0, sequence)) {
    const key = decodeUtf8(entry.key)
    rows.delete(key)
    if (entry.type === ValueType.Value) rows.set(key, decodeUtf8(entry.value))
  }
  return rows
}

const history = makeHistory(1)

for (const cacheBytes of [0, 5000, 1 << 24]) {
  test(`every way to get sees the newest value at its snapshot (cache ${cacheBytes})`, async () => {
    const tree = new Tree(history, cacheBytes)
    const random = randomFrom(2)
    for (let round = 0; round < 60; round++) {
      const sequence = round === 0 ? WRITES : random(WRITES + 1)
      const rows = rowsAt(history, sequence)
      const options = { snapshot: tree.snapshots.take(sequence, 0), fillCache: round % 2 === 0 }
      const wanted = Array.from({ length: 12 }, () => keyOf(random(KEYS + 10)))
      const expected = wanted.map(key => rows.get(key))
      const text = (value: Uint8Array | undefined) => value && decodeUtf8(value)
      const many = await getMany(tree, tree.family, wanted, options)
      assert.deepEqual(many.map(text), expected)
      for (const [i, key] of wanted.entries()) {
        assert.equal(text(getSync(tree, tree.family, key, options)), expected[i])
        assert.equal(text(await get(tree, tree.family, encodeUtf8(key), options)), expected[i])
        assert.equal(await has(tree, tree.family, key, options), expected[i] !== undefined)
      }
    }
    assert.equal(tree.versionIsDead, false)
    tree.family.superVersion.unref()
    assert.ok(tree.versionIsDead, 'every lookup gave its reference back')
  })

  test(`scans give the rows of their range, in both directions, blocking and not (cache ${cacheBytes})`, async () => {
    const tree = new Tree(history, cacheBytes)
    const random = randomFrom(3)
    for (let round = 0; round < 25; round++) {
      const sequence = round === 0 ? WRITES : random(WRITES + 1)
      const range: RangeOptions = { snapshot: tree.snapshots.take(sequence, 0), reverse: random(2) === 0 }
      if (random(2) === 0) range.start = keyOf(random(KEYS))
      if (random(2) === 0) range.lte = keyOf(random(KEYS))
      if (random(4) === 0) range.prefix = keyOf(random(KEYS)).slice(0, 6)
      if (random(3) === 0) range.limit = random(40)
      const expected = rowsInRange(rowsAt(history, sequence), range)
      const texts = (rows: [Uint8Array, Uint8Array][]) => rows.map(row => row.map(decodeUtf8))
      const scan = entries(tree, tree.family, range)
      assert.deepEqual(texts([...scan]), expected)
      assert.deepEqual(texts(await scan.toArray()), expected)
      const awaited: [Uint8Array, Uint8Array][] = []
      for await (const row of scan) awaited.push(row)
      assert.deepEqual(texts(awaited), expected)
      const expectedKeys = expected.map(row => row[0])
      assert.deepEqual((await keys(tree, tree.family, range).toArray()).map(decodeUtf8), expectedKeys)
      const expectedValues = expected.map(row => row[1])
      assert.deepEqual((await values(tree, tree.family, range).toArray()).map(decodeUtf8), expectedValues)
    }
    assert.equal(tree.openReaders.size, 0)
    tree.family.superVersion.unref()
    assert.ok(tree.versionIsDead)
  })
}

for (const cacheBytes of [0, 1 << 24]) {
  test(`a block that cannot be read fails the call that wants it, and nothing else (cache ${cacheBytes})`, async () => {
    const tree = new Tree(history, cacheBytes)
    // The first block of each of the deepest files.
    for (const bytes of [...tree.fs.files.values()].slice(-8)) bytes[7]++
    const wanted = Array.from({ length: 40 * KEYS }, (_, i) => keyOf(i % KEYS))
    const fails = (error: unknown) => isVarveError(error, 'CORRUPTION')
    const snapshot = tree.snapshots.take(900, 0)
    await assert.rejects(getMany(tree, tree.family, wanted, { snapshot }), fails)
    for (const reverse of [false, true]) {
      await assert.rejects(entries(tree, tree.family, { snapshot, reverse }).toArray(), fails)
      await assert.rejects(
        Array.fromAsync(entries(tree, tree.family, { snapshot, reverse }).batches()),
        fails,
      )
    }
    // A promise that nobody waits for would end the process by then.
    await setTimeout(20)
    tree.family.superVersion.unref()
    assert.ok(tree.versionIsDead, 'every lookup gave its reference back')
  })
}

function rowsInRange(rows: Map<string, string>, range: RangeOptions): string[][] {
  const inRange = [...rows].sort().filter(([key]) => {
    if (range.start !== undefined && key < (range.start as string)) return false
    if (range.lte !== undefined && key > (range.lte as string)) return false
    return range.prefix === undefined || key.startsWith(range.prefix as string)
  })
  return (range.reverse ? inRange.reverse() : inRange).slice(0, range.limit)
}

test('a cursor goes where it is sent, and stays within its range', () => {
  const tree = new Tree(history, 0)
  const rows = [...rowsAt(history, WRITES)].sort().filter(([key]) => key >= keyOf(20) && key < keyOf(90))
  const cursor = openCursor(tree, tree.family, { gte: keyOf(20), lt: keyOf(90) })
  const random = randomFrom(4)
  let at = -1
  for (let i = 0; i < 2000; i++) {
    const key = keyOf(random(KEYS))
    const kind = random(8)
    if (kind < 4) at = moveTo(cursor, rows, kind, key)
    else if (!cursor.valid) assert.equal(kind % 2 === 0 ? cursor.next() : cursor.prev(), false)
    else {
      at += kind % 2 === 0 ? 1 : -1
      assert.equal(kind % 2 === 0 ? cursor.next() : cursor.prev(), rows[at] !== undefined)
    }
    const row = at < 0 ? undefined : rows[at]
    assert.equal(cursor.valid, row !== undefined)
    assert.deepEqual([decodeUtf8(cursor.key), decodeUtf8(cursor.value)], row ?? ['', ''])
    const { entry } = cursor
    if (cursor.valid)
      assert.deepEqual(cursor.value, entry.valueBytes.subarray(entry.valueStart, entry.valueEnd))
    if (cursor.valid) assert.deepEqual(cursor.key, entry.keyBytes.subarray(entry.keyStart, entry.keyEnd))
  }
  cursor.close()
  cursor.close()
  assert.equal(cursor.valid, false)
  assert.throws(
    () => cursor.first(),
    (error: unknown) => isVarveError(error, 'NOT_OPEN'),
  )
  assert.equal(tree.openReaders.size, 0)
})

/** Moves the cursor, and says where in `rows` it should be. */
function moveTo(cursor: Cursor, rows: [string, string][], kind: number, key: string): number {
  if (kind === 0) {
    cursor.first()
    return 0
  }
  if (kind === 1) {
    cursor.last()
    return rows.length - 1
  }
  if (kind === 2) {
    cursor.seek(key)
    return rows.findIndex(row => row[0] >= key)
  }
  cursor.seekForPrev(key)
  return rows.findLastIndex(row => row[0] <= key)
}

test('what a caller was given is its own', async () => {
  const tree = new Tree(history, 1 << 20)
  const [[key, value]] = [...rowsAt(history, WRITES)]
  const given = getSync(tree, tree.family, key)
  assert.ok(given)
  assert.equal(given.byteLength, given.buffer.byteLength)
  given.fill(0)
  assert.equal(decodeUtf8((await get(tree, tree.family, key)) as Uint8Array), value)
  for (const row of entries(tree, tree.family)) for (const part of row) part.fill(0)
  assert.equal(decodeUtf8(getSync(tree, tree.family, key) as Uint8Array), value)
})

test('a caller may reuse its key while a get waits', async () => {
  const tree = new Tree(history, 0)
  const [[key, value]] = [...rowsAt(history, 100)]
  const buffer = encodeUtf8(key)
  const pending = get(tree, tree.family, buffer, { snapshot: tree.snapshots.take(100, 0) })
  buffer.fill(0x7a)
  assert.equal(decodeUtf8((await pending) as Uint8Array), value)
})

test('gets and scans that are under way at the same time do not disturb one another', async () => {
  for (const cacheBytes of [0, 5000, 1 << 24]) {
    const tree = new Tree(history, cacheBytes)
    const rows = rowsAt(history, WRITES)
    const wanted = Array.from({ length: KEYS + 20 }, (_, i) => keyOf(i))
    for (let round = 0; round < 3; round++) {
      const [gotten, known, many, scanned] = await Promise.all([
        Promise.all(wanted.map(key => get(tree, tree.family, key))),
        Promise.all(wanted.map(key => has(tree, tree.family, key))),
        getMany(tree, tree.family, wanted),
        values(tree, tree.family).toArray(),
      ])
      const expected = wanted.map(key => rows.get(key))
      const text = (value: Uint8Array | undefined) => value && decodeUtf8(value)
      assert.deepEqual(gotten.map(text), expected)
      assert.deepEqual(many.map(text), expected)
      assert.deepEqual(
        known,
        expected.map(value => value !== undefined),
      )
      assert.deepEqual(
        scanned.map(decodeUtf8),
        expected.filter(value => value !== undefined),
      )
    }
  }
})

test('a loop that is left early, and a database that closes, let go of what a scan reads', async () => {
  const tree = new Tree(history, 0)
  for await (const _ of entries(tree, tree.family)) break
  for await (const _ of entries(tree, tree.family).batches()) break
  for (const _ of entries(tree, tree.family)) break
  assert.equal(tree.openReaders.size, 0)

  const iterator = entries(tree, tree.family)[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).done, false)
  for (const reader of [...tree.openReaders]) reader.close()
  await assert.rejects(
    async () => {
      while (!(await iterator.next()).done);
    },
    (error: unknown) => isVarveError(error, 'NOT_OPEN'),
  )
  tree.family.superVersion.unref()
  assert.ok(tree.versionIsDead)
})

test('calls of next that do not wait for one another get every row once', async () => {
  const tree = new Tree(history, 0)
  const expected = [...rowsAt(history, WRITES).keys()].sort()
  const iterator = keys(tree, tree.family)[Symbol.asyncIterator]()
  const results = await Promise.all(expected.map(() => iterator.next()))
  assert.deepEqual(
    results.map(result => result.value && decodeUtf8(result.value)),
    expected,
  )
  assert.deepEqual(await iterator.next(), { done: true, value: undefined })
})

test('a closed snapshot and a limit that is none are refused', () => {
  const tree = new Tree(history, 0)
  const snapshot = tree.snapshots.take(5, 0)
  snapshot.close()
  const isInvalid = (error: unknown) => isVarveError(error, 'INVALID_ARGUMENT')
  assert.throws(() => getSync(tree, tree.family, 'k', { snapshot }), isInvalid)
  assert.throws(() => [...entries(tree, tree.family, { snapshot })], isInvalid)
  for (const limit of [-1, 1.5, Number.NaN]) {
    assert.throws(() => entries(tree, tree.family, { limit }), isInvalid)
  }
})
