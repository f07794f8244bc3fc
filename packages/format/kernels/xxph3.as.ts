/**
 * XXPH3, a preview of XXH3 that RocksDB froze for the keys of filters. It differs from the released hash in the
 * short lengths, in the avalanche, and in the lane that takes the plain input of a stripe. Keys are short, so
 * the lanes are plain here.
 *
 * AssemblyScript. RocksDB: util/xxph3.h
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
import { P32_1, P64_1, P64_2, P64_3 } from './xxh64.as'

function avalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 37)) * P64_3
  return hash ^ (hash >> 32)
}

function upto16(at: usize, length: u32): u64 {
  if (length > 8) {
    const first = load<u64>(at) ^ load<u64>(SECRET)
    const last = load<u64>(at + length - 8) ^ load<u64>(SECRET, 8)
    return avalanche(<u64>length + first + last + fold(first, last))
  }
  if (length >= 4) {
    const both = <u64>load<u32>(at) | ((<u64>load<u32>(at + length - 4)) << 32)
    const keyed = both ^ load<u64>(SECRET)
    const mixed = <u64>length + (keyed ^ (keyed >> 51)) * P32_1
    return avalanche((mixed ^ (mixed >> 47)) * P64_2)
  }
  if (length > 0) {
    const packed =
      <u32>load<u8>(at) |
      ((<u32>load<u8>(at + (length >> 1))) << 8) |
      ((<u32>load<u8>(at + length - 1)) << 16) |
      (length << 24)
    return avalanche((<u64>packed ^ <u64>load<u32>(SECRET)) * P64_1)
  }
  return fold(load<u64>(SECRET), P64_2)
}

/** Adds stripes; unlike `xxh3Blocks`, it may take the last of an input too. */
export function xxph3Stripes(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const secret = SECRET + ((i & 15) << 3)
    addStripe(at + (i << 6), secret)
    if ((i & 15) === 15) scramble(SECRET)
  }
}

function addStripe(at: usize, secret: usize): void {
  for (let offset: usize = 0; offset < 64; offset += 8) {
    const data = load<u64>(at + offset)
    const keyed = data ^ load<u64>(secret + offset)
    const sum = load<u64>(LANES + offset) + data + (keyed & 0xffffffff) * (keyed >> 32)
    store<u64>(LANES + offset, sum)
  }
}

/** Ends a long hash of `length` bytes, of which the last 64 end at `end`. */
export function xxph3End(end: usize, length: u64): u64 {
  if (length % 64 !== 0) addStripe(end - 64, SECRET + 121)
  return avalanche(sumLanes(SECRET + 11, length * P64_1))
}

function xxph3Long(at: usize, length: u32): u64 {
  beginLanes()
  xxph3Stripes(at, length / 64)
  return xxph3End(at + length, length)
}

export function xxph3(at: usize, length: u32): u64 {
  if (length <= 16) return upto16(at, length)
  if (length <= 128) return avalanche(sum17to128(at, length))
  if (length <= 240) return avalanche(sumRest(at, length, avalanche(sum8(at, length))))
  return xxph3Long(at, length)
}
