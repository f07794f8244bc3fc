import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ByteWriter, concatBytes, decodeUtf8, fromHex, readUint16, toHex } from '../bytes/index.ts'
import { decompressBlock } from '../compress/index.ts'
import { isVarveError } from '../errors/index.ts'
import { attempt, surviveDamage } from '../test/hostile.ts'
import { loadVectors, sampleFiles } from '../test/vectors.ts'
import {
  BLOB_HEADER_LENGTH,
  BlobCursor,
  type BlobHeader,
  decodeBlobIndex,
  encodeBlobFooter,
  encodeBlobHeader,
  encodeBlobIndex,
  writeBlobRecord,
} from './index.ts'

interface BlobVector {
  file: string
  hex: string
  blobIndexValuesInSst: [internalKeyHex: string, blobIndexHex: string][]
}

const vectors = loadVectors<Record<string, BlobVector>>('blob')

interface Blob {
  key: Uint8Array
  value: Uint8Array
}

function blobsOf(cursor: BlobCursor): (Blob & { valueStart: number })[] {
  const blobs: (Blob & { valueStart: number })[] = []
  while (cursor.next()) {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor
    blobs.push({ key: bytes.slice(keyStart, keyEnd), value: bytes.slice(valueStart, valueEnd), valueStart })
  }
  return blobs
}

function fileOf(header: BlobHeader, blobs: readonly Blob[]): Uint8Array {
  const writer = new ByteWriter()
  writer.append(encodeBlobHeader(header))
  for (const { key, value } of blobs) writeBlobRecord(writer, key, value)
  writer.append(encodeBlobFooter({ count: blobs.length, expirationFrom: 0, expirationTo: 0 }))
  return writer.take()
}

const hexOfFiles = [
  ...Object.values(vectors).map(({ hex }) => hex),
  ...sampleFiles().flatMap(({ name, bytes }) => (name.endsWith('.blob') ? [toHex(bytes)] : [])),
]

test('blob files that RocksDB wrote come out bit for bit when decoded and encoded again', () => {
  assert.ok(hexOfFiles.length >= 9)
  for (const hex of hexOfFiles) {
    const cursor = new BlobCursor(fromHex(hex))
    assert.equal(toHex(fileOf(cursor.header, blobsOf(cursor))), hex)
  }
})

test('blob indexes point at the values of their keys', () => {
  for (const { hex, file, blobIndexValuesInSst } of Object.values(vectors)) {
    const cursor = new BlobCursor(fromHex(hex))
    const blobs = blobsOf(cursor)
    blobIndexValuesInSst.forEach(([internalKey, indexHex], i) => {
      const index = decodeBlobIndex(fromHex(indexHex))
      const { key, value, valueStart } = blobs[i]
      assert.equal(toHex(key), internalKey.slice(0, -16))
      assert.equal(index.fileNumber, Number.parseInt(file, 10))
      assert.deepEqual([index.offset, index.size], [valueStart, value.length])
      assert.equal(index.compression, cursor.header.compression)
      assert.equal(toHex(encodeBlobIndex(index)), indexHex)
    })
  }
})

test('compressed values decompress as blocks do', () => {
  for (const name of ['snappy_783', 'zlib_783', 'lz4_783', 'zstd_783']) {
    const cursor = new BlobCursor(fromHex(vectors[name].hex))
    const [long, short] = blobsOf(cursor).map(({ value }) =>
      decodeUtf8(decompressBlock(cursor.header.compression, value, 2)),
    )
    assert.match(long, /^a{431}|^a+end$/)
    assert.equal(short, 'short')
  }
})

test('blobs that were encoded are decoded', () => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  fc.assert(
    fc.property(fc.array(fc.record({ key: bytes, value: bytes })), fc.nat(), (blobs, columnFamily) => {
      const header = { columnFamily, hasTtl: false, compression: 0, expirationFrom: 0, expirationTo: 0 }
      const cursor = new BlobCursor(fileOf(header, blobs))
      assert.deepEqual(cursor.header, header)
      const found = blobsOf(cursor).map(({ key, value }) => ({ key, value }))
      assert.deepEqual(
        found.map(blob => structuredClone(blob)),
        blobs.map(blob => structuredClone({ ...blob })),
      )
    }),
  )
})

test('an index that was encoded is decoded', () => {
  const number = fc.maxSafeNat()
  fc.assert(
    fc.property(number, number, number, fc.nat(255), (fileNumber, offset, size, compression) => {
      const index = { fileNumber, offset, size, compression }
      assert.deepEqual(decodeBlobIndex(encodeBlobIndex(index)), index)
    }),
  )
})

test('indexes of the stacked BlobDB are named, not misread', () => {
  for (const kind of [0, 2]) {
    assert.throws(
      () => decodeBlobIndex(Uint8Array.of(kind, 1, 2, 3)),
      error => isVarveError(error, 'NOT_SUPPORTED'),
    )
  }
})

test('every flipped bit of a record or the footer is found', () => {
  const bytes = fromHex(vectors['plain_783'].hex)
  for (let at = BLOB_HEADER_LENGTH; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bytes.slice()
      damaged[at] ^= 1 << bit
      assert.ok(
        attempt(damaged, file => blobsOf(new BlobCursor(file))),
        `bit ${bit} of byte ${at}`,
      )
    }
  }
})

test('damage is a corruption and never anything else', () => {
  surviveDamage(fromHex(vectors['snappy_783'].hex), file => blobsOf(new BlobCursor(file)))
  surviveDamage(fromHex('0117403200'), bytes => decodeBlobIndex(bytes))
})

test('a footer that counts otherwise is corrupt', () => {
  const header = { columnFamily: 0, hasTtl: false, compression: 0, expirationFrom: 0, expirationTo: 0 }
  const footer = encodeBlobFooter({ count: 1, expirationFrom: 0, expirationTo: 0 })
  assert.equal(readUint16(footer, 0), 0x8f37)
  assert.ok(attempt(concatBytes(encodeBlobHeader(header), footer), file => blobsOf(new BlobCursor(file))))
})
