/**
 * What LZ4 and Snappy share: finding earlier copies of bytes, and copying them.
 *
 * The hash table is kept from call to call. An entry is `base` + position, and each call starts with a base
 * beyond every entry of the calls before it, so that old entries are told apart without clearing the table:
 * for a 4 KiB block that would cost as much as a third of the compression.
 *
 * AssemblyScript.
 */

const TABLE_BITS: u64 = 12
const TABLE_LENGTH: usize = 4 << 12
const TABLE: usize = memory.data(16384, 64)

/** How far back a match may lie, in both formats. */
export const MAX_DISTANCE: u32 = 65535

/** Of the table entry for address 0; entries are addresses plus `base`. */
let base: u32 = 0
/** The table entry of the last position of the last call. */
let newest: u32 = 0

/** Prepares for positions from `start` to `end`; nothing of earlier calls will be found again. */
export function beginMatches(start: usize, end: usize): void {
  if (newest > 0xffffffff - <u32>(end - start) - MAX_DISTANCE - 1) {
    memory.fill(TABLE, 0, TABLE_LENGTH)
    newest = 0
  }
  // The first entry is more than the greatest distance beyond the newest old one.
  base = newest + MAX_DISTANCE + 1 - <u32>start
  newest = base + <u32>end
}

/** Five bytes make fewer false matches than four, and a match of four is worth little. */
function slotOf(at: usize): usize {
  return TABLE + <usize>(((load<u64>(at) << 24) * 889523592379) >> (64 - TABLE_BITS)) * 4
}

/** Notes the position `at`, with eight bytes readable there, for later matches. */
export function noteMatch(at: usize): void {
  store<u32>(slotOf(at), base + <u32>at)
}

/**
 * Notes `at` and returns how far back its four bytes last stood, or 0. There is no branch: in noise, whether an
 * entry is old and whether it matches is as good as random, and a wrong guess costs more than both.
 */
export function matchDistance(at: usize): u32 {
  const slot = slotOf(at)
  const distance = base + <u32>at - load<u32>(slot)
  store<u32>(slot, base + <u32>at)
  const reachable = select<u32>(distance, 0, distance <= MAX_DISTANCE)
  return select<u32>(reachable, 0, load<u32>(at - reachable) === load<u32>(at))
}

/** How many bytes from `at` on equal those `distance` before them, up to `end`. */
export function matchLength(at: usize, distance: u32, end: usize): u32 {
  const start = at
  while (at + 8 <= end) {
    const difference = load<u64>(at) ^ load<u64>(at - distance)
    if (difference !== 0) return <u32>(at - start) + <u32>(ctz<u64>(difference) >> 3)
    at += 8
  }
  while (at < end && load<u8>(at) === load<u8>(at - distance)) at++
  return <u32>(at - start)
}

/** How many bytes before `at` equal those `distance` before them, down to `start`, with history from `history`. */
export function matchBefore(at: usize, distance: u32, start: usize, history: usize): u32 {
  let length: u32 = 0
  const limit = min<u32>(<u32>(at - start), <u32>(at - distance - history))
  while (length < limit && load<u8>(at - length - 1) === load<u8>(at - length - 1 - distance)) length++
  return length
}

/** Copies in steps of 16, one at least, so up to 16 bytes beyond the end are read and written. */
export function copyForward(source: usize, target: usize, length: u32): void {
  const end = target + length
  do {
    v128.store(target, v128.load(source))
    source += 16
    target += 16
  } while (target < end)
}

/** For distance d < 16: i mod d for i from 0 to 15, to repeat the last d bytes. */
const REPEATS: usize = memory.data(16 * 16, 16)

export function prepareMatches(): void {
  for (let distance: u32 = 1; distance < 16; distance++) {
    for (let i: u32 = 0; i < 16; i++) store<u8>(REPEATS + distance * 16 + i, <u8>(i % distance))
  }
}

/** Repeats at `target` what stands `distance` before it; up to 15 bytes beyond the end are written. */
export function copyMatch(target: usize, distance: u32, length: u32): void {
  const source = target - distance
  if (distance >= 16) {
    copyForward(source, target, length)
    return
  }
  const pattern = v128.swizzle(v128.load(source), v128.load(REPEATS + distance * 16))
  const step = 16 - (16 % distance)
  const end = target + length
  do {
    v128.store(target, pattern)
    target += step
  } while (target < end)
}
