// biome-ignore-all lint/correctness/noPrecisionLoss: these are u64 literals of AssemblyScript
/**
 * XXH3 in its two generations, over bytes in this module's memory.
 *
 * The released XXH3 (xxHash 0.8) checks blocks and makes unique ids; the preview of it that RocksDB froze
 * as XXPH3 hashes filter keys. They differ in the short lengths, in the avalanche and in which lane takes the
 * plain input. Long inputs come in steps, so that a caller with a small scratch area can hash any length:
 *
 *     stripe := 64 bytes        one u64 for each of eight lanes
 *     block  := 16 stripes      then the lanes are scrambled
 *
 * AssemblyScript. RocksDB: util/xxhash.h, util/xxph3.h
 */
import { P32_1, P32_2, P32_3, P64_1, P64_2, P64_3, P64_4, P64_5, xxh64Avalanche } from './xxh64.as'

const PRIME_MX1: u64 = 0x165667919e3779f9
const PRIME_MX2: u64 = 0x9fb21c651e98df25

/** 192 bytes, xxHash's default secret, as 24 words. */
const SECRET: usize = memory.data<u64>([
  0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072, 0x78e5c0cc4ee679cb,
  0x2172ffcc7dd05a82, 0x8e2443f7744608b8, 0x4c263a81e69035e0, 0xcb00c391bb52283c, 0xa32e531b8b65d088,
  0x4ef90da297486471, 0xd8acdea946ef1938, 0x3f349ce33f76faa8, 0x1d4f0bc7c7bbdcf9, 0x3159b4cd4be0518a,
  0x647378d9c97e9fc8, 0xc3ebd33483acc5ea, 0xeb6313faffa081c5, 0x49daf0b751dd0d17, 0x9e68d429265516d3,
  0xfca1477d58be162b, 0xce31d07ad1b8f88f, 0x280416958f3acb45, 0x7e404bbbcafbd7af,
])

/** The secret of a seeded long hash. */
const SEEDED: usize = memory.data(192, 16)
const LANES: usize = memory.data(64, 16)

/** High and low half of the last 128-bit product or hash. */
let high: u64 = 0
let low: u64 = 0

export function lastHigh(): u64 {
  return high
}

function multiply(a: u64, b: u64): void {
  const aLow = a & 0xffffffff
  const aHigh = a >> 32
  const bLow = b & 0xffffffff
  const bHigh = b >> 32
  const lowLow = aLow * bLow
  const middle = aHigh * bLow + (lowLow >> 32)
  const cross = aLow * bHigh + (middle & 0xffffffff)
  high = aHigh * bHigh + (middle >> 32) + (cross >> 32)
  low = a * b
}

/** The two halves of a 128-bit product, xored. */
function fold(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff
  const aHigh = a >> 32
  const bLow = b & 0xffffffff
  const bHigh = b >> 32
  const lowLow = aLow * bLow
  const middle = aHigh * bLow + (lowLow >> 32)
  const cross = aLow * bHigh + (middle & 0xffffffff)
  return (a * b) ^ (aHigh * bHigh + (middle >> 32) + (cross >> 32))
}

function avalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 37)) * PRIME_MX1
  return hash ^ (hash >> 32)
}

function mix16(at: usize, secret: usize, seed: u64): u64 {
  return fold(
    load<u64>(at) ^ (load<u64>(SECRET + secret) + seed),
    load<u64>(at, 8) ^ (load<u64>(SECRET + secret, 8) - seed),
  )
}

// --- Long inputs: lanes, stripes, blocks -------------------------------------------------------------

export function xxh3Begin(): void {
  store<u64>(LANES, P32_3, 0)
  store<u64>(LANES, P64_1, 8)
  store<u64>(LANES, P64_2, 16)
  store<u64>(LANES, P64_3, 24)
  store<u64>(LANES, P64_4, 32)
  store<u64>(LANES, P32_2, 40)
  store<u64>(LANES, P64_5, 48)
  store<u64>(LANES, P32_1, 56)
}

/** Products of the low and high words of the two u64 in `keyed`. */
function wordProducts(keyed: v128): v128 {
  return v128.extmul_low<u32>(
    v128.shuffle<u32>(keyed, keyed, 0, 2, 0, 2),
    v128.shuffle<u32>(keyed, keyed, 1, 3, 1, 3),
  )
}

function addStripe(lane: v128, data: v128, secret: v128): v128 {
  const swapped = v128.shuffle<u64>(data, data, 1, 0)
  return v128.add<u64>(v128.add<u64>(lane, swapped), wordProducts(v128.xor(data, secret)))
}

/** Adds `count` stripes at `at`; stripe i meets the secret from byte 8i on. */
function addStripes(at: usize, count: u32, secret: usize): void {
  let lane0 = v128.load(LANES, 0)
  let lane1 = v128.load(LANES, 16)
  let lane2 = v128.load(LANES, 32)
  let lane3 = v128.load(LANES, 48)
  for (let i: u32 = 0; i < count; i++) {
    lane0 = addStripe(lane0, v128.load(at, 0), v128.load(secret, 0))
    lane1 = addStripe(lane1, v128.load(at, 16), v128.load(secret, 16))
    lane2 = addStripe(lane2, v128.load(at, 32), v128.load(secret, 32))
    lane3 = addStripe(lane3, v128.load(at, 48), v128.load(secret, 48))
    at += 64
    secret += 8
  }
  v128.store(LANES, lane0, 0)
  v128.store(LANES, lane1, 16)
  v128.store(LANES, lane2, 32)
  v128.store(LANES, lane3, 48)
}

function scramble(secret: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) {
    const lane = load<u64>(LANES + offset)
    store<u64>(LANES + offset, (lane ^ (lane >> 47) ^ load<u64>(secret + 128 + offset)) * P32_1)
  }
}

function addBlocks(at: usize, count: u32, secret: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    addStripes(at, 16, secret)
    scramble(secret)
    at += 1024
  }
}

function sumLanes(secret: usize, start: u64): u64 {
  let hash = start
  for (let offset: usize = 0; offset < 64; offset += 16) {
    const lane = LANES + offset
    hash += fold(
      load<u64>(lane) ^ load<u64>(secret + offset),
      load<u64>(lane, 8) ^ load<u64>(secret + offset, 8),
    )
  }
  return hash
}

function mergeLanes(secret: usize, start: u64): u64 {
  return avalanche(sumLanes(secret, start))
}

/** Adds whole blocks. A caller must keep at least one byte for `xxh3End`. */
export function xxh3Blocks(at: usize, count: u32): void {
  addBlocks(at, count, SECRET)
}

/**
 * Ends a long hash with the 1 to 1024 bytes tail[0..tailLength), of `length` in all. The 64 bytes before the
 * end must be in memory, even where some of them were part of a block.
 */
function addTail(tail: usize, tailLength: u32, secret: usize): void {
  addStripes(tail, (tailLength - 1) / 64, secret)
  addStripes(tail + tailLength - 64, 1, secret + 121)
}

export function xxh3End(tail: usize, tailLength: u32, length: u64): u64 {
  addTail(tail, tailLength, SECRET)
  return mergeLanes(SECRET + 11, length * P64_1)
}

// --- The released hash -------------------------------------------------------------------------------

function packed1to3(at: usize, length: u32): u32 {
  return (
    ((<u32>load<u8>(at)) << 16) |
    ((<u32>load<u8>(at + (length >> 1))) << 24) |
    <u32>load<u8>(at + length - 1) |
    (length << 8)
  )
}

function xxh3Upto16(at: usize, length: u32): u64 {
  if (length > 8) {
    const first = load<u64>(at) ^ (load<u64>(SECRET, 24) ^ load<u64>(SECRET, 32))
    const last = load<u64>(at + length - 8) ^ (load<u64>(SECRET, 40) ^ load<u64>(SECRET, 48))
    return avalanche(<u64>length + bswap<u64>(first) + last + fold(first, last))
  }
  if (length >= 4) {
    const both = <u64>load<u32>(at + length - 4) + ((<u64>load<u32>(at)) << 32)
    let hash = both ^ (load<u64>(SECRET, 8) ^ load<u64>(SECRET, 16))
    hash ^= rotl<u64>(hash, 49) ^ rotl<u64>(hash, 24)
    hash *= PRIME_MX2
    hash ^= (hash >> 35) + <u64>length
    hash *= PRIME_MX2
    return hash ^ (hash >> 28)
  }
  if (length > 0) {
    return xxh64Avalanche(<u64>packed1to3(at, length) ^ <u64>(load<u32>(SECRET) ^ load<u32>(SECRET, 4)))
  }
  return xxh64Avalanche(load<u64>(SECRET, 56) ^ load<u64>(SECRET, 64))
}

/** The sum that XXH3 and XXPH3 share for 17 to 128 bytes. */
function sum17to128(at: usize, length: u32): u64 {
  let sum = <u64>length * P64_1
  const end = at + length
  if (length > 32) {
    if (length > 64) {
      if (length > 96) sum += mix16(at + 48, 96, 0) + mix16(end - 64, 112, 0)
      sum += mix16(at + 32, 64, 0) + mix16(end - 48, 80, 0)
    }
    sum += mix16(at + 16, 32, 0) + mix16(end - 32, 48, 0)
  }
  return sum + mix16(at, 0, 0) + mix16(end - 16, 16, 0)
}

function sum8(at: usize, length: u32): u64 {
  let sum = <u64>length * P64_1
  for (let i: u32 = 0; i < 128; i += 16) sum += mix16(at + i, i, 0)
  return sum
}

function sumRest(at: usize, length: u32, sum: u64): u64 {
  for (let i: u32 = 128; i + 16 <= length; i += 16) sum += mix16(at + i, i - 128 + 3, 0)
  return sum + mix16(at + length - 16, 136 - 17, 0)
}

export function xxh3(at: usize, length: u32): u64 {
  if (length <= 16) return xxh3Upto16(at, length)
  if (length <= 128) return avalanche(sum17to128(at, length))
  if (length <= 240) return avalanche(sumRest(at, length, avalanche(sum8(at, length))))
  xxh3Begin()
  const blocks = (length - 1) / 1024
  xxh3Blocks(at, blocks)
  return xxh3End(at + blocks * 1024, length - blocks * 1024, length)
}

// --- 128 bits, seeded --------------------------------------------------------------------------------

function wide1to3(at: usize, length: u32, seed: u64): void {
  const packed = packed1to3(at, length)
  const turned = rotl<u32>(bswap<u32>(packed), 13)
  low = xxh64Avalanche(<u64>packed ^ (<u64>(load<u32>(SECRET) ^ load<u32>(SECRET, 4)) + seed))
  high = xxh64Avalanche(<u64>turned ^ (<u64>(load<u32>(SECRET, 8) ^ load<u32>(SECRET, 12)) - seed))
}

function wide4to8(at: usize, length: u32, seed: u64): void {
  seed ^= (<u64>bswap<u32>(<u32>seed)) << 32
  const both = <u64>load<u32>(at) + ((<u64>load<u32>(at + length - 4)) << 32)
  multiply(both ^ ((load<u64>(SECRET, 16) ^ load<u64>(SECRET, 24)) + seed), P64_1 + (length << 2))
  high += low << 1
  low ^= high >> 3
  low = (low ^ (low >> 35)) * PRIME_MX2
  low ^= low >> 28
  high = avalanche(high)
}

function wide9to16(at: usize, length: u32, seed: u64): void {
  const first = load<u64>(at)
  const last = load<u64>(at + length - 8)
  multiply(first ^ last ^ ((load<u64>(SECRET, 32) ^ load<u64>(SECRET, 40)) - seed), P64_1)
  low += (<u64>(length - 1)) << 54
  const keyed = last ^ ((load<u64>(SECRET, 48) ^ load<u64>(SECRET, 56)) + seed)
  const upper = high + keyed + (keyed & 0xffffffff) * (P32_2 - 1)
  multiply(low ^ bswap<u64>(upper), P64_2)
  high = avalanche(high + upper * P64_2)
  low = avalanche(low)
}

function wideMix32(first: usize, second: usize, secret: usize, seed: u64): void {
  low = (low + mix16(first, secret, seed)) ^ (load<u64>(second) + load<u64>(second, 8))
  high = (high + mix16(second, secret + 16, seed)) ^ (load<u64>(first) + load<u64>(first, 8))
}

function wide17to240(at: usize, length: u32, seed: u64): void {
  low = <u64>length * P64_1
  high = 0
  const end = at + length
  if (length <= 128) {
    for (let i: usize = (length - 1) / 32; i > 0; i--) wideMix32(at + 16 * i, end - 16 * i - 16, 32 * i, seed)
    wideMix32(at, end - 16, 0, seed)
  } else {
    for (let i: u32 = 0; i < 128; i += 32) wideMix32(at + i, at + i + 16, i, seed)
    low = avalanche(low)
    high = avalanche(high)
    for (let i: u32 = 128; i + 32 <= length; i += 32) wideMix32(at + i, at + i + 16, i - 128 + 3, seed)
    wideMix32(end - 16, end - 32, 136 - 17 - 16, 0 - seed)
  }
  const sum = low + high
  high = 0 - avalanche(low * P64_1 + high * P64_4 + (<u64>length - seed) * P64_2)
  low = avalanche(sum)
}

function wideLong(at: usize, length: u32, seed: u64): void {
  for (let i: usize = 0; i < 192; i += 16) {
    store<u64>(SEEDED + i, load<u64>(SECRET + i) + seed)
    store<u64>(SEEDED + i, load<u64>(SECRET + i, 8) - seed, 8)
  }
  xxh3Begin()
  const blocks = (length - 1) / 1024
  addBlocks(at, blocks, SEEDED)
  addTail(at + blocks * 1024, length - blocks * 1024, SEEDED)
  low = mergeLanes(SEEDED + 11, <u64>length * P64_1)
  high = mergeLanes(SEEDED + 192 - 64 - 11, ~(<u64>length * P64_2))
}

/** Returns the low half; `lastHigh` is the high one. */
export function xxh3Wide(at: usize, length: u32, seed: u64): u64 {
  if (length > 240) wideLong(at, length, seed)
  else if (length > 16) wide17to240(at, length, seed)
  else if (length > 8) wide9to16(at, length, seed)
  else if (length >= 4) wide4to8(at, length, seed)
  else if (length > 0) wide1to3(at, length, seed)
  else {
    low = xxh64Avalanche(seed ^ load<u64>(SECRET, 64) ^ load<u64>(SECRET, 72))
    high = xxh64Avalanche(seed ^ load<u64>(SECRET, 80) ^ load<u64>(SECRET, 88))
  }
  return low
}

// --- The preview that filters use --------------------------------------------------------------------

function previewAvalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 37)) * P64_3
  return hash ^ (hash >> 32)
}

function previewUpto16(at: usize, length: u32): u64 {
  if (length > 8) {
    const first = load<u64>(at) ^ load<u64>(SECRET)
    const last = load<u64>(at + length - 8) ^ load<u64>(SECRET, 8)
    return previewAvalanche(<u64>length + first + last + fold(first, last))
  }
  if (length >= 4) {
    const both = <u64>load<u32>(at) | ((<u64>load<u32>(at + length - 4)) << 32)
    const keyed = both ^ load<u64>(SECRET)
    const mixed = <u64>length + (keyed ^ (keyed >> 51)) * P32_1
    return previewAvalanche((mixed ^ (mixed >> 47)) * P64_2)
  }
  if (length > 0) {
    const packed =
      <u32>load<u8>(at) |
      ((<u32>load<u8>(at + (length >> 1))) << 8) |
      ((<u32>load<u8>(at + length - 1)) << 16) |
      (length << 24)
    return previewAvalanche((<u64>packed ^ <u64>load<u32>(SECRET)) * P64_1)
  }
  return fold(load<u64>(SECRET), P64_2)
}

/** Adds stripes; unlike `xxh3Blocks`, it may take the last of an input too. */
export function previewStripes(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const secret = SECRET + ((i & 15) << 3)
    previewStripe(at + (i << 6), secret)
    if ((i & 15) === 15) scramble(SECRET)
  }
}

function previewStripe(at: usize, secret: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) {
    const data = load<u64>(at + offset)
    const keyed = data ^ load<u64>(secret + offset)
    const sum = load<u64>(LANES + offset) + data + (keyed & 0xffffffff) * (keyed >> 32)
    store<u64>(LANES + offset, sum)
  }
}

/** Ends a long hash of `length` bytes, of which the last 64 end at `end`. */
export function previewEnd(end: usize, length: u64): u64 {
  if (length % 64 !== 0) previewStripe(end - 64, SECRET + 121)
  return previewAvalanche(sumLanes(SECRET + 11, length * P64_1))
}

function previewLong(at: usize, length: u32): u64 {
  xxh3Begin()
  previewStripes(at, length / 64)
  return previewEnd(at + length, length)
}

export function preview(at: usize, length: u32): u64 {
  if (length <= 16) return previewUpto16(at, length)
  if (length <= 128) return previewAvalanche(sum17to128(at, length))
  if (length <= 240) return previewAvalanche(sumRest(at, length, previewAvalanche(sum8(at, length))))
  return previewLong(at, length)
}
