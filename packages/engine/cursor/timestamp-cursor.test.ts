/** Against a plain list of versions: every movement, at every timestamp and sequence, whatever has to be loaded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@varve/format/bytes'
import { bytewise, makeInternalKey, reverseBytewise, TimestampOrder, ValueType } from '@varve/format/key'
import fc from 'fast-check'
import { timestampOf } from '../db/timestamped-reads.ts'
import { Memtable } from '../memtable/index.ts'
import { keyBounds } from './bounds.ts'
import { type BlobValue, type InternalCursor, Step, type Wanted } from './cursor.ts'
import type { FindBlob } from './find-blob.ts'
import { mergeCursors } from './merging-cursor.ts'
import { TimestampCursor } from './timestamp-cursor.ts'

interface Version {
  key: Uint8Array
  timestamp: number
  type: number
}

const key = fc.array(fc.constantFrom(0, 0x61, 0xff), { maxLength: 3 }).map(bytes => Uint8Array.from(bytes))
const version: fc.Arbitrary<Version> = fc.record({
  key,
  timestamp: fc.integer({ min: 0, max: 12 }),
  type: fc.constantFrom(
    ValueType.Value,
    ValueType.Value,
    ValueType.BlobIndex,
    ValueType.DeletionWithTimestamp,
    ValueType.SingleDeletion,
  ),
})

function keyWith(userKey: Uint8Array, timestamp: number): Uint8Array {
  return Buffer.concat([userKey, timestampOf({ timestamp })])
}

/** References are a byte that is greater by 100 than the value; this is how far it is from it. */
const REFERENCE = 100

const findBlob: FindBlob = (key, keyStart, keyEnd, bytes, start, end) => {
  assert.deepEqual([keyEnd - keyStart > 7, end - start], [true, 1], `${toHex(key)} has its timestamp`)
  const [reference] = bytes.slice(start, end)
  const blob: { value: Uint8Array | undefined } & BlobValue = {
    value: undefined,
    isOneRead: true,
    load: () => Promise.reject(new Error('it is loaded at once')),
    loadSync() {
      blob.value = Uint8Array.of(reference - REFERENCE)
    },
  }
  return blob
}

/** Answers `needsBlock` before every third movement, as a run whose blocks are on a disk. */
function halting(run: InternalCursor): InternalCursor {
  let asked = 0
  let waits = false
  const movements = new Set(['first', 'last', 'next', 'prev', 'seek', 'seekForPrev'])
  return new Proxy(run, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (!movements.has(String(name))) return value.bind(target)
      return (...args: unknown[]) => {
        if (!waits && ++asked % 3 === 0) {
          waits = true
          return Step.needsBlock
        }
        waits = false
        return value.apply(target, args)
      }
    },
  })
}

for (const root of [bytewise, reverseBytewise]) {
  const order = new TimestampOrder(root)
  test(`a reader at a timestamp sees of each key the newest version up to it: ${order.name}`, () => {
    fc.assert(
      fc.property(
        fc.array(version, { maxLength: 40 }),
        fc.nat(13),
        fc.nat(40),
        fc.array(key, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (versions, timestamp, sequence, probes, bounded) => {
          const memtables = [0, 1].map(id => new Memtable(id, 1 << 16, undefined, undefined, order))
          const none = new Uint8Array(0)
          for (const [i, { key, timestamp, type }] of versions.entries()) {
            const whole = keyWith(key, timestamp)
            const bytes = hasValue({ type })
              ? Uint8Array.of(type === ValueType.Value ? i : i + REFERENCE)
              : none
            memtables[i % 2].add(i + 1, type, whole, 0, whole.length, bytes, 0, bytes.length)
          }
          const range = bounded ? { gte: probes[0], lt: probes.at(-1) } : {}
          const isWithin = (own: Uint8Array) =>
            !bounded ||
            (root.compareKeys(own, probes[0]) >= 0 && root.compareKeys(own, probes.at(-1) as Uint8Array) < 0)
          const expected = rowsOf(versions, timestamp, sequence)
            .filter(([own]) => isWithin(own))
            .sort(([a], [b]) => root.compareKeys(a, b))
          const runs = memtables.map(memtable => halting(memtable.cursor()))
          const bounds = keyBounds(range as { gte: Uint8Array; lt: Uint8Array }, order)
          const at = timestampOf({ timestamp })
          const cursor = new TimestampCursor(mergeCursors(runs, order), order, at, sequence, bounds, findBlob)
          const walk = (movement: () => Step): string => {
            let step = movement()
            while (step === Step.needsBlock) {
              const wanted: Wanted[] = []
              cursor.collectWanted(wanted)
              for (const each of wanted) each.loadSync()
              step = movement()
            }
            const { keyBytes, keyStart, keyEnd, valueBytes, valueStart } = cursor
            return step === Step.moved
              ? `${toHex(keyBytes.slice(keyStart, keyEnd))} ${valueBytes[valueStart]}`
              : ''
          }
          const spelled = expected.map(([own, value]) => `${toHex(own)} ${value}`)
          const found: string[] = []
          for (let row = walk(() => cursor.first()); row !== ''; row = walk(() => cursor.next()))
            found.push(row)
          assert.deepEqual(found, spelled)
          found.length = 0
          for (let row = walk(() => cursor.last()); row !== ''; row = walk(() => cursor.prev()))
            found.push(row)
          assert.deepEqual(found, spelled.toReversed())
          for (const probe of probes) {
            cursor.seekForPrev(probes[0]) // Which may wait, and is given up.
            const after = expected.findIndex(([own]) => root.compareKeys(own, probe) >= 0)
            assert.equal(
              walk(() => cursor.seek(probe)),
              spelled[after] ?? '',
            )
            if (cursor.valid)
              assert.equal(
                walk(() => cursor.prev()),
                spelled[after - 1] ?? '',
              )
            cursor.seek(probes[0])
            const before = expected.findLastIndex(([own]) => root.compareKeys(own, probe) <= 0)
            assert.equal(
              walk(() => cursor.seekForPrev(probe)),
              spelled[before] ?? '',
            )
            if (cursor.valid)
              assert.equal(
                walk(() => cursor.next()),
                spelled[before + 1] ?? '',
              )
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  test(`of one key the greatest timestamp comes first, and of that the newest: ${order.name}`, () => {
    fc.assert(
      fc.property(key, key, fc.nat(300), fc.nat(300), (a, b, s, t) => {
        const [x, y] = [keyWith(a, s), keyWith(b, t)]
        const expected = root.compareKeys(a, b) || t - s
        assert.equal(Math.sign(order.compareKeys(x, y)), Math.sign(expected))
        const words = order.high(x, 0, x.length) - order.high(y, 0, y.length)
        if (words !== 0) assert.equal(Math.sign(words), Math.sign(expected))
      }),
    )
    const newer = makeInternalKey(keyWith(Uint8Array.of(1), 5), 9, ValueType.Value)
    const older = makeInternalKey(keyWith(Uint8Array.of(1), 5), 8, ValueType.Value)
    assert.ok(order.compareInternalKeys(newer, older) < 0)
  })
}

/** By definition: the version of the greatest timestamp, and of that the one written last. */
function hasValue({ type }: Pick<Version, 'type'>): boolean {
  return type === ValueType.Value || type === ValueType.BlobIndex
}

function rowsOf(versions: readonly Version[], timestamp: number, sequence: number): [Uint8Array, number][] {
  const best = new Map<string, { version: Version; index: number }>()
  for (const [index, each] of versions.entries()) {
    if (each.timestamp > timestamp || index + 1 > sequence) continue
    const name = toHex(each.key)
    const before = best.get(name)
    if (before === undefined || each.timestamp >= before.version.timestamp)
      best.set(name, { version: each, index })
  }
  return [...best.values()]
    .filter(({ version }) => hasValue(version))
    .map(({ version, index }) => [version.key, index])
}
