import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { ValueType } from '@varve/format/key'
import { keyBounds } from './bounds.ts'
import type { BlobValue } from './cursor.ts'
import { drive, driveSync } from './driver.ts'
import { type FakeEntry, FakeRun } from './fake-run.test-support.ts'
import type { FindBlob } from './find-blob.ts'
import { MergingCursor } from './merging-cursor.ts'
import { VisibleCursor } from './visible-cursor.ts'

function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const { Value, Deletion, Merge, BlobIndex } = ValueType
const types = [Value, BlobIndex, BlobIndex, Deletion, Merge]

/** The same history twice, dealt to three runs: with values in blob files, and with the values in their place. */
function makeHistory(seed: number, keys: number): { withBlobs: FakeEntry[][]; plain: FakeEntry[][] } {
  const random = randomFrom(seed)
  const withBlobs: FakeEntry[][] = [[], [], []]
  const plain: FakeEntry[][] = [[], [], []]
  for (let sequence = 1; sequence <= 300; sequence++) {
    const key = encodeUtf8(`k${String(random(keys)).padStart(2, '0')}`)
    const type = types[random(types.length)]
    const run = random(3)
    withBlobs[run].push({ key, sequence, type, value: encodeUtf8(`${sequence}`) })
    const value = encodeUtf8(type === BlobIndex ? `blob of ${decodeUtf8(key)} ${sequence}` : `${sequence}`)
    plain[run].push({ key, sequence, type: type === BlobIndex ? Value : type, value })
  }
  return { withBlobs, plain }
}

/** A value that is there when it has been loaded, and not before. */
function finder(counts: { found: number }): FindBlob {
  return (key, keyStart, keyEnd, bytes, start, end) => {
    counts.found++
    const text = `blob of ${decodeUtf8(key.slice(keyStart, keyEnd))} ${decodeUtf8(bytes.slice(start, end))}`
    const blob: { value: Uint8Array | undefined } & BlobValue = {
      value: undefined,
      isOneRead: true,
      async load() {
        blob.loadSync()
      },
      loadSync() {
        blob.value = encodeUtf8(text)
      },
    }
    return blob
  }
}

const merge = (
  _: Uint8Array,
  existing: Uint8Array | undefined,
  operands: readonly Uint8Array[],
): Uint8Array => encodeUtf8([existing ?? new Uint8Array(), ...operands].map(decodeUtf8).join('+'))

function rowOf(cursor: VisibleCursor): string | undefined {
  const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
  if (!cursor.valid) return undefined
  return `${decodeUtf8(keyBytes.slice(keyStart, keyEnd))}=${decodeUtf8(valueBytes.slice(valueStart, valueEnd))}`
}

const kinds = [
  'first',
  'last',
  'seek',
  'seekForPrev',
  'next',
  'next',
  'next',
  'prev',
  'prev',
  'prev',
] as const

function move(cursor: VisibleCursor, kind: (typeof kinds)[number], key: Uint8Array) {
  return kind === 'seek' || kind === 'seekForPrev' ? cursor[kind](key) : cursor[kind]()
}

for (const keys of [2, 30]) {
  test(`values in blob files make no difference to any movement (${keys} keys)`, async () => {
    const random = randomFrom(keys)
    const { withBlobs, plain } = makeHistory(keys, keys)
    const counts = { found: 0 }
    for (let round = 0; round < 30; round++) {
      const sequence = random(320)
      const bounds = keyBounds(random(2) ? {} : { gte: 'k01', lt: 'k20' })
      const runs = withBlobs.map(entries => new FakeRun(entries, () => random(3) === 0))
      const cursor = new VisibleCursor(
        new MergingCursor(runs),
        sequence,
        bounds,
        merge,
        undefined,
        undefined,
        finder(counts),
      )
      const source = new MergingCursor(plain.map(entries => new FakeRun(entries)))
      const model = new VisibleCursor(source, sequence, bounds, merge)
      for (let i = 0; i < 200; i++) {
        const kind = kinds[random(kinds.length)]
        const key = encodeUtf8(`k${String(random(keys)).padStart(2, '0')}${random(2) ? '' : '!'}`)
        if ((kind === 'next' || kind === 'prev') && !cursor.valid) continue
        // Now and then a movement is abandoned for another one, wherever it waits.
        if (kind === 'seek' && random(3) === 0) cursor.seekForPrev(key)
        if (kind === 'first' && random(3) === 0) cursor.seek(key)
        if (random(2)) await drive(() => move(cursor, kind, key), cursor)
        else driveSync(() => move(cursor, kind, key), cursor)
        driveSync(() => move(model, kind, key), model)
        assert.equal(rowOf(cursor), rowOf(model), `${kind} ${decodeUtf8(key)} at ${sequence}`)
      }
    }
    assert.ok(counts.found > 500)
  })
}

test('a cursor that is asked for keys reads no values from blob files, unless something is merged into them', () => {
  const entry = (key: string, sequence: number, type: number) => ({
    key: encodeUtf8(key),
    sequence,
    type,
    value: encodeUtf8(`${sequence}`),
  })
  const entries = [
    entry('a', 1, BlobIndex),
    entry('b', 2, BlobIndex),
    entry('b', 3, Merge),
    entry('c', 4, BlobIndex),
  ]
  const counts = { found: 0 }
  const cursor = new VisibleCursor(
    new FakeRun(entries),
    9,
    keyBounds({}),
    merge,
    undefined,
    undefined,
    finder(counts),
    false,
  )
  const rows: (string | undefined)[] = []
  for (driveSync(() => cursor.first(), cursor); cursor.valid; driveSync(() => cursor.next(), cursor))
    rows.push(rowOf(cursor))
  for (driveSync(() => cursor.last(), cursor); cursor.valid; driveSync(() => cursor.prev(), cursor))
    rows.push(rowOf(cursor))
  assert.deepEqual(rows, ['a=', 'b=blob of b 2+3', 'c=', 'c=', 'b=blob of b 2+3', 'a='])
  assert.equal(counts.found, 2)
})
