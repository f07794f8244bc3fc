/** Reads tuples; elements.ts draws the bytes. Whatever `encodeTuple` would have written otherwise is `CORRUPTION`. */
import { ByteReader } from '../bytes/index.ts'
import {
  ESCAPE,
  MAX_DATE,
  MAX_TUPLE_DEPTH,
  MAX_TUPLE_ELEMENTS,
  type Tuple,
  type TupleElement,
  TupleTag,
} from './elements.ts'

const fatalDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const doubleBytes = new Uint8Array(8)
const doubleView = new DataView(doubleBytes.buffer)

/** The tuple that bytes[start..end) are. Throws `CORRUPTION` with the offset at which they are none. */
export function decodeTuple(bytes: Uint8Array, start = 0, end: number = bytes.length): Tuple {
  const reader = new ByteReader(bytes, start, end)
  const tuple: TupleElement[] = []
  elementsLeft = MAX_TUPLE_ELEMENTS
  while (reader.remaining > 0) tuple.push(readElement(reader, 0))
  return tuple
}

let elementsLeft = 0

/** Where the 0x00 stands that ends the tuple at bytes[start..]. The elements are not looked into. */
export function findTupleEnd(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const reader = new ByteReader(bytes, start, end)
  let depth = 0
  for (;;) {
    const tag = reader.uint8('tuple')
    if (tag === TupleTag.End) {
      if (depth === 0) return reader.position - 1
      depth--
    } else if (tag === TupleTag.Tuple) {
      if (++depth > MAX_TUPLE_DEPTH) throw reader.corruption('a tuple too deep', reader.position - 1)
    } else skipElement(reader, tag)
  }
}

function skipElement(reader: ByteReader, tag: number): void {
  switch (tag) {
    case TupleTag.Null:
    case TupleTag.False:
    case TupleTag.True:
      return
    case TupleTag.Number:
    case TupleTag.Date:
      reader.take(8, 'tuple element')
      return
    case TupleTag.BigInt:
      readBigIntBytes(reader)
      return
    case TupleTag.String:
    case TupleTag.Bytes:
      findContentEnd(reader)
      return
    default:
      throw unknownTag(reader, tag)
  }
}

function readElement(reader: ByteReader, depth: number): TupleElement {
  if (elementsLeft-- === 0) throw reader.corruption('a tuple of too many elements')
  const tag = reader.uint8('tuple element')
  switch (tag) {
    case TupleTag.Null:
      return null
    case TupleTag.False:
      return false
    case TupleTag.True:
      return true
    case TupleTag.Number:
      return readDouble(reader)
    case TupleTag.BigInt:
      return readBigInt(reader)
    case TupleTag.Date:
      return readDate(reader)
    case TupleTag.String:
      return readText(reader)
    case TupleTag.Bytes:
      return readContent(reader).slice()
    case TupleTag.Tuple:
      return readNested(reader, depth + 1)
    default:
      throw unknownTag(reader, tag)
  }
}

function unknownTag(reader: ByteReader, tag: number) {
  return reader.corruption(`no element of a tuple begins with ${tag}`, reader.position - 1)
}

function readNested(reader: ByteReader, depth: number): Tuple {
  if (depth > MAX_TUPLE_DEPTH) throw reader.corruption('a tuple too deep', reader.position - 1)
  const tuple: TupleElement[] = []
  for (;;) {
    reader.need(1, 'tuple within a tuple')
    if (reader.bytes[reader.position] === TupleTag.End) break
    tuple.push(readElement(reader, depth))
  }
  reader.position++
  return tuple
}

function readDouble(reader: ByteReader): number {
  const start = reader.position
  reader.need(8, 'number of a tuple')
  const isNegative = reader.bytes[start] < 0x80
  const flip = isNegative ? 0xff : 0
  for (let i = 0; i < 8; i++) doubleBytes[i] = reader.bytes[start + i] ^ flip
  if (!isNegative) doubleBytes[0] ^= 0x80
  reader.position += 8
  const value = doubleView.getFloat64(0)
  if (Number.isFinite(value) && !Object.is(value, -0)) return value
  throw reader.corruption('a number that no tuple holds', start)
}

function readDate(reader: ByteReader): Date {
  const start = reader.position
  const milliseconds = readDouble(reader)
  if (Number.isInteger(milliseconds) && Math.abs(milliseconds) <= MAX_DATE) return new Date(milliseconds)
  throw reader.corruption('a date that is none', start)
}

/** A bigint's magnitude as it is written, with `negativeMagnitude` saying how. */
function readBigIntBytes(reader: ByteReader): Uint8Array {
  const start = reader.position
  const size = (reader.uint8('bigint of a tuple') << 8) | reader.uint8('bigint of a tuple')
  negativeMagnitude = size < 0x8000
  const length = negativeMagnitude ? 0x7fff - size : size - 0x8000
  const magnitude = reader.take(length, 'bigint of a tuple')
  const zero = negativeMagnitude ? 0xff : 0
  const isCanonical = length === 0 ? !negativeMagnitude : magnitude[0] !== zero
  if (!isCanonical) throw reader.corruption('a bigint that begins with zeros', start)
  return magnitude
}

let negativeMagnitude = false

function readBigInt(reader: ByteReader): bigint {
  const magnitude = readBigIntBytes(reader)
  const flip = negativeMagnitude ? 0xff : 0
  let digits = '0x0'
  for (const byte of magnitude) digits += (byte ^ flip).toString(16).padStart(2, '0')
  const value = BigInt(digits)
  return negativeMagnitude ? -value : value
}

function readText(reader: ByteReader): string {
  const start = reader.position
  const content = readContent(reader)
  try {
    return fatalDecoder.decode(content)
  } catch (error) {
    const corruption = reader.corruption('a string that is no UTF-8', start)
    corruption.cause = error
    throw corruption
  }
}

let escapeCount = 0

/** Moves behind the 0x00 that ends a string or bytes, counts the escapes and gives the end of the content. */
function findContentEnd(reader: ByteReader): number {
  const { bytes, end } = reader
  let at = reader.position
  for (escapeCount = 0; ; escapeCount++) {
    while (at < end && bytes[at] > ESCAPE) at++
    if (at >= end) throw reader.corruption('a string or bytes without an end')
    if (bytes[at] === TupleTag.End) break
    const escaped = bytes[at + 1] - 1
    if (escaped !== 0 && escaped !== ESCAPE) throw reader.corruption('an escape of what needs none', at)
    at += 2
  }
  reader.position = at + 1
  return at
}

/** A view where nothing was escaped, else a copy. */
function readContent(reader: ByteReader): Uint8Array {
  const { bytes, position: start } = reader
  const end = findContentEnd(reader)
  if (escapeCount === 0) return bytes.subarray(start, end)
  const content = new Uint8Array(end - start - escapeCount)
  for (let from = start, to = 0; from < end; from++, to++) {
    content[to] = bytes[from] === ESCAPE ? bytes[++from] - 1 : bytes[from]
  }
  return content
}
