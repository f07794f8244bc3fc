import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeUtf8, fromHex, toHex } from '../bytes/index.ts'
import { filterHash, hashResult } from '../checksum/index.ts'
import { FastLocalBloomBuilder, type FilterReader, openFilter, RibbonBuilder } from './index.ts'

const file = new URL('../../../testdata/rocksdb/vectors/filters.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8'))
const twentyKeys: string[] = vectors.keys

function has(filter: FilterReader, key: string): boolean {
  const bytes = encodeUtf8(`<${key}>`)
  return filter.mayMatch(bytes, 1, bytes.length - 1)
}

function build(bitsPerKey: number, keys: Iterable<string>): Uint8Array | undefined {
  const builder = new FastLocalBloomBuilder(bitsPerKey)
  for (const key of keys) {
    const bytes = encodeUtf8(key)
    builder.addKey(bytes, 0, bytes.length)
  }
  return builder.finish()
}

function numbered(prefix: string, count: number, width = 0): string[] {
  return Array.from({ length: count }, (_, i) => prefix + String(i).padStart(width, '0'))
}

test('filters are built bit for bit as C++ RocksDB builds them, at every density', () => {
  for (const millibits of [2000, 5000, 10_000, 12_500, 16_000, 30_000]) {
    const { hex, len } = vectors[`fastlocal_millibits_${millibits}`]
    const payload = build(millibits / 1000, twentyKeys)
    assert.equal(payload?.length, len)
    assert.equal(toHex(payload!), hex, `${millibits} millibits`)
  }
  const twoHundred = vectors['cpp_783_fv5_200keys key00000..key00199 10bits']
  assert.equal(toHex(build(10, numbered('key', 200, 5))!), twoHundred.hex)
})

test('a key that follows itself is counted once, as in C++ RocksDB', () => {
  const builder = new FastLocalBloomBuilder(10)
  for (const key of ['a', 'a', 'b', 'a']) builder.addKey(encodeUtf8(key), 0, 1)
  assert.equal(builder.count, 3)
})

test('a builder begins empty, whatever the one before it held', () => {
  const alone = build(10, numbered('key', 50, 5))
  build(10, numbered('other', 20_000, 5))
  assert.deepEqual(build(10, numbered('key', 50, 5)), alone)
})

test('every key of a large table is in its filter, and hardly any other', () => {
  // Hashes are kept in pieces of 8,192: at the edge of one, beside it, and in the midst of the third.
  for (const count of [8191, 8192, 8193, 20_000]) {
    const filter = openFilter(build(10, numbered('key', count))!)
    assert.ok(numbered('key', count).every(key => filter.mayMatch(encodeUtf8(key), 0, key.length)))
    const others = numbered('other', 10_000)
    const wrong = others.filter(key => filter.mayMatch(encodeUtf8(key), 0, key.length)).length
    assert.ok(wrong < 200, `${wrong} of ${others.length} other keys pass a filter of ${count}`)
  }
})

test('no filter is made of no keys or of less than half a bit per key', () => {
  assert.equal(build(10, []), undefined)
  assert.equal(build(0.4, twentyKeys), undefined)
  assert.throws(() => new FastLocalBloomBuilder(-1), { code: 'INVALID_ARGUMENT' })
})

test('filters written by C++ RocksDB are read, and answer as C++ does', () => {
  const fast = openFilter(fromHex(vectors.fastlocal_millibits_10000.hex))
  const legacy = openFilter(fromHex(vectors.legacy_10bits.hex))
  for (const key of twentyKeys) assert.ok(has(fast, key) && has(legacy, key), key)
  for (const { key, fastlocal10, legacy10 } of vectors.negatives_checked) {
    assert.equal(has(fast, key), fastlocal10, key)
    assert.equal(has(legacy, key), legacy10, key)
  }
  const legacy200 = openFilter(fromHex(vectors.cpp_783_fv4_legacy_200keys.hex))
  for (const key of numbered('key', 200, 5)) assert.ok(has(legacy200, key), key)
})

test('a Ribbon filter of C++ RocksDB knows its keys, and errs where C++ errs', () => {
  const vector = vectors['cpp_783_ribbon_5000keys key00000..key04999']
  const ribbon = openFilter(new Uint8Array(Buffer.from(vector.base64, 'base64')))
  for (const key of numbered('key', 5000, 5)) assert.ok(has(ribbon, key), key)
  const errors = numbered('nokey', 200).flatMap((key, i) => (has(ribbon, key) ? [i] : []))
  assert.deepEqual(errors, vector['falsePositives_of_nokey0..nokey199'])
})

test('every key added is found, by key and by hash; few others are', () => {
  const keys = fc.uniqueArray(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(keys, fc.double({ min: 1, max: 40, noNaN: true }), (added, bitsPerKey) => {
      const filter = openFilter(build(bitsPerKey, added)!)
      for (const key of added) {
        assert.ok(has(filter, key))
        filterHash(encodeUtf8(key))
        assert.ok(filter.mayMatchHash(hashResult.low, hashResult.high))
      }
    }),
  )
  const filter = openFilter(build(10, numbered('in', 10_000))!)
  const errors = numbered('out', 10_000).filter(key => has(filter, key)).length
  assert.ok(errors < 150, `${errors} of 10000 false positives at 10 bits per key`)
})

test('an empty filter lets nothing pass, an unknown one everything', () => {
  assert.equal(has(openFilter(new Uint8Array(0)), 'a'), false)
  assert.equal(has(openFilter(new Uint8Array(5)), 'a'), false)
  const unknown = [
    [0xff, 1, 6, 0, 0], // A sub-implementation that is not FastLocalBloom.
    [0xff, 0, 6, 1, 0], // Reserved bytes in use.
    [0xff, 0, 0, 0, 0], // No probes.
    [0xff, 0, 31, 0, 0], // More probes than C++ makes.
    [0xff, 0, 0x26, 0, 0], // Lines of 128 bytes.
    [0xfe, 0, 1, 0, 0], // Ribbon of a single block.
    [0x80, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [6, 0, 0, 0, 0], // Legacy Bloom without lines,
    [6, 3, 0, 0, 0], // and with lines of a length that is no power of two.
  ]
  for (const trailer of unknown) {
    const filter = openFilter(Uint8Array.of(...new Uint8Array(64), ...trailer))
    assert.ok(has(filter, 'a') && filter.mayMatchHash(1, 2), String(trailer))
  }
})

test('whatever the bytes, a filter opens and answers', () => {
  const marker = fc.constantFrom(0xff, 0xfe, 0, 1, 6, 127, 128)
  const payloads = fc.tuple(
    fc.uint8Array({ maxLength: 300 }),
    marker,
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  )
  fc.assert(
    fc.property(payloads, fc.string(), ([lines, kind, rest], key) => {
      const filter = openFilter(Uint8Array.of(...lines, kind, ...rest))
      assert.equal(typeof has(filter, key), 'boolean')
    }),
    { numRuns: 500 },
  )
})

function buildRibbon(bitsPerKey: number, keys: Iterable<string>): Uint8Array | undefined {
  const builder = new RibbonBuilder(bitsPerKey)
  for (const key of keys) {
    const bytes = encodeUtf8(key)
    builder.addKey(bytes, 0, bytes.length)
  }
  return builder.finish()
}

test('a Ribbon filter is built bit for bit as C++ RocksDB builds it', () => {
  const vector = vectors['cpp_783_ribbon_5000keys key00000..key04999']
  const bytes = new Uint8Array(Buffer.from(vector.base64, 'base64'))
  assert.equal(toHex(buildRibbon(10, numbered('key', 5000, 5))!), toHex(bytes))
})

test('a Ribbon filter takes 30 % less room than Bloom, and errs as often', () => {
  // At the edges of pieces of hashes and of measured numbers of slots, and far beyond the last of those.
  for (const count of [900, 8191, 8193, 126_506, 300_000]) {
    const payload = buildRibbon(10, numbered('key', count))!
    const ratio = payload.length / build(10, numbered('key', count))!.length
    assert.ok(ratio > 0.6 && ratio < 0.78, `${ratio} of Bloom for ${count} keys`)
    const filter = openFilter(payload)
    assert.ok(numbered('key', count).every(key => filter.mayMatch(encodeUtf8(key), 0, key.length)))
    const wrong = numbered('other', 5000).filter(key =>
      filter.mayMatch(encodeUtf8(key), 0, key.length),
    ).length
    assert.ok(wrong < 90, `${wrong} of 5000 other keys pass a filter of ${count}`)
  }
})

test('every key added to a Ribbon filter is found, however few there are and however dense it is', () => {
  const keys = fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 1500, size: 'max' })
  fc.assert(
    fc.property(keys, fc.double({ min: 0.5, max: 100, noNaN: true }), (added, bitsPerKey) => {
      const payload = buildRibbon(bitsPerKey, added)!
      const filter = openFilter(payload)
      for (const key of added) assert.ok(has(filter, key))
      assert.ok(payload.length <= build(bitsPerKey, added)!.length + 2000)
    }),
    { numRuns: 60 },
  )
})

test('a seed for which some keys have no solution is not taken', () => {
  // As many keys as there is room for: with one seed in twenty, or so, they do not fit.
  for (let set = 0; set < 100; set++) {
    const keys = numbered(`${set}:`, 1001)
    const filter = openFilter(buildRibbon(10, keys)!)
    assert.ok(keys.every(key => filter.mayMatch(encodeUtf8(key), 0, key.length)))
  }
})

test('a Bloom filter is made where it is smaller, and nothing of no keys', () => {
  const few = numbered('key', 20)
  assert.deepEqual(buildRibbon(10, few), build(10, few))
  assert.equal(buildRibbon(10, []), undefined)
  assert.equal(buildRibbon(0.4, few), undefined)
})

test('about as many keys as a partition is said to have room for make a filter of its size', () => {
  for (const bits of [3, 10, 17]) {
    for (const bytes of [100, 1000, 4096, 50_000]) {
      for (const builder of [new FastLocalBloomBuilder(bits), new RibbonBuilder(bits)]) {
        const capacity = builder.capacityOf(bytes)
        for (const key of numbered('key', capacity)) builder.addKey(encodeUtf8(key), 0, key.length)
        const { length } = builder.finish()!
        assert.ok(
          length <= bytes + 64 && length > 0.6 * bytes,
          `${length} of ${bytes}, ${capacity} keys of ${bits} bits`,
        )
      }
    }
  }
})
