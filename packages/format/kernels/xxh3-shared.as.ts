// biome-ignore-all lint/correctness/noPrecisionLoss: these are u64 literals of AssemblyScript
/**
 * What the released XXH3 and its preview share: the secret, the mixing of sixteen bytes, and the lanes that
 * long inputs go through:
 *
 *     stripe := 64 bytes        one u64 for each of eight lanes
 *     block  := 16 stripes      then the lanes are scrambled
 *
 * AssemblyScript. RocksDB: util/xxhash.h, util/xxph3.h
 */
import { P32_1, P32_2, P32_3, P64_1, P64_2, P64_3, P64_4, P64_5 } from './xxh64.as'

/** 192 bytes, xxHash's default secret, as 24 words. */
export const SECRET: usize = memory.data<u64>([
  0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072, 0x78e5c0cc4ee679cb,
  0x2172ffcc7dd05a82, 0x8e2443f7744608b8, 0x4c263a81e69035e0, 0xcb00c391bb52283c, 0xa32e531b8b65d088,
  0x4ef90da297486471, 0xd8acdea946ef1938, 0x3f349ce33f76faa8, 0x1d4f0bc7c7bbdcf9, 0x3159b4cd4be0518a,
  0x647378d9c97e9fc8, 0xc3ebd33483acc5ea, 0xeb6313faffa081c5, 0x49daf0b751dd0d17, 0x9e68d429265516d3,
  0xfca1477d58be162b, 0xce31d07ad1b8f88f, 0x280416958f3acb45, 0x7e404bbbcafbd7af,
])

export const LANES: usize = memory.data(64, 16)

/** The two halves of a 128-bit product, xored. */
export function fold(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff
  const aHigh = a >> 32
  const bLow = b & 0xffffffff
  const bHigh = b >> 32
  const lowLow = aLow * bLow
  const middle = aHigh * bLow + (lowLow >> 32)
  const cross = aLow * bHigh + (middle & 0xffffffff)
  return (a * b) ^ (aHigh * bHigh + (middle >> 32) + (cross >> 32))
}

export function mix16(at: usize, secret: usize, seed: u64): u64 {
  return fold(
    load<u64>(at) ^ (load<u64>(SECRET + secret) + seed),
    load<u64>(at, 8) ^ (load<u64>(SECRET + secret, 8) - seed),
  )
}

export function beginLanes(): void {
  store<u64>(LANES, P32_3, 0)
  store<u64>(LANES, P64_1, 8)
  store<u64>(LANES, P64_2, 16)
  store<u64>(LANES, P64_3, 24)
  store<u64>(LANES, P64_4, 32)
  store<u64>(LANES, P32_2, 40)
  store<u64>(LANES, P64_5, 48)
  store<u64>(LANES, P32_1, 56)
}

export function scramble(secret: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) {
    const lane = load<u64>(LANES + offset)
    store<u64>(LANES + offset, (lane ^ (lane >> 47) ^ load<u64>(secret + 128 + offset)) * P32_1)
  }
}

export function sumLanes(secret: usize, start: u64): u64 {
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

/** The sum that XXH3 and XXPH3 share for 17 to 128 bytes. */
export function sum17to128(at: usize, length: u32): u64 {
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

export function sum8(at: usize, length: u32): u64 {
  let sum = <u64>length * P64_1
  for (let i: u32 = 0; i < 128; i += 16) sum += mix16(at + i, i, 0)
  return sum
}

export function sumRest(at: usize, length: u32, sum: u64): u64 {
  for (let i: u32 = 128; i + 16 <= length; i += 16) sum += mix16(at + i, i - 128 + 3, 0)
  return sum + mix16(at + length - 16, 136 - 17, 0)
}
