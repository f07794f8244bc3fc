/**
 * CRC-32C (Castagnoli): WAL and MANIFEST records, and blocks of checksum type 1.
 *
 * Stored values are masked, so that a CRC over bytes that hold CRCs stays strong:
 *
 *     stored := rotr32(crc, 15) + 0xa282ead8
 *
 * RocksDB: util/crc32c.h
 */
import { hashKernel, loadScratch, SCRATCH_SIZE } from '../kernels/hashes.ts'

const POLYNOMIAL = 0x82f6_3b78
const MASK_DELTA = 0xa282_ead8

/** From this many bytes on the kernel wins over the loop below (docs/measurements/kernels.md). */
const KERNEL_MIN = 64

const table = makeTable()

function makeTable(): Int32Array {
  const entries = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1))
    entries[byte] = crc
  }
  return entries
}

/**
 * The CRC of bytes[start..end). With `seed`, the CRC of other bytes, it is that of those bytes and these
 * in a row.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (end - start < KERNEL_MIN) return crc32cShort(bytes, start, end, seed)
  let crc = seed
  while (start < end) {
    const pieceEnd = Math.min(end, start + SCRATCH_SIZE)
    crc = hashKernel.crc32c(loadScratch(bytes, start, pieceEnd), crc)
    start = pieceEnd
  }
  return crc >>> 0
}

function crc32cShort(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let crc = ~seed
  for (let i = start; i < end; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Extends `crc` by one byte, such as the type behind a block. */
export function crc32cByte(crc: number, byte: number): number {
  const register = ~crc
  return ~(table[(register ^ byte) & 0xff] ^ (register >>> 8)) >>> 0
}

export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

export function unmaskCrc(masked: number): number {
  const rotated = masked - MASK_DELTA
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
