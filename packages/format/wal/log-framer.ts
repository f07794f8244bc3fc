/**
 * Turns records into log fragments; see fragment.ts for the bytes. The framer only knows where in the file
 * it stands: bytes go to the writer it is given, and to the file by whoever calls it.
 *
 * At least one fragment is written for a record, so an empty record is an empty Full fragment, and where just
 * a header fits into the block's rest an empty First fragment stands there.
 *
 * RocksDB: db/log_writer.cc, Writer::AddRecord
 */
import { type ByteWriter, writeUint16, writeUint32 } from '../bytes/index.ts'
import { crc32c, maskCrc } from '../checksum/index.ts'
import { BLOCK_LENGTH, FragmentType, HEADER_LENGTH, RECYCLABLE_HEADER_LENGTH } from './log-format.ts'
import { WordCopier } from './word-copier.ts'

/** What to add to a legacy type for its recyclable twin. */
const RECYCLABLE_SHIFT = FragmentType.RecyclableFull - FragmentType.Full

export class LogFramer {
  /** Where in the file the next byte goes. */
  position: number
  private readonly header: number
  private readonly logNumber: number
  private readonly shift: number
  private readonly copier = new WordCopier()

  /** `recyclableLogNumber` selects the fragments of a recycled file; only then is it written. */
  constructor(position = 0, recyclableLogNumber?: number) {
    this.position = position
    this.header = recyclableLogNumber === undefined ? HEADER_LENGTH : RECYCLABLE_HEADER_LENGTH
    this.logNumber = recyclableLogNumber ?? 0
    this.shift = recyclableLogNumber === undefined ? 0 : RECYCLABLE_SHIFT
  }

  /** Appends the record payload[start..end) to `out`. Allocates nothing but what `out` needs to grow. */
  frame(out: ByteWriter, payload: Uint8Array, start = 0, end: number = payload.length): void {
    let at = start
    let first = true
    do {
      const room = this.padToHeader(out)
      const stop = Math.min(end, at + room)
      this.fragment(out, this.shift + fragmentType(first, stop === end), payload, at, stop)
      at = stop
      first = false
    } while (at < end)
  }

  /** How many bytes `frame` would append for a record of `length` bytes. */
  encodedLength(length: number): number {
    let position = this.position % BLOCK_LENGTH
    let total = 0
    let rest = length
    do {
      const left = BLOCK_LENGTH - position
      const padding = left < this.header ? left : 0
      const room = padding > 0 ? BLOCK_LENGTH - this.header : left - this.header
      const taken = Math.min(rest, room)
      total += padding + this.header + taken
      position = (position + padding + this.header + taken) % BLOCK_LENGTH
      rest -= taken
    } while (rest > 0)
    return total
  }

  /** Begins a new block when no header fits into this one; gives the payload bytes that do fit. */
  private padToHeader(out: ByteWriter): number {
    const left = BLOCK_LENGTH - (this.position % BLOCK_LENGTH)
    if (left >= this.header) return left - this.header
    out.reserve(left)
    for (let i = 0; i < left; i++) out.bytes[out.length++] = 0
    this.position += left
    return BLOCK_LENGTH - this.header
  }

  private fragment(out: ByteWriter, type: number, payload: Uint8Array, start: number, end: number): void {
    const length = this.header + end - start
    out.reserve(length)
    const at = out.length
    const bytes = out.bytes
    writeUint16(bytes, at + 4, end - start)
    bytes[at + 6] = type
    if (this.header === RECYCLABLE_HEADER_LENGTH) writeUint32(bytes, at + 7, this.logNumber % 0x1_0000_0000)
    this.copier.copy(payload, start, end, bytes, at + this.header)
    writeUint32(bytes, at, maskCrc(crc32c(bytes, at + 6, at + length)))
    out.length = at + length
    this.position += length
  }
}

function fragmentType(first: boolean, last: boolean): number {
  if (first) return last ? FragmentType.Full : FragmentType.First
  return last ? FragmentType.Last : FragmentType.Middle
}
