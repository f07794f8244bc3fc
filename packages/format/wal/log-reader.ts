/**
 * Reads the records of a log, WAL or MANIFEST: joins fragments (fragment.ts), decompresses the records of a
 * compressed WAL, and reports damage as an item among the others. Where reading stops is the caller's
 * decision; the reader goes on as far as RocksDB's most lenient mode would.
 *
 * RocksDB: db/log_reader.cc, Reader::ReadRecord
 */
import { ByteReader } from '../bytes/index.ts'
import { CompressionType, zstdDecompressFrame } from '../compress/index.ts'
import { isVarveError } from '../errors/index.ts'
import { type DamageReason, FragmentCursor, FragmentState } from './fragment.ts'
import { findIntactFragment } from './intact-fragment.ts'
import { FragmentType, isRecyclable } from './log-format.ts'
import type { LogDamage, LogItem, LogPredecessor, LogRecord, LogTimestampSizes } from './log-item.ts'

/** What one record may decompress to unless the caller says otherwise. */
const DEFAULT_MAX_RECORD_LENGTH = 256 * 1024 * 1024

export interface LogReaderOptions {
  file?: string
  /** The number in the file's name: tells fragments of a recycled file's earlier life apart. */
  logNumber?: number
  /** The log is bytes[0..end). */
  end?: number
  /** Refuses records that decompress to more than this. */
  maxRecordLength?: number
}

export class LogReader {
  readonly bytes: Uint8Array
  readonly file: string | undefined
  /** True once the log has said that its records are compressed. */
  compressed = false

  private readonly fragments: FragmentCursor
  private readonly maxRecordLength: number
  private readonly parts: Uint8Array[] = [] // Of the record whose last fragment is yet to come.
  private partsLength = 0
  private recordOffset = -1 // Where that record begins; -1 while there is none.
  private held: LogItem | undefined = undefined // Found already, to be given next.

  constructor(bytes: Uint8Array, options: LogReaderOptions = {}) {
    this.bytes = bytes
    this.file = options.file
    this.maxRecordLength = options.maxRecordLength ?? DEFAULT_MAX_RECORD_LENGTH
    const end = Math.min(options.end ?? bytes.length, bytes.length)
    this.fragments = new FragmentCursor(bytes, end, options.logNumber)
  }

  /** The next item; `undefined` at the end of the log. */
  next(): LogItem | undefined {
    if (this.held !== undefined) {
      const item = this.held
      this.held = undefined
      return item
    }
    for (;;) {
      const state = this.fragments.next()
      if (state === FragmentState.ended) return this.finish()
      const item = state === FragmentState.damaged ? this.damagedFragment() : this.intactFragment()
      if (item !== undefined) return item
    }
  }

  private intactFragment(): LogItem | undefined {
    switch (this.fragments.type) {
      case FragmentType.Full:
      case FragmentType.RecyclableFull:
        return this.full()
      case FragmentType.First:
      case FragmentType.RecyclableFirst:
        return this.first()
      case FragmentType.Middle:
      case FragmentType.RecyclableMiddle:
        return this.recordOffset < 0 ? this.damage('missing start') : this.addPart()
      case FragmentType.Last:
      case FragmentType.RecyclableLast:
        return this.recordOffset < 0 ? this.damage('missing start') : this.last()
      case FragmentType.SetCompression:
        return this.setCompression()
      case FragmentType.TimestampSizes:
      case FragmentType.RecyclableTimestampSizes:
        return this.auxiliary(readTimestampSizes)
      default:
        return this.auxiliary(readPredecessor)
    }
  }

  private full(): LogItem {
    const { offset, payloadStart, payloadEnd } = this.fragments
    const lost = this.partialRecord(offset)
    const record = this.record(this.bytes.subarray(payloadStart, payloadEnd), offset)
    if (lost === undefined) return record
    this.held = record
    return lost
  }

  private first(): LogItem | undefined {
    const lost = this.partialRecord(this.fragments.offset)
    this.recordOffset = this.fragments.offset
    this.addPart()
    return lost
  }

  private addPart(): undefined {
    const { payloadStart, payloadEnd } = this.fragments
    this.parts.push(this.bytes.subarray(payloadStart, payloadEnd))
    this.partsLength += payloadEnd - payloadStart
  }

  private last(): LogItem {
    this.addPart()
    const payload = new Uint8Array(this.partsLength)
    let at = 0
    for (const part of this.parts) {
      payload.set(part, at)
      at += part.length
    }
    const offset = this.recordOffset
    this.dropParts()
    return this.record(payload, offset)
  }

  private record(stored: Uint8Array, offset: number): LogRecord | LogDamage {
    const { type, position: end } = this.fragments
    let payload = stored
    if (this.compressed) {
      try {
        payload = zstdDecompressFrame(stored, this.maxRecordLength)
      } catch (error) {
        if (!isVarveError(error, 'CORRUPTION')) throw error
        return { ...this.damage('bad compressed record'), offset, recordOffset: offset }
      }
    }
    return { kind: 'record', payload, offset, end, recyclable: isRecyclable(type) }
  }

  private setCompression(): LogItem | undefined {
    const { bytes, payloadStart, payloadEnd } = this.fragments
    if (payloadEnd - payloadStart !== 4) return this.damage('bad auxiliary record')
    const type = new ByteReader(bytes, payloadStart, payloadEnd).uint32()
    if (type !== CompressionType.None && type !== CompressionType.ZSTD)
      return this.damage('bad auxiliary record')
    this.compressed = type === CompressionType.ZSTD
    return undefined
  }

  private auxiliary(read: (reader: ByteReader, offset: number) => LogItem): LogItem {
    const { bytes, payloadStart, payloadEnd, offset } = this.fragments
    try {
      return read(new ByteReader(bytes, payloadStart, payloadEnd, this.file), offset)
    } catch (error) {
      if (!isVarveError(error, 'CORRUPTION')) throw error
      return this.damage('bad auxiliary record')
    }
  }

  private damagedFragment(): LogItem {
    const { offset, position, reason, logNumber } = this.fragments
    const damage = this.damage(reason)
    if (mayHideRecords(reason)) damage.intactAt = findIntactFragment(this.bytes, offset, position, logNumber)
    this.dropParts()
    return damage
  }

  /** Damage where the fragment cursor stands. */
  private damage(reason: DamageReason): LogDamage {
    const { offset, position, end } = this.fragments
    const recordOffset = this.recordOffset < 0 ? offset : this.recordOffset
    return {
      kind: 'damage',
      reason,
      offset,
      recordOffset,
      resumesAt: position,
      tail: position >= end,
      intactAt: undefined,
    }
  }

  /**
   * A record begins at `offset`; what is to be said of one that has not ended. An empty first fragment alone
   * is nothing lost: an old writer left them.
   */
  private partialRecord(offset: number): LogDamage | undefined {
    if (this.recordOffset < 0) return undefined
    const recordOffset = this.recordOffset
    const empty = this.partsLength === 0
    this.dropParts()
    if (empty) return undefined
    const tail = offset >= this.fragments.end
    const reason = 'partial record without end'
    return { kind: 'damage', reason, offset, recordOffset, resumesAt: offset, tail, intactAt: undefined }
  }

  private finish(): LogItem | undefined {
    return this.partialRecord(this.fragments.end)
  }

  private dropParts(): void {
    this.parts.length = 0
    this.partsLength = 0
    this.recordOffset = -1
  }
}

/** Reasons for which bytes were skipped because they could not be told apart, not for what they say. */
function mayHideRecords(reason: DamageReason): boolean {
  return reason === 'checksum mismatch' || reason === 'bad record length' || reason === 'truncated body'
}

function readTimestampSizes(reader: ByteReader, offset: number): LogTimestampSizes {
  const sizes: LogTimestampSizes['sizes'] = []
  while (reader.remaining > 0) {
    sizes.push({ columnFamily: reader.uint32('column family'), size: reader.uint16('timestamp size') })
  }
  return { kind: 'timestampSizes', sizes, offset, end: reader.end }
}

function readPredecessor(reader: ByteReader, offset: number): LogPredecessor {
  const logNumber = reader.uint64('predecessor log number')
  const size = reader.uint64('predecessor size')
  const lastSequence = reader.uint64('predecessor last sequence')
  if (reader.remaining > 0) throw reader.corruption('predecessor record is too long')
  return { kind: 'predecessor', logNumber, size, lastSequence, offset, end: reader.end }
}
