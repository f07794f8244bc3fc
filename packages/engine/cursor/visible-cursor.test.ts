import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { ValueType } from '@varve/format/key'
import fc from 'fast-check'
import { type KeyRange, keyBounds } from './bounds.ts'
import { Step } from './cursor.ts'
import { drive, driveSync } from './driver.ts'
import { type FakeEntry, FakeRun } from './fake-run.test-support.ts'
import { MergingCursor } from './merging-cursor.ts'
import { VisibleCursor } from './visible-cursor.ts'

/** A small generator of our own, so that a failure is told by one seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A history of writes to few keys, so that each has many versions, dealt to four runs. */
function makeHistory(seed: number, writes: number, keys: number): { runs: FakeEntry[][]; all: FakeEntry[] } {
  const random = randomFrom(seed)
  const runs: FakeEntry[][] = [[], [], [], []]
  const all: FakeEntry[] = []
  for (let sequence = 1; sequence <= writes; sequence++) {
    const key = encodeUtf8(`k${String(random(keys)).padStart(3, '0')}`)
    const type = [ValueType.Value, ValueType.Value, ValueType.Deletion, ValueType.SingleDeletion][random(4)]
    const entry = { key, sequence, type, value: encodeUtf8(`v${sequence}`) }
    runs[random(4)].push(entry)
    all.push(entry)
  }
  return { runs, all }
}

/** The rows that a reader at `sequence` sees in [lower, upper). */
function visibleRows(all: FakeEntry[], sequence: number, lower: string, upper: string): [string, string][] {
  const rows = new Map<string, string>()
  for (const entry of all) {
    const key = decodeUtf8(entry.key)
    if (entry.sequence > sequence || key < lower || key >= upper) continue
    if (entry.type === ValueType.Value) rows.set(key, decodeUtf8(entry.value))
    else rows.delete(key)
  }
  return [...rows].sort()
}

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
  'prev',
]

for (const keys of [3, 40, 400]) {
  test(`10,000 random movements at snapshots agree with a sorted map (${keys} keys)`, () => {
    const random = randomFrom(keys)
    const { runs, all } = makeHistory(keys, 600, keys)
    for (let round = 0; round < 20; round++) {
      const sequence = random(700)
      const lower = random(3) === 0 ? `k${String(random(keys)).padStart(3, '0')}` : ''
      const upper = random(3) === 0 ? `k${String(random(keys)).padStart(3, '0')}` : '~'
      const rows = visibleRows(all, sequence, lower, upper)
      const source = new MergingCursor(runs.map(entries => new FakeRun(entries, () => random(3) === 0)))
      const cursor = new VisibleCursor(source, sequence, keyBounds({ gte: lower, lt: upper }))
      let at = -1
      for (let i = 0; i < 500; i++) {
        const kind = kinds[random(kinds.length)]
        const key = `k${String(random(keys)).padStart(3, '0')}${random(2) ? '' : '!'}`
        if ((kind === 'next' || kind === 'prev') && !cursor.valid) continue
        if (kind === 'first') at = 0
        else if (kind === 'last') at = rows.length - 1
        else if (kind === 'next') at++
        else if (kind === 'prev') at--
        else if (kind === 'seek') at = rows.findIndex(row => row[0] >= key)
        else at = rows.findLastIndex(row => row[0] <= key)
        // Now and then a movement is abandoned for another one.
        if (kind === 'seek' && random(4) === 0) cursor.seekForPrev(encodeUtf8(key))
        if (kind === 'first' && random(4) === 0) cursor.seek(encodeUtf8(key))
        driveSync(() => move(cursor, kind, encodeUtf8(key)), cursor)
        const row = at >= 0 ? rows[at] : undefined
        assert.deepEqual(cursor.valid ? currentRow(cursor) : undefined, row, `${kind} ${key} at ${sequence}`)
      }
    }
  })
}

test('a scan that waits for promises sees the same rows', async () => {
  const random = randomFrom(7)
  const { runs, all } = makeHistory(7, 500, 100)
  const source = new MergingCursor(runs.map(entries => new FakeRun(entries, () => random(2) === 0)))
  const cursor = new VisibleCursor(source, 400, keyBounds({}))
  const rows: [string, string][] = []
  let step = await drive(() => cursor.first(), cursor)
  while (step === Step.moved) {
    rows.push(currentRow(cursor))
    step = await drive(() => cursor.next(), cursor)
  }
  assert.deepEqual(rows, visibleRows(all, 400, '', '~'))
})

test('a key with very many versions is left by a seek, not step by step', () => {
  const entries: FakeEntry[] = []
  for (let sequence = 1; sequence <= 10_000; sequence++) {
    entries.push({ key: encodeUtf8('b'), sequence, type: ValueType.Value, value: encodeUtf8(`${sequence}`) })
  }
  for (const key of ['a', 'c']) {
    entries.push({ key: encodeUtf8(key), sequence: 1, type: ValueType.Value, value: encodeUtf8(key) })
  }
  let moves = 0
  const run = new FakeRun(entries, () => {
    moves++
    return false
  })
  const cursor = new VisibleCursor(run, 5000, keyBounds({}))
  const seen: string[] = []
  for (cursor.first(); cursor.valid; cursor.next()) seen.push(currentRow(cursor)[1])
  for (cursor.last(); cursor.valid; cursor.prev()) seen.push(currentRow(cursor)[1])
  assert.deepEqual(seen, ['a', '5000', 'c', 'c', '5000', 'a'])
  assert.ok(moves < 60, `${moves} moves`)
})

for (const [type, feature] of [
  [ValueType.Merge, 'merge operand'],
  [ValueType.BlobIndex, 'blob file'],
  [ValueType.DeletionWithTimestamp, 'timestamp'],
  [ValueType.ValuePreferredSeqno, 'preferred sequence'],
  [0x7e, '0x7e'],
] as const) {
  test(`an entry of type 0x${type.toString(16)} is refused by name when it is what a reader would see`, () => {
    const entries = [
      { key: encodeUtf8('a'), sequence: 1, type: ValueType.Value, value: encodeUtf8('1') },
      { key: encodeUtf8('a'), sequence: 2, type, value: encodeUtf8('2') },
      { key: encodeUtf8('a'), sequence: 3, type: ValueType.Value, value: encodeUtf8('3') },
    ]
    const refuses = (error: unknown) =>
      isVarveError(error, 'NOT_SUPPORTED') &&
      error.message.includes(feature) &&
      error.details.feature !== undefined
    assert.throws(() => new VisibleCursor(new FakeRun(entries), 2, keyBounds({})).first(), refuses)
    assert.throws(() => new VisibleCursor(new FakeRun(entries), 2, keyBounds({})).last(), refuses)
    for (const sequence of [1, 3]) {
      const cursor = new VisibleCursor(new FakeRun(entries), sequence, keyBounds({}))
      cursor.first()
      assert.deepEqual(currentRow(cursor), ['a', `${sequence}`])
      cursor.last()
      assert.deepEqual(currentRow(cursor), ['a', `${sequence}`])
    }
  })
}

test('ranges hold the keys that their words say', () => {
  const keys = fc
    .uint8Array({ maxLength: 3, max: 255 })
    .map(bytes => bytes.map(byte => (byte > 250 ? 255 : byte % 3)))
  const range = fc.record(
    { start: keys, end: keys, gt: keys, gte: keys, lt: keys, lte: keys, prefix: keys },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(keys), range, (all, range: KeyRange) => {
      const entries = all.map((key, index) => ({ key, sequence: index + 1, type: 1, value: key }))
      const cursor = new VisibleCursor(new FakeRun(entries), 1000, keyBounds(range))
      const forward: string[] = []
      for (cursor.first(); cursor.valid; cursor.next()) forward.push(keyText(cursor))
      const backward: string[] = []
      for (cursor.last(); cursor.valid; cursor.prev()) backward.unshift(keyText(cursor))
      const expected = [...new Set(all.filter(key => isInRange(key, range)).map(latin1))].sort()
      assert.deepEqual(forward, expected)
      assert.deepEqual(backward, expected)
    }),
  )
})

function isInRange(key: Uint8Array, range: KeyRange): boolean {
  const text = latin1(key)
  const has = (name: keyof KeyRange, holds: (bound: string) => boolean) =>
    range[name] === undefined || holds(latin1(range[name] as Uint8Array))
  return (
    has('start', bound => text >= bound) &&
    has('gte', bound => text >= bound) &&
    has('gt', bound => text > bound) &&
    has('end', bound => text < bound) &&
    has('lt', bound => text < bound) &&
    has('lte', bound => text <= bound) &&
    has('prefix', bound => text.startsWith(bound))
  )
}

/** A string that sorts as the bytes do. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

function keyText(cursor: VisibleCursor): string {
  return latin1(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))
}

function currentRow(cursor: VisibleCursor): [string, string] {
  const key = decodeUtf8(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))
  return [key, decodeUtf8(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd))]
}

function move(cursor: VisibleCursor, kind: string, key: Uint8Array): Step {
  if (kind === 'seek') return cursor.seek(key)
  if (kind === 'seekForPrev') return cursor.seekForPrev(key)
  return cursor[kind as 'first' | 'last' | 'next' | 'prev']()
}
