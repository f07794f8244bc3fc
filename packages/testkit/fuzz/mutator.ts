/**
 * Changes bytes the way that formats break: single bits, lengths and counts that lie (as fixed or varint,
 * at the edges where numbers wrap), pieces that are missing, doubled, moved or from another file, and small
 * files blown up to the size limit.
 */
import type { Random } from '../random.ts'

/** The largest input that the decoders' promise speaks of. */
export const MAX_INPUT: number = 1024 * 1024

const MAX_SAFE = 2 ** 53 - 1

/** Numbers at which something wraps, overflows or stops being a small integer. */
const edges = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  0x3fff,
  0x4000,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  2 ** 21,
  2 ** 28,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 35,
  2 ** 40,
  2 ** 52,
  MAX_SAFE,
  2 ** 53,
]

type Change = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

const changes: readonly Change[] = [
  flipBits,
  flipBits,
  setByte,
  setByte,
  setFixed,
  setFixed,
  setVarint,
  setVarint,
  shiftVarint,
  truncate,
  remove,
  double,
  move,
  insertNoise,
  insertZeros,
  splice,
]

/** One to six changes; rarely a file of the largest size made of repeated pieces. */
export function mutate(original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(original) // Not `slice`: that of a Buffer is no copy.
  if (random.chance(0.001)) bytes = blowUp(bytes, random)
  for (let n = 1 + random.skewed(6); n > 0; n--) bytes = random.pick(changes)(bytes, random, others)
  return bytes.length > MAX_INPUT ? bytes.subarray(0, MAX_INPUT) : bytes
}

function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[place(bytes, random)] ^= 1 << random.below(8)
  return bytes
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  const value = random.chance(0.5) ? random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]) : random.below(256)
  if (bytes.length > 0) bytes[place(bytes, random)] = value
  return bytes
}

/** A fixed32 or fixed64 at an edge, or about as large as the input. */
function setFixed(bytes: Uint8Array, random: Random): Uint8Array {
  const width = random.pick([2, 4, 4, 8])
  if (bytes.length < width) return bytes
  const at = random.chance(0.3) ? bytes.length - width : random.below(bytes.length - width + 1)
  let value = edgeNear(bytes, random)
  for (let i = 0; i < width; i++) {
    bytes[at + i] = value % 256
    value = Math.floor(value / 256)
  }
  if (random.chance(0.1)) bytes.fill(0xff, at, at + width)
  return bytes
}

/** Puts a varint over what stands there, whatever that is; the bytes behind it stay where they are. */
function setVarint(bytes: Uint8Array, random: Random): Uint8Array {
  const varint = encodeVarint(edgeNear(bytes, random), random)
  const at = place(bytes, random)
  bytes.set(varint.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length))
  return bytes
}

/** Replaces the varint that seems to stand there by another, of whatever length. */
function shiftVarint(bytes: Uint8Array, random: Random): Uint8Array {
  const at = place(bytes, random)
  let end = at
  while (end < bytes.length && end < at + 9 && bytes[end] >= 0x80) end++
  return join(bytes.subarray(0, at), encodeVarint(edgeNear(bytes, random), random), bytes.subarray(end + 1))
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(
    0,
    random.chance(0.5) ? bytes.length - 1 - random.skewed(bytes.length) : place(bytes, random),
  )
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = piece(bytes, random)
  return join(bytes.subarray(0, start), bytes.subarray(end))
}

function double(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = piece(bytes, random)
  return join(bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end))
}

function move(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = piece(bytes, random)
  bytes.copyWithin(place(bytes, random), start, end)
  return bytes
}

function insertNoise(bytes: Uint8Array, random: Random): Uint8Array {
  const at = place(bytes, random)
  return join(bytes.subarray(0, at), random.bytes(1 + random.skewed(20)), bytes.subarray(at))
}

function insertZeros(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.chance(0.5) ? bytes.length : place(bytes, random)
  return join(bytes.subarray(0, at), new Uint8Array(1 + random.skewed(64)), bytes.subarray(at))
}

/** The beginning of one file and the end of another. */
function splice(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(others)
  return join(bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random)))
}

/** Repeats a piece until the input is as large as it may be: finds what is quadratic. */
function blowUp(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = piece(bytes, random)
  if (end === start) return bytes
  const large = new Uint8Array(MAX_INPUT)
  const middle = MAX_INPUT - (bytes.length - end)
  large.set(bytes.subarray(0, end))
  // What is there of the repeated piece doubles: a piece can be one byte.
  for (let at = end; at < middle; ) {
    const length = Math.min(at - start, middle - at)
    large.copyWithin(at, start, start + length)
    at += length
  }
  large.set(bytes.subarray(end), middle)
  return large
}

/** Mostly anywhere, often near the beginning or the end, where headers and footers are. */
function place(bytes: Uint8Array, random: Random): number {
  if (bytes.length === 0) return 0
  const from = random.skewed(bytes.length)
  return random.pick([random.below(bytes.length), from, bytes.length - 1 - from])
}

function piece(bytes: Uint8Array, random: Random): [start: number, end: number] {
  const start = place(bytes, random)
  return [start, Math.min(bytes.length, start + 1 + random.skewed(Math.max(1, bytes.length)))]
}

function edgeNear(bytes: Uint8Array, random: Random): number {
  if (random.chance(0.3)) return Math.max(0, bytes.length + random.between(-9, 3))
  return random.chance(0.2) ? random.below(256) : random.pick(edges)
}

/** Sometimes longer than it must be, sometimes longer than it may be. */
function encodeVarint(value: number, random: Random): Uint8Array {
  if (random.chance(0.05)) return new Uint8Array(random.between(5, 12)).fill(0xff)
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  out.push(rest)
  if (random.chance(0.05)) {
    out[out.length - 1] |= 0x80
    out.push(0)
  }
  return Uint8Array.from(out)
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
