import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, encodeUtf8, fromHex } from '../bytes/index.ts'
import { isVarveError } from '../errors/index.ts'
import {
  blockChecksum,
  ChecksumType,
  contextModifier,
  crc32c,
  DATA_BLOCK_HASH_SEED,
  filterHash,
  hashResult,
  LEGACY_BLOOM_SEED,
  legacyHash,
  maskCrc,
  plainChecksum,
  unmaskCrc,
  xxh3,
  xxh3_128,
  xxh32,
  xxh64,
} from './index.ts'

function vectors<T>(name: string): T {
  const file = new URL(`../../../testdata/rocksdb/vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

function hex(...words: number[]): string {
  return words.map(word => word.toString(16).padStart(8, '0')).join('')
}

/** The words of a 64-bit hash, written as C++ prints them. */
function hex64(hash: (bytes: Uint8Array) => void, bytes: Uint8Array): string {
  hash(bytes)
  return hex(hashResult.high, hashResult.low)
}

const hashes = vectors<{
  strings: { s: string; hash64: string; xxh3_64: string }[]
  rows: [number, string, ...string[]][]
}>('hashes')

/** The input of a row, at an odd place in a larger array, since a hash must not look beyond its range. */
function rowInput(length: number): { bytes: Uint8Array; start: number; end: number } {
  const bytes = new Uint8Array(length + 20).fill(0xa5)
  for (let i = 0; i < length; i++) bytes[i + 7] = i * 131 + length * 7 + (i >> 3)
  return { bytes, start: 7, end: 7 + length }
}

test('every hash gives what C++ RocksDB gives, for all lengths of the vectors', () => {
  for (const [length, seed, x32, x64, x3, x3Wide, filter, legacy, dataBlock] of hashes.rows) {
    const { bytes, start, end } = rowInput(length)
    const seedWords = BigInt(seed)
    const wide = xxh3_128(bytes, start, end, Number(seedWords & 0xffff_ffffn), Number(seedWords >> 32n))
    assert.equal(hex(wide[3], wide[2], wide[1], wide[0]), x3Wide, `XXH3 of 128 bits, length ${length}`)
    if (seed !== '0') continue
    const input = bytes.subarray(start, end)
    assert.equal(hex(xxh32(bytes, start, end)), x32, `XXH32, length ${length}`)
    assert.equal(hex64(xxh64, input), x64, `XXH64, length ${length}`)
    assert.equal(hex64(xxh3, input), x3, `XXH3, length ${length}`)
    assert.equal(hex64(filterHash, input), filter, `filter hash, length ${length}`)
    assert.equal(
      hex(legacyHash(bytes, start, end, LEGACY_BLOOM_SEED)),
      legacy,
      `legacy hash, length ${length}`,
    )
    assert.equal(hex(legacyHash(bytes, start, end, DATA_BLOCK_HASH_SEED)), dataBlock)
  }
})

test('texts hash as in C++ RocksDB', () => {
  for (const { s, hash64, xxh3_64 } of hashes.strings) {
    assert.equal(hex64(filterHash, encodeUtf8(s)), hash64)
    assert.equal(hex64(xxh3, encodeUtf8(s)), xxh3_64)
  }
})

test('CRCs and masked CRCs are those of C++ RocksDB', () => {
  for (const { dataHex, crc32c: expected, masked } of vectors<
    { dataHex: string; crc32c: string; masked: string }[]
  >('crc32c')) {
    const crc = crc32c(fromHex(dataHex))
    assert.equal(hex(crc), expected)
    assert.equal(hex(maskCrc(crc)), masked)
    assert.equal(unmaskCrc(maskCrc(crc)), crc)
  }
})

test('a CRC grows piece by piece to the CRC of the whole', () => {
  const longer = fc.uint8Array({ maxLength: 400 })
  fc.assert(
    fc.property(longer, longer, (first, second) => {
      assert.equal(crc32c(second, 0, second.length, crc32c(first)), crc32c(concatBytes(first, second)))
      assert.equal(crc32c(concatBytes(first, second)), crcBitByBit(concatBytes(first, second)))
    }),
  )
})

function crcBitByBit(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return ~crc >>> 0
}

const mask64 = (1n << 64n) - 1n

test('inputs longer than the scratch area of the kernels hash right, whatever their length', () => {
  const bytes = new Uint8Array(3 * 65536 + 5000)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 13
  const lengths = [
    65535,
    65536,
    65537,
    65599,
    65600,
    65601,
    2 * 65536 - 1,
    2 * 65536,
    2 * 65536 + 1,
    bytes.length,
  ]
  for (const length of lengths) {
    const input = bytes.subarray(0, length)
    assert.equal(hex64(xxh3, input), longXxh3(input, false), `XXH3 of ${length} bytes`)
    assert.equal(hex64(filterHash, input), longXxh3(input, true), `filter hash of ${length} bytes`)
    assert.equal(hex64(xxh64, input), plainXxh64(input), `XXH64 of ${length} bytes`)
    assert.equal(crc32c(input), crcBitByBit(input), `CRC of ${length} bytes`)
  }
})

const P64 = [
  0n,
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
]
const secret = fromHex(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
)

function word64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true)
}

/** XXH3, or its preview, of more than 240 bytes: the definition in BigInt, written for plainness. */
function longXxh3(input: Uint8Array, preview: boolean): string {
  const lanes = [0xc2b2ae3dn, P64[1], P64[2], P64[3], P64[4], 0x85ebca77n, P64[5], 0x9e3779b1n]
  const addStripe = (at: number, secretAt: number) => {
    for (let i = 0; i < 8; i++) {
      const data = word64(input, at + 8 * i)
      const keyed = data ^ word64(secret, secretAt + 8 * i)
      const plainLane = preview ? i : i ^ 1
      lanes[plainLane] = (lanes[plainLane] + data) & mask64
      lanes[i] = (lanes[i] + (keyed & 0xffff_ffffn) * (keyed >> 32n)) & mask64
    }
  }
  const length = input.length
  const stripes = preview ? Math.floor(length / 64) : Math.floor((length - 1) / 64)
  const blocks = preview ? Math.floor(length / 1024) : Math.floor((length - 1) / 1024)
  for (let stripe = 0; stripe < stripes; stripe++) {
    addStripe(64 * stripe, 8 * (stripe % 16))
    if (stripe % 16 < 15 || stripe >= 16 * blocks) continue
    for (let i = 0; i < 8; i++) {
      lanes[i] = ((lanes[i] ^ (lanes[i] >> 47n) ^ word64(secret, 128 + 8 * i)) * 0x9e3779b1n) & mask64
    }
  }
  if (!preview || length % 64 !== 0) addStripe(length - 64, 121)
  let hash = BigInt(length) * P64[1]
  for (let i = 0; i < 8; i += 2) {
    const product = (lanes[i] ^ word64(secret, 11 + 8 * i)) * (lanes[i + 1] ^ word64(secret, 19 + 8 * i))
    hash += (product & mask64) ^ (product >> 64n)
  }
  hash &= mask64
  hash = ((hash ^ (hash >> 37n)) * (preview ? P64[3] : 0x165667919e3779f9n)) & mask64
  return (hash ^ (hash >> 32n)).toString(16).padStart(16, '0')
}

/** XXH64 of 32 bytes or more, in BigInt. */
function plainXxh64(input: Uint8Array): string {
  const rotate = (word: bigint, by: bigint) => ((word << by) | (word >> (64n - by))) & mask64
  const round = (lane: bigint, data: bigint) =>
    (rotate((lane + data * P64[2]) & mask64, 31n) * P64[1]) & mask64
  const lanes = [(P64[1] + P64[2]) & mask64, P64[2], 0n, -P64[1] & mask64]
  let at = 0
  for (; at + 32 <= input.length; at += 32) {
    for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], word64(input, at + 8 * i))
  }
  let hash = rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n)
  for (const lane of lanes) hash = (((hash & mask64) ^ round(0n, lane)) * P64[1] + P64[4]) & mask64
  hash = (hash + BigInt(input.length)) & mask64
  for (; at + 8 <= input.length; at += 8) {
    hash = (rotate(hash ^ round(0n, word64(input, at)), 27n) * P64[1] + P64[4]) & mask64
  }
  if (at + 4 <= input.length) {
    const word = BigInt(new DataView(input.buffer, input.byteOffset).getUint32(at, true))
    hash = (rotate(hash ^ ((word * P64[1]) & mask64), 23n) * P64[2] + P64[3]) & mask64
    at += 4
  }
  for (; at < input.length; at++)
    hash = (rotate(hash ^ ((BigInt(input[at]) * P64[5]) & mask64), 11n) * P64[1]) & mask64
  hash = ((hash ^ (hash >> 33n)) * P64[2]) & mask64
  hash = ((hash ^ (hash >> 29n)) * P64[3]) & mask64
  return (hash ^ (hash >> 32n)).toString(16).padStart(16, '0')
}

const blockVectors = vectors<{
  payloadHex: string
  types: Record<string, string>
  lastByte7: Record<string, string>
  contextModifier: { base: string; offset: string; modifier: string }[]
}>('block_checksums')

test('block checksums of all types are those of C++ RocksDB', () => {
  const payload = fromHex(blockVectors.payloadHex)
  for (const type of Object.values(ChecksumType)) {
    assert.equal(hex(blockChecksum(type, payload, 0, payload.length, 0)), blockVectors.types[type])
    assert.equal(hex(blockChecksum(type, payload, 0, payload.length, 7)), blockVectors.lastByte7[type])
    const withType = concatBytes(payload, Uint8Array.of(7))
    assert.equal(hex(plainChecksum(type, withType, 0, withType.length)), blockVectors.lastByte7[type])
  }
})

test('context modifiers are those of C++ RocksDB, for offsets beyond 32 bits too', () => {
  for (const { base, offset, modifier } of blockVectors.contextModifier) {
    assert.equal(hex(contextModifier(Number.parseInt(base, 16), Number(offset))), modifier)
  }
})

test('an unknown checksum type is refused by name', () => {
  assert.throws(
    () => blockChecksum(9, new Uint8Array(4), 0, 4, 0),
    error => isVarveError(error, 'NOT_SUPPORTED') && error.message.includes('checksum type 9'),
  )
})
