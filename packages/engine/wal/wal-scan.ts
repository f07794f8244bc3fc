/**
 * Reads a whole log before any of it is applied, for the strict mode: what is damaged, what stands behind the
 * damage, and what the log's evidence says about how much of it was on disk.
 */

import { BATCH_HEADER_LENGTH, BatchCursor, BatchTag } from '@varve/format/batch'
import { readUint16, readUint32, readUint64 } from '@varve/format/bytes'
import { crc32c, unmaskCrc } from '@varve/format/checksum'
import { CorruptionError, notSupported } from '@varve/format/errors'
import { TIMESTAMP_LENGTH } from '@varve/format/key'
import {
  FragmentCursor,
  FragmentState,
  FragmentType,
  HEADER_LENGTH,
  type LogDamage,
  type LogItem,
  LogReader,
  RECYCLABLE_HEADER_LENGTH,
} from '@varve/format/wal'
import { decodeEvidence, type Evidence, findEvidence } from './evidence.ts'

/** Of a sequence number's upper half, below 2^53. */
const MAX_SEQUENCE_HIGH = 0x1f_ffff

/** As in `LogDamage`. */
export interface WalDamage {
  reason: string
  offset: number
  recordOffset: number
}

export interface WalScan {
  records: number
  /** In the header of the first batch. */
  firstSequence: number | undefined
  /** Of the next batch, or a greater one; 0 before the first. */
  nextSequence: number
  /** Behind the last record, damaged ones not counted. */
  intactEnd: number
  /** The first damage, wherever it is. */
  damage: WalDamage | undefined
  /** Where records of the file's earlier life begin, if they end the log. Nothing tells them from a flipped log number. */
  olderAt: number | undefined
  /** An intact fragment stands behind it. */
  isFollowed: boolean
  /** Written by Varve: it carries evidence. */
  isOurs: boolean
  /** Bytes known to have been on disk, by its own evidence. */
  watermark: number
  /** The newest statement about the MANIFEST; number 0 when there is none. */
  manifestNumber: number
  manifestSynced: number
  /** What it says of the log before it; number 0 when it says nothing. */
  previousNumber: number
  previousSize: number
}

export function scanWal(bytes: Uint8Array, file: string, number: number): WalScan {
  const scan: WalScan = {
    records: 0,
    firstSequence: undefined,
    nextSequence: 0,
    intactEnd: 0,
    damage: undefined,
    olderAt: undefined,
    isFollowed: false,
    isOurs: false,
    watermark: 0,
    manifestNumber: 0,
    manifestSynced: 0,
    previousNumber: 0,
    previousSize: 0,
  }
  const reader = new LogReader(bytes, { file, logNumber: number })
  let isLegacy = false
  let olderRecord: LogDamage | undefined
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'record') {
      isLegacy ||= !item.recyclable
      scan.damage ??= olderRecord
      if (!scanRecord(scan, item, file, number)) {
        scan.damage ??= { reason: 'record of another file', offset: item.offset, recordOffset: item.offset }
      }
    } else if (item.kind === 'damage') {
      if (item.reason === 'record of an older log') {
        if (isFollowedInBlock(bytes, item, number)) scan.isFollowed = true
        else if (!isLegacy && !fitsLegacyType(bytes, item)) {
          olderRecord ??= item
          continue
        }
      }
      findEvidence(bytes, item.offset, item.resumesAt, number, evidence => addEvidence(scan, evidence))
      if (item.intactAt !== undefined) scan.isFollowed = true
      scan.damage ??= item
    } else {
      refuseTimestamps(item, file)
      scan.intactEnd = item.end
    }
  }
  scan.olderAt = olderRecord?.recordOffset
  return scan
}

/** Timestamps that are known have eight bytes, and stand at the ends of the keys. */
export function refuseTimestamps(item: LogItem, file: string): void {
  if (item.kind === 'timestampSizes' && item.sizes.some(({ size }) => size !== TIMESTAMP_LENGTH)) {
    throw notSupported('a column family with timestamps of other than eight bytes', file, item.offset)
  }
}

/**
 * False for a record that is not of this log: after a crash, blocks that were given to the file and never written
 * can hold what they held in a removed one, other logs or MANIFESTs, with checksums that hold. What is no batch, does
 * not go on with our sequence, or speaks for another log, is such.
 */
function scanRecord(
  scan: WalScan,
  record: { payload: Uint8Array; offset: number; end: number },
  file: string,
  number: number,
): boolean {
  const { payload, offset, end } = record
  if (scan.isOurs && !goesOnWith(payload, scan.nextSequence)) return false
  const statements = evidenceIn(payload, offset, file)
  if (statements instanceof CorruptionError) {
    // What was to be here need not have come to the disk, nor where the log says whose it is.
    if (scan.isOurs || scan.damage !== undefined) return false
    throw statements
  }
  for (const evidence of statements) {
    if (evidence.walNumber !== number) {
      // A log that begins so may be whole, and have the wrong name; behind damage it is a block of a removed file.
      if (scan.isOurs || scan.damage !== undefined) return false
      throw new CorruptionError(
        `this is log ${evidence.walNumber} under the name of log ${number}`,
        file,
        offset,
      )
    }
    if (evidence.walSynced > offset) throw new CorruptionError('evidence about bytes behind it', file, offset)
    addEvidence(scan, evidence)
  }
  if (scan.damage !== undefined) scan.isFollowed = true
  const sequence = readUint64(payload, 0)
  scan.intactEnd = end
  scan.records++
  scan.firstSequence ??= sequence
  scan.nextSequence = sequence + readUint32(payload, 8)
  return true
}

/** What a batch says of its log, or why it is no batch. */
function evidenceIn(payload: Uint8Array, offset: number, file: string): Evidence[] | CorruptionError {
  if (payload.length < BATCH_HEADER_LENGTH)
    return new CorruptionError('log record is too short', file, offset)
  const statements: Evidence[] = []
  try {
    const batch = new BatchCursor(payload, file, offset)
    while (batch.next()) {
      if (batch.tag !== BatchTag.LogData) continue
      const evidence = decodeEvidence(payload, batch.keyStart, batch.keyEnd)
      if (evidence !== undefined) statements.push(evidence)
    }
    return statements
  } catch (error) {
    if (error instanceof CorruptionError) return error
    throw error
  }
}

function goesOnWith(payload: Uint8Array, sequence: number): boolean {
  if (payload.length < BATCH_HEADER_LENGTH || readUint32(payload, 4) > MAX_SEQUENCE_HIGH) return false
  return readUint64(payload, 0) >= sequence
}

function addEvidence(scan: WalScan, evidence: Evidence): void {
  scan.isOurs = true
  scan.watermark = Math.max(scan.watermark, evidence.walSynced)
  scan.manifestNumber = evidence.manifestNumber
  scan.manifestSynced = evidence.manifestSynced
  if (evidence.previousNumber === undefined || evidence.previousNumber === 0) return
  scan.previousNumber = evidence.previousNumber
  scan.previousSize = evidence.previousSize ?? 0
}

/*
 * Where a recycled log ends, what comes next is of its earlier life. A flipped bit can make a record look so:
 * in its log number, or (bit 2) in the type of a legacy record, which is the one flip that RocksDB's strictest
 * mode does not see (measured). Then records of this log follow, or the checksum fits the other type.
 */

function isFollowedInBlock(bytes: Uint8Array, { offset, resumesAt }: LogDamage, number: number): boolean {
  const payloadLength = readUint16(bytes, offset + 4)
  return [HEADER_LENGTH, RECYCLABLE_HEADER_LENGTH].some(headerLength => {
    const following = new FragmentCursor(bytes, resumesAt, number)
    following.position = offset + headerLength + payloadLength
    return following.next() === FragmentState.intact
  })
}

function fitsLegacyType(bytes: Uint8Array, { offset }: LogDamage): boolean {
  const payload = offset + HEADER_LENGTH
  const type = Uint8Array.of(bytes[offset + 6] - (FragmentType.RecyclableFull - FragmentType.Full))
  const checksum = crc32c(bytes, payload, payload + readUint16(bytes, offset + 4), crc32c(type))
  return checksum === unmaskCrc(readUint32(bytes, offset))
}
