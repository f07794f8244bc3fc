// biome-ignore-all lint/correctness/noPrecisionLoss: these are u64 literals of AssemblyScript
/**
 * The released XXH3 (xxHash 0.8) of 64 bits with seed 0, which checks blocks. Long inputs come in steps, so
 * that a caller with a small scratch area can hash any length: `beginLanes`, `xxh3Blocks`, `xxh3End`.
 *
 * AssemblyScript. RocksDB: util/xxhash.h
 */
import {
  beginLanes,
  fold,
  LANES,
  SECRET,
  scramble,
  sum8,
  sum17to128,
  sumLanes,
  sumRest,
} from './xxh3-shared.as'
import { P64_1, xxh64Avalanche } from './xxh64.as'

const PRIME_MX1: u64 = 0x165667919e3779f9
export const PRIME_MX2: u64 = 0x9fb21c651e98df25

export function avalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 37)) * PRIME_MX1
  return hash ^ (hash >> 32)
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

export function addBlocks(at: usize, count: u32, secret: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    addStripes(at, 16, secret)
    scramble(secret)
    at += 1024
  }
}

export function mergeLanes(secret: usize, start: u64): u64 {
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
export function addTail(tail: usize, tailLength: u32, secret: usize): void {
  addStripes(tail, (tailLength - 1) / 64, secret)
  addStripes(tail + tailLength - 64, 1, secret + 121)
}

export function xxh3End(tail: usize, tailLength: u32, length: u64): u64 {
  addTail(tail, tailLength, SECRET)
  return mergeLanes(SECRET + 11, length * P64_1)
}

export function packed1to3(at: usize, length: u32): u32 {
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

export function xxh3(at: usize, length: u32): u64 {
  if (length <= 16) return xxh3Upto16(at, length)
  if (length <= 128) return avalanche(sum17to128(at, length))
  if (length <= 240) return avalanche(sumRest(at, length, avalanche(sum8(at, length))))
  beginLanes()
  const blocks = (length - 1) / 1024
  xxh3Blocks(at, blocks)
  return xxh3End(at + blocks * 1024, length - blocks * 1024, length)
}
