import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { concatBytes, fromHex, readUint32, toHex, writeVarint } from '../bytes/index.ts'
import { blockChecksum, hashResult, xxh3 } from '../checksum/index.ts'
import { CorruptionError, isVarveError } from '../errors/index.ts'
import {
  CompressionType,
  compressBlock,
  compressionFromName,
  compressionName,
  decompressBlock,
  zstdDecompressFrame,
} from './index.ts'
import { plainLz4, plainSnappy } from './plain-decoders.test-support.ts'

const { None, Snappy, Zlib, BZip2, LZ4, LZ4HC, ZSTD, ZSTDNotFinal } = CompressionType
const written = [Snappy, Zlib, LZ4, LZ4HC, ZSTD, ZSTDNotFinal]
const withDictionary = [Zlib, LZ4, LZ4HC, ZSTD]

interface Vector {
  blockWithTrailerHex: string
  checksumType?: number
  dictBase64?: string
  uncompressedLen?: number
  uncompressedXXH3?: string
}

const file = new URL('../../../testdata/rocksdb/vectors/compressed_blocks.json', import.meta.url)
const vectors: Record<string, Vector> = JSON.parse(readFileSync(file, 'utf8'))

/** `compressBlock`, kept: what that gives is good until the next block only. */
function compressed(...block: Parameters<typeof compressBlock>): Uint8Array | undefined {
  return compressBlock(...block)?.slice()
}

/** Decompresses a vector's block by the type in its own trailer. */
function decompressVector(vector: Vector, formatVersion: number): Uint8Array {
  const block = fromHex(vector.blockWithTrailerHex)
  const dictionary =
    vector.dictBase64 === undefined ? undefined : new Uint8Array(Buffer.from(vector.dictBase64, 'base64'))
  return decompressBlock(block[block.length - 5], block.subarray(0, -5), formatVersion, { dictionary })
}

function xxh3Hex(bytes: Uint8Array): string {
  xxh3(bytes)
  return hashResult.high.toString(16).padStart(8, '0') + hashResult.low.toString(16).padStart(8, '0')
}

test('blocks compressed by C++ RocksDB come back whole, with and without dictionary', () => {
  for (const [name, vector] of Object.entries(vectors)) {
    if (name === 'bzip2' || vector.uncompressedXXH3 === undefined) continue
    const block = fromHex(vector.blockWithTrailerHex)
    const stored = readUint32(block, block.length - 4)
    assert.equal(
      blockChecksum(vector.checksumType!, block, 0, block.length - 5, block[block.length - 5]),
      stored,
    )
    const contents = decompressVector(vector, 5)
    assert.equal(contents.length, vector.uncompressedLen, name)
    assert.equal(xxh3Hex(contents), vector.uncompressedXXH3, name)
  }
})

test('LZ4 blocks of format_version 1 have their size in eight bytes', () => {
  const contents = decompressVector(vectors['lz4_format_version1'], 1)
  assert.equal(toHex(contents), toHex(decompressVector(vectors['lz4'], 2)))
})

test('Zlib blocks of format_version 1 have no size', () => {
  const contents = decompressVector(vectors['zlib'], 2)
  assert.deepEqual(decompressBlock(Zlib, new Uint8Array(deflateRawSync(contents)), 1), contents)
})

test('BZip2 and unknown types are refused by name', () => {
  for (const [type, name] of [
    [BZip2, 'BZip2'],
    [CompressionType.Xpress, 'Xpress'],
    [99, 'compression type 99'],
  ] as const) {
    const refusal = (error: unknown) => isVarveError(error, 'NOT_SUPPORTED') && error.message.includes(name)
    assert.throws(() => decompressBlock(type, new Uint8Array(4), 5), refusal)
    assert.throws(() => compressed(type, new Uint8Array(4)), refusal)
  }
})

test('compression types go by the names of OPTIONS files', () => {
  for (const type of Object.values(CompressionType))
    assert.equal(compressionFromName(compressionName(type)), type)
  assert.equal(compressionFromName('Brotli'), undefined)
  assert.equal(compressionName(LZ4HC), 'LZ4HC')
})

/** Bytes with repeats near and far, runs and noise in changing parts: all that a match finder meets. */
const mixed = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(60))
        .map(([unit, times]) => repeat(unit, times)),
    ),
    { maxLength: 30 },
  )
  .chain(parts =>
    fc.array(fc.nat(Math.max(0, parts.length - 1)), { maxLength: 60 }).map(order => assemble(parts, order)),
  )

function repeat(unit: Uint8Array, times: number): Uint8Array {
  return concatBytes(...Array.from({ length: times }, () => unit))
}

function assemble(parts: Uint8Array[], order: number[]): Uint8Array {
  return concatBytes(...parts, ...order.flatMap(i => parts[i] ?? []))
}

test('whatever is compressed comes back as it was', () => {
  fc.assert(
    fc.property(mixed, fc.constantFrom(...written), (input, type) => {
      const stored = compressed(type, input)
      if (stored === undefined) return
      assert.ok(stored.length < input.length - Math.floor(input.length / 8))
      assert.deepEqual(decompressBlock(type, stored, 5), input)
    }),
    { numRuns: 600 },
  )
})

test('a level that only another codec has is the greatest or the quickest', () => {
  const input = Uint8Array.from({ length: 3000 }, (_, i) => (i * i) % 251)
  for (const type of [Zlib, ZSTD]) {
    for (const level of [-100_000, 0, 9, 22]) {
      const stored = compressed(type, input, level)
      if (stored !== undefined) assert.deepEqual(decompressBlock(type, stored, 5), input)
    }
  }
  const at = (level: number) => compressed(Zlib, input, level)
  assert.deepEqual([at(22), at(-7)], [at(9), at(1)])
})

test('what is compressed with a dictionary comes back with it', () => {
  fc.assert(
    fc.property(mixed, mixed, fc.constantFrom(...withDictionary), (dictionary, input, type) => {
      const both = concatBytes(input, dictionary.subarray(0, 500), input)
      const stored = compressed(type, both, undefined, dictionary)
      if (stored !== undefined) assert.deepEqual(decompressBlock(type, stored, 5, { dictionary }), both)
    }),
    { numRuns: 400 },
  )
})

test('LZ4 and Snappy output is what a plain decoder of the formats reads', () => {
  fc.assert(
    fc.property(mixed, mixed, (input, dictionary) => {
      const lz4 = compressed(LZ4, input, undefined, dictionary)
      if (lz4 !== undefined) assert.deepEqual(plainLz4(lz4, dictionary), input)
      const snappy = compressed(Snappy, input)
      if (snappy !== undefined) assert.deepEqual(plainSnappy(snappy), input)
    }),
    { numRuns: 400 },
  )
})

test('deflate and Zstandard agree with zlib itself, and deflate stays in the window of C++', () => {
  const far = concatBytes(noise(12_000, 1), noise(20_000, 2), noise(12_000, 1), new Uint8Array(9_000))
  const deflated = compressed(Zlib, far)!
  assert.deepEqual(new Uint8Array(inflateRawSync(deflated.subarray(3), { windowBits: 14 })), far)
  assert.deepEqual(new Uint8Array(zstdDecompressSync(compressed(ZSTD, far)!.subarray(3))), far)
  assert.ok(compressed(ZSTD, far, 12)!.length > 0)
})

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

test('inputs larger than the memory that the kernels keep come back too, and so do those after them', () => {
  const big = concatBytes(noise(1_500_000, 7), new Uint8Array(2_000_000), noise(1_500_000, 7))
  for (const type of [LZ4, Snappy]) {
    assert.deepEqual(decompressBlock(type, compressed(type, big)!, 5), big)
    const small = repeat(noise(100, 3), 40)
    assert.deepEqual(decompressBlock(type, compressed(type, small)!, 5), small)
  }
})

test('what does not shrink by an eighth is not compressed', () => {
  for (const type of [...written, None]) {
    assert.equal(compressed(type, noise(4096, 9)), undefined)
    assert.equal(compressed(type, new Uint8Array(0)), undefined)
    assert.equal(compressed(type, Uint8Array.of(1)), undefined)
  }
})

test('damaged blocks give the right length or an error, never a wrong length or another error', () => {
  const input = concatBytes(repeat(noise(50, 4), 30), noise(500, 5), repeat(noise(3, 6), 300))
  const stored = new Map(written.map(type => [type, compressed(type, input)!]))
  fc.assert(
    fc.property(fc.constantFrom(...written), fc.nat(), fc.nat(255), fc.boolean(), (type, at, byte, cut) => {
      const whole = stored.get(type)!
      const position = at % whole.length
      const damaged = cut ? whole.slice(0, position) : Uint8Array.from(whole)
      if (!cut) damaged[position] = byte
      try {
        assert.ok(decompressBlock(type, damaged, 5, { file: 'a.sst', offset: 100 }).length < 3_000_000)
      } catch (error) {
        assert.ok(
          error instanceof CorruptionError && error.file === 'a.sst' && error.offset! >= 100,
          String(error),
        )
      }
    }),
    { numRuns: 2000 },
  )
})

test('a size that the codec cannot reach is refused before anything is allocated', () => {
  for (const type of written) {
    const lie = new Uint8Array(1 << 10)
    writeVarint(lie, 0, 0xffff_fff0)
    assert.throws(() => decompressBlock(type, lie, 5), CorruptionError)
  }
})

test('a size that a codec could reach but does not is refused at the cost of the real output', () => {
  const zeros = new Uint8Array(1 << 20)
  const before = process.memoryUsage().rss
  for (const [type, claim] of [
    [LZ4, 200 << 20],
    [Snappy, 20 << 20],
    [Zlib, 900 << 20],
    [ZSTD, 3 << 30],
  ]) {
    for (const body of [
      zeros,
      noise(1 << 20, 8),
      new Uint8Array(deflateRawSync(zeros)),
      new Uint8Array(zstdCompressSync(zeros)),
    ]) {
      const prefix = new Uint8Array(writeVarint(new Uint8Array(5), 0, claim >>> 0))
      writeVarint(prefix, 0, claim >>> 0)
      assert.throws(() => decompressBlock(type, concatBytes(prefix, body), 5), CorruptionError)
    }
  }
  const growth = process.memoryUsage().rss - before
  assert.ok(growth < 64 << 20, `${growth >> 20} MiB more`)
})

test('a record of a compressed WAL is read to its end and no further than its limit', () => {
  const record = concatBytes(new Uint8Array(5000), noise(300, 1))
  const frame = new Uint8Array(zstdCompressSync(record))
  assert.deepEqual(zstdDecompressFrame(frame, 1 << 20), record)
  assert.deepEqual(zstdDecompressFrame(frame, record.length), record)
  assert.throws(() => zstdDecompressFrame(frame, 5299), CorruptionError)
  assert.throws(() => zstdDecompressFrame(frame.subarray(0, frame.length - 3), 1 << 20), CorruptionError)
  assert.throws(() => zstdDecompressFrame(noise(100, 2), 1 << 20), CorruptionError)
})
