/**
 * Tells the kinds of filter apart by the five bytes at the end of the payload:
 *
 *     1 to 127   legacy Bloom: probes u8, lineCount u32le
 *     0xff       Bloom: 0xff, kind u8 (0 is FastLocalBloom), probes u5 | log2(lineLength / 64) u3, zero u16
 *     0xfe       Ribbon: 0xfe, seed u8, blockCount u24le
 *
 * A filter only ever saves work, so one that is unknown or makes no sense lets every key pass, as in C++.
 *
 * RocksDB: table/block_based/filter_policy.cc, GetFilterBitsReader
 */
import { readUint32 } from '../bytes/index.ts'
import { FastLocalBloom, NEW_BLOOM_MARKER } from './fast-local-bloom.ts'
import { FILTER_TRAILER_LENGTH, type FilterReader, FixedAnswer } from './filter-reader.ts'
import { LegacyBloom } from './legacy-bloom.ts'
import { RIBBON_MARKER, RibbonFilter } from './ribbon.ts'

const MAX_PROBES = 30

const alwaysMatches = new FixedAnswer(true)
const neverMatches = new FixedAnswer(false)

/** A reader over `payload`, which it keeps. */
export function openFilter(payload: Uint8Array): FilterReader {
  const length = payload.length - FILTER_TRAILER_LENGTH
  if (length <= 0) return neverMatches
  const marker = payload[length]
  if (marker === NEW_BLOOM_MARKER) return openBloom(payload, length)
  if (marker === RIBBON_MARKER) return openRibbon(payload, length)
  return marker >= 1 && marker <= 127 ? openLegacyBloom(payload, length) : alwaysMatches
}

function openBloom(payload: Uint8Array, length: number): FilterReader {
  const kind = payload[length + 1]
  const probes = payload[length + 2]
  const plainLines = probes >> 5 === 0 && length % 64 === 0
  const reserved = payload[length + 3] | payload[length + 4]
  if (kind !== 0 || !plainLines || reserved !== 0 || probes < 1 || probes > MAX_PROBES) return alwaysMatches
  return new FastLocalBloom(payload, probes)
}

function openRibbon(payload: Uint8Array, length: number): FilterReader {
  const blockCount = readUint32(payload, length + 1) >>> 8
  return blockCount < 2 ? alwaysMatches : new RibbonFilter(payload, payload[length + 1], blockCount)
}

function openLegacyBloom(payload: Uint8Array, length: number): FilterReader {
  const lineCount = readUint32(payload, length + 1)
  const lineLength = length / lineCount
  const isPowerOfTwo = Number.isInteger(lineLength) && Number.isInteger(Math.log2(lineLength))
  if (!isPowerOfTwo) return alwaysMatches
  return new LegacyBloom(payload, lineCount, lineLength, payload[length])
}
