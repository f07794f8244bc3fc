/**
 * How much room a Ribbon filter takes. `slots` are its rows: a few per cent more than keys, so that nearly any set of keys
 * finds a seed that works. Blocks of 128 rows have as many columns as the rate of false answers needs, and the early
 * blocks one fewer, which makes the rate between two powers of two.
 *
 * RocksDB: util/ribbon_config.cc; util/ribbon_impl.h, SerializableInterleavedSolution; util/bloom_impl.h, BloomMath
 */
import { RIBBON_ROWS } from './ribbon-hash.ts'

const SEGMENT_LENGTH = 16

/** Keys that fit into 2^8, 2^9, ... 2^17 slots with one seed in twenty failing, as RocksDB measured it. */
const MEASURED_KEYS = [
  248.851, 499.532, 1001.26, 2003.97, 4005.59, 8000.39, 15966.6, 31828.1, 63447.3, 126506,
]
const FIRST_MEASURED = 8
const LAST_MEASURED = FIRST_MEASURED + MEASURED_KEYS.length - 1
/** What each doubling beyond adds to slots per key. */
const FACTOR_PER_DOUBLING = 0.0038
const LAST_FACTOR = 2 ** LAST_MEASURED / MEASURED_KEYS[MEASURED_KEYS.length - 1]

/** Keys for 2^log2 slots; 0 where there are too few slots for any. */
function keysForPowerOfTwo(log2: number): number {
  if (log2 < FIRST_MEASURED) return 0
  if (log2 <= LAST_MEASURED) return MEASURED_KEYS[log2 - FIRST_MEASURED]
  return 2 ** log2 / factorFor(log2)
}

function factorFor(log2: number): number {
  return LAST_FACTOR + (log2 - LAST_MEASURED) * FACTOR_PER_DOUBLING
}

/** Slots for so many keys, in whole blocks: two at least. */
export function slotsFor(keys: number): number {
  let log2 = Math.floor(Math.log2(keys) + 0.5)
  if (keysForPowerOfTwo(log2) === 0) return 2 * RIBBON_ROWS
  if (keys < keysForPowerOfTwo(log2)) log2--
  const lower = keysForPowerOfTwo(log2)
  const portion = (keys - lower) / (keysForPowerOfTwo(log2 + 1) - lower)
  const slots = Math.floor(portion * 2 ** log2 + 2 ** log2 + 0.999999999)
  return Math.max(Math.ceil(slots / RIBBON_ROWS), 2) * RIBBON_ROWS
}

/** Keys for so many slots, which are whole blocks, two or more. */
export function keysFor(slots: number): number {
  const log2 = Math.log2(slots)
  const floor = Math.floor(log2)
  if (floor >= LAST_MEASURED) return Math.floor(slots / factorFor(log2))
  const portion = slots / 2 ** floor - 1
  return Math.floor(portion * keysForPowerOfTwo(floor + 1) + (1 - portion) * keysForPowerOfTwo(floor))
}

/** Bytes of all segments, for one false answer in `oneIn`; `bias` of 32 bits decides which way is rounded. */
export function segmentBytes(slots: number, oneIn: number, bias: number): number {
  const blocks = slots / RIBBON_ROWS
  if (!(oneIn > 1)) return SEGMENT_LENGTH
  if (oneIn > 0xffff_ffff) return slots * 4
  const columns = Math.floor(Math.log2(Math.floor(oneIn)))
  const lowerRate = 2 ** -columns
  const upperRate = lowerRate / 2
  const lowerPortion = (1 / oneIn - upperRate) / (lowerRate - upperRate)
  const starts = slots - RIBBON_ROWS + 1
  const fullFrom = Math.floor((lowerPortion * starts + (bias + 0.5) / 0x1_0000_0000) / RIBBON_ROWS)
  return (blocks * columns + blocks - fullFrom) * SEGMENT_LENGTH
}

/** Keys for which so many bytes of segments are enough, about. */
export function keysForBytes(bytes: number, oneIn: number): number {
  const usable = Math.floor(bytes / SEGMENT_LENGTH) * SEGMENT_LENGTH
  const columns = Math.max(1, Math.floor(Math.log2(Math.max(1, Math.floor(oneIn)))))
  let blocks = Math.floor(usable / SEGMENT_LENGTH / columns)
  while (blocks >= 2 && segmentBytes(blocks * RIBBON_ROWS, oneIn, 0) > usable) blocks--
  return blocks < 2 ? 0 : keysFor(blocks * RIBBON_ROWS)
}

/** One key in how many a Bloom filter of cache lines lets pass wrongly: the average of a full and an empty line. */
export function bloomOneIn(bitsPerKey: number, probes: number): number {
  const keysPerLine = 512 / bitsPerKey
  const deviation = Math.sqrt(keysPerLine)
  const crowded = falseRate(512 / (keysPerLine + deviation), probes)
  const uncrowded = falseRate(512 / (keysPerLine - deviation), probes)
  return 2 / (crowded + uncrowded)
}

function falseRate(bitsPerKey: number, probes: number): number {
  return (1 - Math.exp(-probes / bitsPerKey)) ** probes
}
