/**
 * The door of the hash kernels. The input lies at `scratch`; a 64-bit result comes back as its low word,
 * with the high word left at `result`, since an i64 would reach JavaScript as a BigInt.
 *
 * AssemblyScript; `tools/build-kernels.ts` compiles it to hashes.generated.ts.
 */
import { crc32c as crc, crc32cPrepare } from './crc32c.as'
import { xxh3 as hash64, xxh3Blocks, xxh3End } from './xxh3.as'
import { beginLanes } from './xxh3-shared.as'
import { xxh3Wide as hash128, lastHigh } from './xxh3-wide.as'
import { xxh64Begin, xxh64End, xxh64Stripes } from './xxh64.as'
import { xxph3, xxph3End, xxph3Stripes } from './xxph3.as'

/** Long inputs pass through here in pieces; a multiple of XXH3's block, with a stripe before it. */
export const scratchSize: u32 = 65536
const STRIPE: u32 = 64
const AREA: usize = memory.data(64 + 65536, 16)
export const scratch: usize = AREA + 64
/** u32 words: high word of a 64-bit result; then for 128 bits: words 1, 2 and 3. */
export const result: usize = memory.data(16, 16)

crc32cPrepare()

function words(hash: u64): u32 {
  store<u32>(result, <u32>(hash >> 32))
  return <u32>hash
}

export function crc32c(length: u32, from: u32): u32 {
  return crc(scratch, length, from)
}

export function xxh3(length: u32): u32 {
  return words(hash64(scratch, length))
}

export function filterHash(length: u32): u32 {
  return words(xxph3(scratch, length))
}

export function xxh3Wide(length: u32, seedLow: u32, seedHigh: u32): u32 {
  const low = hash128(scratch, length, ((<u64>seedHigh) << 32) | seedLow)
  store<u32>(result, <u32>(low >> 32))
  store<u64>(result, lastHigh(), 8)
  return <u32>low
}

export function xxh64(length: u32): u32 {
  xxh64Begin(0)
  return xxh64Last(length, length)
}

// Long inputs: *First, then *Next for every full scratch area but the last, then *Last for the rest, which
// may be a full area too and is never empty. `length` is that of the whole input.

export function xxh64First(): void {
  xxh64Begin(0)
}

export function xxh64Next(): void {
  xxh64Stripes(scratch, scratchSize / 32)
}

export function xxh64Last(rest: u32, length: f64): u32 {
  const whole = rest & ~31
  xxh64Stripes(scratch, whole / 32)
  return words(xxh64End(scratch + whole, rest - whole, <u64>length))
}

export function xxh3First(): void {
  beginLanes()
}

/** Keeps the last stripe in front of the scratch area, where a short last piece looks for it. */
export function xxh3Next(): void {
  xxh3Blocks(scratch, scratchSize / 1024)
  memory.copy(AREA, scratch + scratchSize - STRIPE, STRIPE)
}

export function xxh3Last(rest: u32, length: f64): u32 {
  const blocks = (rest - 1) / 1024
  xxh3Blocks(scratch, blocks)
  return words(xxh3End(scratch + blocks * 1024, rest - blocks * 1024, <u64>length))
}

export function filterHashNext(): void {
  xxph3Stripes(scratch, scratchSize / 64)
  memory.copy(AREA, scratch + scratchSize - STRIPE, STRIPE)
}

export function filterHashLast(rest: u32, length: f64): u32 {
  xxph3Stripes(scratch, rest / 64)
  return words(xxph3End(scratch + rest, <u64>length))
}
