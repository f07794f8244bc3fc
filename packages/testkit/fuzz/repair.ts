/**
 * Makes checksums right again after a mutation: otherwise nearly every input would be turned away at the door,
 * and the decoders behind it would never see a lie.
 */

import { BLOB_FOOTER_LENGTH, BLOB_HEADER_LENGTH, BLOB_RECORD_HEADER_LENGTH } from '@varve/format/blob'
import { readUint16, writeUint32 } from '@varve/format/bytes'
import { crc32c, maskCrc } from '@varve/format/checksum'
import { BLOCK_LENGTH, HEADER_LENGTH, RECYCLABLE_HEADER_LENGTH } from '@varve/format/wal'

/** Log fragments: checksum u32, length u16, type u8, then (log number u32,) payload; the checksum covers from the type on. */
export function repairLog(bytes: Uint8Array): void {
  let at = 0
  while (at + HEADER_LENGTH <= bytes.length) {
    const left = BLOCK_LENGTH - (at % BLOCK_LENGTH)
    const type = bytes[at + 6]
    const header = isRecyclable(type) ? RECYCLABLE_HEADER_LENGTH : HEADER_LENGTH
    const end = at + header + readUint16(bytes, at + 4)
    if (left < HEADER_LENGTH) at += left
    else if (end > bytes.length || end - at > left) return
    else {
      writeUint32(bytes, at, maskCrc(crc32c(bytes, at + 6, end)))
      at = end
    }
  }
}

function isRecyclable(type: number): boolean {
  return (type >= 5 && type <= 8) || type === 11 || type === 131
}

/** Blob files: the footer, and both checksums of each record for as far as lengths lead. */
export function repairBlob(bytes: Uint8Array): void {
  const end = bytes.length - BLOB_FOOTER_LENGTH
  if (end < BLOB_HEADER_LENGTH) return
  writeUint32(bytes, bytes.length - 4, maskCrc(crc32c(bytes, end, bytes.length - 4)))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = BLOB_HEADER_LENGTH; at + BLOB_RECORD_HEADER_LENGTH <= end; ) {
    const length = Number(view.getBigUint64(at, true) + view.getBigUint64(at + 8, true))
    const recordEnd = at + BLOB_RECORD_HEADER_LENGTH + length
    if (recordEnd > end) return
    writeUint32(bytes, at + 24, maskCrc(crc32c(bytes, at, at + 24)))
    writeUint32(bytes, at + 28, maskCrc(crc32c(bytes, at + BLOB_RECORD_HEADER_LENGTH, recordEnd)))
    at = recordEnd
  }
}
