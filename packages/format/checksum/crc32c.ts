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

/** Entry b of table k, at 256k + b: the register after byte b and k zero bytes. */
const tables = makeTables()

function makeTables(): Int32Array {
  const entries = new Int32Array(4 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1))
    entries[byte] = crc
  }
  for (let i = 256; i < entries.length; i++)
    entries[i] = (entries[i - 256] >>> 8) ^ entries[entries[i - 256] & 0xff]
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

/** Four bytes a step: their four table entries do not wait for each other. */
function crc32cShort(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let crc = ~seed
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    crc =
      tables[768 + (crc & 0xff)] ^
      tables[512 + ((crc >>> 8) & 0xff)] ^
      tables[256 + ((crc >>> 16) & 0xff)] ^
      tables[crc >>> 24]
  }
  for (; at < end; at++) crc = tables[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Extends `crc` by one byte, such as the type behind a block. */
export function crc32cByte(crc: number, byte: number): number {
  const register = ~crc
  return ~(tables[(register ^ byte) & 0xff] ^ (register >>> 8)) >>> 0
}

export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

export function unmaskCrc(masked: number): number {
  const rotated = masked - MASK_DELTA
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
