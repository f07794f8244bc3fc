/** What dumps of WALs and MANIFESTs share: the walk over fragments and records. */
import { readUint32 } from '../bytes/index.ts'
import { isVarveError } from '../errors/index.ts'
import {
  FragmentCursor,
  FragmentState,
  fragmentTypeName,
  HEADER_LENGTH,
  type LogItem,
  LogReader,
} from '../wal/index.ts'
import { Annotator, type LineSink } from './annotate.ts'
import type { DumpFileOptions } from './tracing-reader.ts'

export interface DumpLogOptions extends DumpFileOptions {
  /** The number in the log's name, to tell records of a recycled file's earlier life apart. */
  logNumber?: number
}

/**
 * Annotates a record. Offsets are those of the file when the record stands there in one piece, and else
 * count from the payload's beginning: payload[0] is at `offset`.
 */
export type DumpPayload = (payload: Uint8Array, offset: number, out: Annotator, file?: string) => void

export function dumpLog(
  bytes: Uint8Array,
  write: LineSink,
  options: DumpLogOptions,
  dumpPayload: DumpPayload,
): void {
  new LogDumper(bytes, new Annotator(write, options), options, dumpPayload).dump()
}

class LogDumper {
  private readonly bytes: Uint8Array
  private readonly out: Annotator
  private readonly reader: LogReader
  private readonly fragments: FragmentCursor
  private readonly dumpPayload: DumpPayload
  private records = 0

  constructor(bytes: Uint8Array, out: Annotator, options: DumpLogOptions, dumpPayload: DumpPayload) {
    this.bytes = bytes
    this.out = out
    this.reader = new LogReader(bytes, options)
    this.fragments = new FragmentCursor(bytes, bytes.length, options.logNumber)
    this.dumpPayload = dumpPayload
  }

  dump(): void {
    for (let item = this.reader.next(); item !== undefined; item = this.reader.next()) {
      this.out.section(this.title(item))
      const fragments = this.dumpFragments(item.kind === 'damage' ? item.resumesAt : item.end)
      this.dumpItem(item, fragments)
    }
    this.dumpFragments(this.bytes.length)
  }

  private title(item: LogItem): string {
    switch (item.kind) {
      case 'record':
        return `record ${this.records++}`
      case 'damage':
        return `DAMAGE: ${item.reason}`
      case 'timestampSizes':
        return 'timestamp sizes'
      case 'predecessor':
        return 'predecessor'
    }
  }

  /** Annotates the headers of the intact fragments that end at or before `end`; gives their number. */
  private dumpFragments(end: number): number {
    let count = 0
    while (this.fragments.position < end) {
      const state = this.fragments.next()
      if (state === FragmentState.ended) break
      if (state === FragmentState.damaged) continue
      this.dumpHeader()
      count++
    }
    return count
  }

  private dumpHeader(): void {
    const { bytes, out } = this
    const { offset, payloadStart, payloadEnd, type } = this.fragments
    const checksum = readUint32(bytes, offset).toString(16).padStart(8, '0')
    out.bytes(offset, bytes, offset, offset + 4, `masked crc32c 0x${checksum}`)
    out.bytes(offset + 4, bytes, offset + 4, offset + 6, `payload length ${payloadEnd - payloadStart}`)
    out.bytes(offset + 6, bytes, offset + 6, offset + HEADER_LENGTH, `type ${type} ${fragmentTypeName(type)}`)
    if (payloadStart === offset + HEADER_LENGTH) return
    const logNumber = readUint32(bytes, offset + HEADER_LENGTH)
    out.bytes(offset + HEADER_LENGTH, bytes, offset + HEADER_LENGTH, payloadStart, `log number ${logNumber}`)
  }

  private dumpItem(item: LogItem, fragments: number): void {
    const { bytes, out } = this
    if (item.kind === 'record') {
      const inPlace = fragments === 1 && item.payload.buffer === bytes.buffer
      if (!inPlace) out.note(`payload of ${item.payload.length} bytes; offsets are from its beginning`)
      this.dumpRecord(item.payload, inPlace ? item.end - item.payload.length : 0)
    } else if (item.kind === 'damage') {
      const { offset, recordOffset, resumesAt, intactAt } = item
      if (recordOffset !== offset)
        out.note(`lost with it: a record that begins at 0x${recordOffset.toString(16)}`)
      if (intactAt !== undefined) out.note(`an intact fragment stands at 0x${intactAt.toString(16)}`)
      if (resumesAt > offset) out.bytes(offset, bytes, offset, resumesAt, 'skipped')
    } else if (item.kind === 'predecessor') {
      const text = `log ${item.logNumber}, size ${item.size}, last sequence ${item.lastSequence}`
      out.bytes(item.end - 24, bytes, item.end - 24, item.end, text)
    } else {
      item.sizes.forEach(({ columnFamily, size }, index) => {
        const at = item.end - 6 * (item.sizes.length - index)
        out.bytes(at, bytes, at, at + 6, `column family ${columnFamily}: timestamps of ${size} bytes`)
      })
    }
  }

  /** What cannot be decoded is said in its place, and the dump goes on with the next record. */
  private dumpRecord(payload: Uint8Array, offset: number): void {
    try {
      this.dumpPayload(payload, offset, this.out, this.reader.file)
    } catch (error) {
      if (!isVarveError(error, 'CORRUPTION')) throw error
      this.out.note(`CORRUPTION: ${error.message}`)
    }
  }
}
