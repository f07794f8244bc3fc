/**
 * The released XXH3 of 128 bits with a seed, which makes the unique ids of tables.
 *
 * AssemblyScript. RocksDB: util/xxhash.h, XXH3_128bits_withSeed
 */
import { addBlocks, addTail, avalanche, mergeLanes, PRIME_MX2, packed1to3 } from './xxh3.as'
import { beginLanes, mix16, SECRET } from './xxh3-shared.as'
import { P32_2, P64_1, P64_2, P64_4, xxh64Avalanche } from './xxh64.as'

/** The secret of a seeded long hash. */
const SEEDED: usize = memory.data(192, 16)

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
  beginLanes()
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
