import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { CorruptionError } from '../errors/index.ts'
import { loadVectors } from '../test/vectors.ts'
import { ByteReader, ByteWriter, fromHex, toHex, varintLength, zigzagDecode, zigzagEncode } from './index.ts'

interface Pair {
  value: string
  hex: string
}

const { unsigned, zigzag } = loadVectors<{ unsigned: Pair[]; zigzag: Pair[] }>('varints')

function encoded(value: number): string {
  const writer = new ByteWriter()
  writer.varint(value)
  return toHex(writer.view())
}

test('varints are the bytes that RocksDB writes, up to 2^53 - 1', () => {
  for (const { value, hex } of unsigned) {
    const number = Number(value)
    if (!Number.isSafeInteger(number)) continue
    assert.equal(encoded(number), hex)
    assert.equal(varintLength(number), hex.length / 2)
    assert.equal(new ByteReader(fromHex(hex)).varint64(), number)
  }
})

test('greater varints are refused, and so are those too long for 32 bits', () => {
  for (const { value, hex } of unsigned) {
    const number = Number(value)
    const read32 = () => new ByteReader(fromHex(hex)).varint32()
    if (number <= 0xffff_ffff) assert.equal(read32(), number)
    else assert.throws(read32, CorruptionError)
    if (!Number.isSafeInteger(number)) {
      assert.throws(() => new ByteReader(fromHex(hex)).varint64(), CorruptionError)
    }
  }
})

test('signed numbers zigzag as RocksDB has them', () => {
  for (const { value, hex } of zigzag) {
    assert.equal(encoded(zigzagEncode(Number(value))), hex)
    assert.equal(zigzagDecode(new ByteReader(fromHex(hex)).varint64()), Number(value))
  }
})

test('a varint that was written is read, and one that is cut is corrupt', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), value => {
      const bytes = fromHex(encoded(value))
      assert.equal(new ByteReader(bytes).varint64(), value)
      assert.throws(() => new ByteReader(bytes, 0, bytes.length - 1).varint64(), CorruptionError)
    }),
  )
})
