// biome-ignore-all lint/correctness/noPrecisionLoss: these are u64 literals of AssemblyScript
/**
 * XXH64 over bytes in this module's memory, in steps: begin, any number of whole 32-byte stripes, end.
 *
 * AssemblyScript. RocksDB: util/xxhash.h
 */

export const P32_1: u64 = 0x9e3779b1
export const P32_2: u64 = 0x85ebca77
export const P32_3: u64 = 0xc2b2ae3d
export const P64_1: u64 = 0x9e3779b185ebca87
export const P64_2: u64 = 0xc2b2ae3d27d4eb4f
export const P64_3: u64 = 0x165667b19e3779f9
export const P64_4: u64 = 0x85ebca77c2b2ae63
export const P64_5: u64 = 0x27d4eb2f165667c5

let lane1: u64 = 0
let lane2: u64 = 0
let lane3: u64 = 0
let lane4: u64 = 0
let seed: u64 = 0

export function xxh64Avalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 33)) * P64_2
  hash = (hash ^ (hash >> 29)) * P64_3
  return hash ^ (hash >> 32)
}

function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * P64_2, 31) * P64_1
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * P64_1 + P64_4
}

export function xxh64Begin(from: u64): void {
  seed = from
  lane1 = from + P64_1 + P64_2
  lane2 = from + P64_2
  lane3 = from
  lane4 = from - P64_1
}

export function xxh64Stripes(at: usize, count: u32): void {
  let a = lane1
  let b = lane2
  let c = lane3
  let d = lane4
  for (let i: u32 = 0; i < count; i++) {
    a = round(a, load<u64>(at, 0))
    b = round(b, load<u64>(at, 8))
    c = round(c, load<u64>(at, 16))
    d = round(d, load<u64>(at, 24))
    at += 32
  }
  lane1 = a
  lane2 = b
  lane3 = c
  lane4 = d
}

/** Ends the hash of `length` bytes in all with the `tailLength` < 32 bytes that made no whole stripe. */
export function xxh64End(at: usize, tailLength: u32, length: u64): u64 {
  let hash = seed + P64_5
  if (length >= 32) {
    hash = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18)
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4)
  }
  hash += length
  const end = at + tailLength
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * P64_1 + P64_4
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * P64_1), 23) * P64_2 + P64_3
    at += 4
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * P64_5), 11) * P64_1
  return xxh64Avalanche(hash)
}
