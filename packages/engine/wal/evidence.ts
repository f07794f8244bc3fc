/**
 * What a log of ours says about itself, in a LogData record that C++ RocksDB passes over:
 *
 *     evidence := "varve" u8[5], version u8 = 1, walNumber varint, walSynced varint,
 *                 manifestNumber varint, manifestSynced varint,
 *                 previousNumber varint, previousSize varint, maskedCrc u32le
 *
 * `walSynced` is the watermark: every byte of this log before it is known to be on disk, so anything wrong
 * there is damage and not a torn tail. The MANIFEST's watermark serves it the same way. `previous` says how
 * long the log before this one was when this one began: a log that is shorter has lost its end.
 *
 * The checksum lets evidence be found among bytes whose framing is damaged; it covers all that is before it.
 */

import { BatchEncoder } from '@varve/format/batch'
import { ByteReader, ByteWriter, encodeUtf8 } from '@varve/format/bytes'
import { crc32c, maskCrc } from '@varve/format/checksum'
import { isVarveError } from '@varve/format/errors'
import { BLOCK_LENGTH, HEADER_LENGTH } from '@varve/format/wal'

export interface Evidence {
  /** The log that carries it. */
  walNumber: number
  /** Bytes of that log known to be on disk when it was written; 0 is known of every log. */
  walSynced: number
  /** The MANIFEST in use, and how much of it is known to be on disk. */
  manifestNumber: number
  manifestSynced: number
  /** The log before this one and its size; 0 when there was none. */
  previousNumber?: number
  previousSize?: number
}

const MAGIC = encodeUtf8('varve\x01')
const CHECKSUM_LENGTH = 4
/** Magic, six varints of up to eight bytes (numbers below 2^53), checksum. */
const MAX_LENGTH = MAGIC.length + 6 * 8 + CHECKSUM_LENGTH

export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = new ByteWriter(MAX_LENGTH)
  writer.append(MAGIC)
  writer.varint(evidence.walNumber)
  writer.varint(evidence.walSynced)
  writer.varint(evidence.manifestNumber)
  writer.varint(evidence.manifestSynced)
  writer.varint(evidence.previousNumber ?? 0)
  writer.varint(evidence.previousSize ?? 0)
  writer.uint32(maskCrc(crc32c(writer.bytes, 0, writer.length)))
  return writer.take()
}

/** Evidence at the start of bytes[start..end), or `undefined` for other log data. */
export function decodeEvidence(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): Evidence | undefined {
  if (end - start < MAGIC.length + CHECKSUM_LENGTH) return undefined
  for (let i = 0; i < MAGIC.length; i++) if (bytes[start + i] !== MAGIC[i]) return undefined
  const reader = new ByteReader(bytes, start + MAGIC.length, end)
  try {
    const evidence = {
      walNumber: reader.varint64(),
      walSynced: reader.varint64(),
      manifestNumber: reader.varint64(),
      manifestSynced: reader.varint64(),
      previousNumber: reader.varint64(),
      previousSize: reader.varint64(),
    }
    const checksum = maskCrc(crc32c(bytes, start, reader.position))
    return reader.uint32() === checksum ? evidence : undefined
  } catch (error) {
    if (!isVarveError(error, 'CORRUPTION')) throw error
    return undefined
  }
}

/** A whole batch without operations that carries evidence: what each log of ours begins with. */
export function evidenceRecord(sequence: number, evidence: Uint8Array): Uint8Array {
  const encoder = new BatchEncoder(64)
  encoder.logData(evidence)
  return encoder.finish(sequence).slice()
}

/**
 * Calls back with each piece of evidence about log `walNumber` that stands somewhere in bytes[start..end) of
 * the log, whatever the state of the records around it. A piece that was cut in two by the end of a block is
 * found, too.
 */
export function findEvidence(
  bytes: Uint8Array,
  start: number,
  end: number,
  walNumber: number,
  onEvidence: (evidence: Evidence) => void,
): void {
  const joined = new Uint8Array(MAX_LENGTH)
  for (let at = start; at < end; at++) {
    if (bytes[at] !== MAGIC[0] || !isMagicAt(bytes, at, end)) continue
    const evidence = decodeEvidence(joined, 0, copyWithoutHeader(bytes, at, end, joined))
    // It can speak only of what is before it, and of the log that it is in.
    if (evidence?.walNumber === walNumber && evidence.walSynced <= at) onEvidence(evidence)
  }
}

/** The rest of a fragment goes on behind the header at the start of the next block. */
function isMagicAt(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = 0, from = at; i < MAGIC.length; i++, from++) {
    if (from > at && from % BLOCK_LENGTH === 0) from += HEADER_LENGTH
    if (from >= end || bytes[from] !== MAGIC[i]) return false
  }
  return true
}

function copyWithoutHeader(bytes: Uint8Array, at: number, end: number, target: Uint8Array): number {
  let length = 0
  for (let from = at; length < target.length; from++) {
    if (from > at && from % BLOCK_LENGTH === 0) from += HEADER_LENGTH
    if (from >= end) break
    target[length++] = bytes[from]
  }
  return length
}
