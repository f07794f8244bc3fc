/** Writes tuples; elements.ts draws the bytes. */
import { ByteWriter, encodeUtf8 } from '../bytes/index.ts'
import { VarveError } from '../errors/index.ts'
import {
  ESCAPE,
  MAX_BIGINT_LENGTH,
  MAX_TUPLE_DEPTH,
  MAX_TUPLE_ELEMENTS,
  type Tuple,
  type TupleElement,
  TupleTag,
} from './elements.ts'

/** Up to this length a string is first tried as ASCII, in a loop: a third of the time of the encoder. */
const SHORT_TEXT_MAX = 64

const doubleBytes = new Uint8Array(8)
const doubleView = new DataView(doubleBytes.buffer)
const writer = new ByteWriter()

/** The bytes of a tuple. What no tuple may hold (`undefined`, NaN, an object, ...) is `INVALID_ARGUMENT`. */
export function encodeTuple(tuple: Tuple): Uint8Array {
  if (!Array.isArray(tuple)) throw invalid(`a tuple must be an array, not ${describe(tuple)}`)
  writer.clear()
  writeTuple(writer, tuple)
  return writer.take()
}

/** Appends the elements of a tuple, without an end. */
export function writeTuple(to: ByteWriter, tuple: Tuple): void {
  elementsLeft = MAX_TUPLE_ELEMENTS
  for (let i = 0; i < tuple.length; i++) writeElement(to, tuple[i], 0)
}

let elementsLeft = 0

function writeElement(to: ByteWriter, element: TupleElement, depth: number): void {
  if (elementsLeft-- === 0) throw invalid(`a tuple has at most ${MAX_TUPLE_ELEMENTS} elements`)
  if (typeof element === 'string') writeText(to, element)
  else if (typeof element === 'number') writeNumber(to, element)
  else if (typeof element === 'boolean') to.uint8(element ? TupleTag.True : TupleTag.False)
  else if (typeof element === 'bigint') writeBigInt(to, element)
  else if (typeof element === 'object') writeObject(to, element, depth)
  else throw invalid(`a tuple cannot hold ${describe(element)}`)
}

function writeObject(to: ByteWriter, element: TupleElement & (object | null), depth: number): void {
  if (element === null) to.uint8(TupleTag.Null)
  else if (Array.isArray(element)) writeNested(to, element, depth + 1)
  else if (element instanceof Uint8Array) writeEscaped(to, TupleTag.Bytes, element)
  else if (element instanceof Date) writeDate(to, element)
  else throw invalid(`a tuple cannot hold ${describe(element)}`)
}

function writeNested(to: ByteWriter, tuple: Tuple, depth: number): void {
  if (depth > MAX_TUPLE_DEPTH) throw invalid(`tuples within tuples go no deeper than ${MAX_TUPLE_DEPTH}`)
  to.uint8(TupleTag.Tuple)
  for (const element of tuple) writeElement(to, element, depth)
  to.uint8(TupleTag.End)
}

function writeNumber(to: ByteWriter, value: number): void {
  if (!Number.isFinite(value)) throw invalid(`a tuple cannot hold ${value}`)
  writeDouble(to, TupleTag.Number, value)
}

function writeDate(to: ByteWriter, date: Date): void {
  const milliseconds = date.getTime()
  if (Number.isNaN(milliseconds)) throw invalid('a tuple cannot hold an invalid Date')
  writeDouble(to, TupleTag.Date, milliseconds)
}

function writeDouble(to: ByteWriter, tag: number, value: number): void {
  doubleView.setFloat64(0, value === 0 ? 0 : value)
  const flip = value < 0 ? 0xff : 0
  to.reserve(9)
  const { bytes } = to
  let at = to.length
  bytes[at++] = tag
  bytes[at++] = doubleBytes[0] ^ flip ^ (flip === 0 ? 0x80 : 0)
  for (let i = 1; i < 8; i++) bytes[at++] = doubleBytes[i] ^ flip
  to.length = at
}

function writeBigInt(to: ByteWriter, value: bigint): void {
  const isNegative = value < 0n
  const digits = value === 0n ? '' : (isNegative ? -value : value).toString(16)
  const length = (digits.length + 1) >>> 1
  if (length > MAX_BIGINT_LENGTH) throw invalid(`a bigint in a tuple has at most ${MAX_BIGINT_LENGTH} bytes`)
  const flip = isNegative ? 0xff : 0
  const even = digits.padStart(2 * length, '0')
  to.reserve(3 + length)
  to.uint8(TupleTag.BigInt)
  to.uint8((0x80 | (length >>> 8)) ^ flip)
  to.uint8((length & 0xff) ^ flip)
  for (let i = 0; i < length; i++) to.uint8(Number.parseInt(even.slice(2 * i, 2 * i + 2), 16) ^ flip)
}

function writeText(to: ByteWriter, text: string): void {
  if (text.length <= SHORT_TEXT_MAX && writeAscii(to, text)) return
  if (!text.isWellFormed()) throw invalid('a tuple cannot hold half of a surrogate pair: it has no UTF-8')
  writeEscaped(to, TupleTag.String, encodeUtf8(text))
}

/** False, and nothing written, when the text has other characters than those of ASCII, or one to escape. */
function writeAscii(to: ByteWriter, text: string): boolean {
  to.reserve(text.length + 2)
  const { bytes } = to
  let at = to.length
  bytes[at++] = TupleTag.String
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= ESCAPE || code > 0x7f) return false
    bytes[at++] = code
  }
  bytes[at++] = TupleTag.End
  to.length = at
  return true
}

function writeEscaped(to: ByteWriter, tag: number, content: Uint8Array): void {
  to.uint8(tag)
  let start = 0
  for (let at = 0; at < content.length; at++) {
    if (content[at] > ESCAPE) continue
    to.append(content, start, at)
    to.uint8(ESCAPE)
    to.uint8(content[at] + 1)
    start = at + 1
  }
  to.append(content, start)
  to.uint8(TupleTag.End)
}

function invalid(message: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', message, { option: 'tuple' })
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? `an object (${value.constructor?.name ?? 'no class'})` : typeof value
}
