import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CorruptionError } from '../errors/index.ts'
import { compareInternalKeys, makeInternalKey, trailerHigh, trailerLow } from '../key/index.ts'
import { BlockBuilder, BlockCursor, DataBlock } from './index.ts'
import { buildSeparatedBlock, type Entry, varint } from './test/separated-block.ts'

const userKeys = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 10 }).map(bytes => Uint8Array.from(bytes)),
  fc.nat(2000).map(n => new TextEncoder().encode(`user${String(n).padStart(8, '0')}`)),
)
const entryOf = fc.record({
  user: userKeys,
  sequence: fc.oneof(fc.nat(5), fc.nat(), fc.maxSafeNat()),
  type: fc.constantFrom(0, 1, 7),
  value: fc.uint8Array({ maxLength: 200 }),
})
const sortedEntries: fc.Arbitrary<Entry[]> = fc.array(entryOf, { maxLength: 120 }).map(drafts => {
  const entries = drafts.map(({ user, sequence, type, value }) => ({
    key: makeInternalKey(user, sequence, type),
    value,
  }))
  entries.sort((a, b) => order(a.key, b.key))
  return entries.filter((entry, i) => i === 0 || order(entries[i - 1].key, entry.key) !== 0)
})

function order(a: Uint8Array, b: Uint8Array): number {
  return compareInternalKeys(a, 0, a.length, b, 0, b.length)
}

function build(entries: Entry[], restartInterval: number): DataBlock {
  const builder = new BlockBuilder(restartInterval, 16)
  for (const { key, value } of entries) builder.add(key, 0, key.length, value, 0, value.length)
  const size = builder.estimatedSize
  const bytes = builder.finish().slice()
  assert.equal(bytes.length, size)
  return new DataBlock(bytes)
}

function buildSeparated(entries: Entry[], restartInterval: number): DataBlock {
  return new DataBlock(buildSeparatedBlock(entries, restartInterval))
}

function assertOn(cursor: BlockCursor, entry: Entry | undefined): void {
  assert.equal(cursor.valid, entry !== undefined)
  if (entry === undefined) return
  assert.deepEqual(cursor.key(), entry.key)
  assert.deepEqual(Uint8Array.from(cursor.value()), entry.value)
  const view = new DataView(entry.key.buffer, entry.key.byteOffset + entry.key.length - 8, 8)
  assert.equal(cursor.trailerLow, view.getUint32(0, true))
  assert.equal(cursor.trailerHigh, view.getUint32(4, true))
}

describe('a cursor over a block', () => {
  const layouts = [
    ['joined', build],
    ['separated', buildSeparated],
  ] as const
  for (const [layout, make] of layouts) {
    it(`walks a ${layout} block forward and backward at any restart interval`, () => {
      const cursor = new BlockCursor()
      fc.assert(
        fc.property(sortedEntries, fc.integer({ min: 1, max: 20 }), (entries, restartInterval) => {
          cursor.attach(make(entries, restartInterval))
          assertOn(cursor, undefined)
          let i = 0
          for (let on = cursor.first(); on; on = cursor.next()) assertOn(cursor, entries[i++])
          assert.equal(i, entries.length)
          for (let on = cursor.last(); on; on = cursor.prev()) assertOn(cursor, entries[--i])
          assert.equal(i, 0)
        }),
      )
    })

    it(`agrees with a sorted array about every seek and step in a ${layout} block`, () => {
      const step = fc.oneof(
        fc.record({ verb: fc.constantFrom('seek', 'seekForPrev'), at: entryOf, near: fc.nat(200) }),
        fc.record({ verb: fc.constantFrom('next', 'prev', 'first', 'last'), at: entryOf, near: fc.nat(200) }),
      )
      fc.assert(
        fc.property(
          sortedEntries,
          fc.integer({ min: 1, max: 20 }),
          fc.array(step),
          (entries, interval, steps) => {
            const cursor = new BlockCursor(make(entries, interval))
            let at = -1
            for (const { verb, at: draft, near } of steps) {
              const user =
                near % 2 === 0 && near / 2 < entries.length ? entries[near / 2].key.slice(0, -8) : draft.user
              const target = makeInternalKey(user, draft.sequence, draft.type)
              const low = trailerLow(draft.sequence, draft.type)
              const high = trailerHigh(draft.sequence)
              if (verb === 'seek') {
                cursor.seek(user, 0, user.length, low, high)
                at = entries.findIndex(entry => order(entry.key, target) >= 0)
              } else if (verb === 'seekForPrev') {
                cursor.seekForPrev(user, 0, user.length, low, high)
                at = entries.findLastIndex(entry => order(entry.key, target) <= 0)
              } else if (verb === 'first') {
                cursor.first()
                at = entries.length === 0 ? -1 : 0
              } else if (verb === 'last') {
                cursor.last()
                at = entries.length - 1
              } else if (at >= 0) {
                if (verb === 'next') cursor.next()
                else cursor.prev()
                at = verb === 'next' ? (at + 1) % entries.length : at - 1
                if (verb === 'next' && at === 0) at = -1
              }
              assertOn(cursor, entries[at])
            }
          },
        ),
      )
    })
  }

  it('refuses or reads damaged bytes, but never hangs and never reads outside the block', () => {
    fc.assert(
      fc.property(
        sortedEntries,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (entries, damages, separated) => {
          const bytes = (separated ? buildSeparated : build)(entries, 4).bytes.slice()
          for (const [at, value] of damages) bytes[at % bytes.length] = value
          walkEverywhere(bytes)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes time in proportion to hostile bytes', () => {
    // Each entry shares the whole key before it and adds one byte, all in one restart interval.
    const bytes: number[] = [0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    for (let length = 8; bytes.length < 1 << 19; length++) bytes.push(...varint(length), 1, 0, 1)
    bytes.push(0, 0, 0, 0, 1, 0, 0, 0)
    const cursor = new BlockCursor(new DataBlock(Uint8Array.from(bytes)))
    const start = performance.now()
    let entries = 0
    for (let on = cursor.first(); on; on = cursor.next()) entries++
    for (let on = cursor.last(); on; on = cursor.prev()) entries--
    assert.equal(entries, 0)
    assert.ok(performance.now() - start < 500)
  })
})

function walkEverywhere(bytes: Uint8Array): void {
  const target = new TextEncoder().encode('user00000700')
  for (const walk of [
    (cursor: BlockCursor) => count(cursor.first(), () => cursor.next()),
    (cursor: BlockCursor) => count(cursor.last(), () => cursor.prev()),
    (cursor: BlockCursor) => count(cursor.seek(target, 0, target.length, 1, 0), () => cursor.prev()),
    (cursor: BlockCursor) => count(cursor.seekForPrev(target, 0, target.length, 1, 0), () => cursor.next()),
  ]) {
    try {
      assert.ok(walk(new BlockCursor(new DataBlock(bytes, 'f', 7))) <= bytes.length)
    } catch (error) {
      assert.ok(error instanceof CorruptionError, String(error))
      assert.equal(error.file, 'f')
      assert.equal(error.offset, 7)
    }
  }
}

function count(on: boolean, move: () => boolean): number {
  let steps = 0
  while (on) {
    on = move()
    steps++
    assert.ok(steps < 100_000)
  }
  return steps
}
