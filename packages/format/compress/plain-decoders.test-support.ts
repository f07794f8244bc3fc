/**
 * LZ4 and Snappy decoders written byte by byte from the formats, to judge what the kernels write. They throw
 * at anything that a decoder may refuse, and at LZ4's rules for the end of a block.
 */
import assert from 'node:assert/strict'
import { ByteReader } from '../bytes/index.ts'

export function plainLz4(stored: Uint8Array, dictionary: Uint8Array): Uint8Array {
  const reader = new ByteReader(stored)
  const size = reader.varint32()
  const output = [...dictionary]
  const end = dictionary.length + size
  const more = (length: number): number => {
    let total = length
    for (let byte = length === 15 ? 255 : 0; byte === 255; total += byte) byte = reader.uint8()
    return total
  }
  for (;;) {
    const token = reader.uint8()
    const literals = reader.take(more(token >> 4))
    output.push(...literals)
    if (reader.remaining === 0) {
      assert.ok(size < 5 || literals.length >= 5, 'the last five bytes are literals')
      assert.equal(output.length, end)
      return Uint8Array.from(output.slice(dictionary.length))
    }
    assert.ok(end - output.length >= 12, 'no match begins in the last twelve bytes')
    copyBack(output, reader.uint16(), more(token & 15) + 4)
  }
}

export function plainSnappy(stored: Uint8Array): Uint8Array {
  const reader = new ByteReader(stored)
  const size = reader.varint32()
  const output: number[] = []
  while (reader.remaining > 0) {
    const tag = reader.uint8()
    const upper = tag >> 2
    if ((tag & 3) === 0)
      output.push(...reader.take(1 + (upper < 60 ? upper : littleEndian(reader, upper - 59))))
    else if ((tag & 3) === 1) copyBack(output, ((tag >> 5) << 8) | reader.uint8(), (upper & 7) + 4)
    else copyBack(output, (tag & 3) === 2 ? reader.uint16() : reader.uint32(), upper + 1)
  }
  assert.equal(output.length, size)
  return Uint8Array.from(output)
}

function littleEndian(reader: ByteReader, length: number): number {
  return reader.take(length).reduceRight((value, byte) => value * 256 + byte, 0)
}

function copyBack(output: number[], distance: number, length: number): void {
  assert.ok(distance > 0 && distance <= output.length)
  for (let i = 0; i < length; i++) output.push(output[output.length - distance])
}
