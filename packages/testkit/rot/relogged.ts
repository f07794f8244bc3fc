/**
 * The same databases with their logs as C++ RocksDB writes them on other settings, which Varve reads and does not
 * write: in fragments of a recycled file, with and without the records of its earlier life behind them, and
 * compressed. They carry no evidence of ours; as with RocksDB's `track_and_verify_wals_in_manifest` it is the
 * MANIFEST that knows how much of each was synced.
 */
import { zstdCompressSync } from 'node:zlib'
import { BATCH_HEADER_LENGTH, BatchCursor } from '@varve/format/batch'
import { ByteWriter, writeUint32 } from '@varve/format/bytes'
import { crc32c, maskCrc } from '@varve/format/checksum'
import { CompressionType } from '@varve/format/compress'
import { decodeVersionEdit, encodeVersionEdit } from '@varve/format/manifest'
import { FragmentType, HEADER_LENGTH, LogFramer, LogReader } from '@varve/format/wal'
import { type SimulatedDisk, setBytes } from '../disk/index.ts'
import { DIRECTORY } from '../sweep/index.ts'
import type { RotDatabase } from './databases.ts'

export type LogForm = 'recyclable' | 'recycled' | 'compressed'

export const logForms: readonly LogForm[] = ['recyclable', 'recycled', 'compressed']

export function relogged(of: RotDatabase, form: LogForm): RotDatabase {
  const disk = of.disk.copy()
  const sizes = new Map<number, number>()
  for (const path of disk.filesBelow(DIRECTORY)) {
    const number = Number(/(\d+)\.log$/.exec(path)?.[1])
    if (Number.isNaN(number)) continue
    const { bytes, size } = logIn(form, batchesOf(bytesOf(disk, path), number), number)
    setBytes(disk, path, bytes)
    // An earlier state would be that of the log it was made from.
    disk.fileNode(path).previous = undefined
    sizes.set(number, size)
  }
  if (sizes.size === 0) throw new Error(`${of.name} has no log`)
  for (const path of disk.filesBelow(DIRECTORY)) if (/MANIFEST-\d+$/.test(path)) trackLogs(disk, path, sizes)
  return { ...of, name: `${of.name}-${form}`, disk, evidence: 'manifest' }
}

function bytesOf(disk: SimulatedDisk, path: string): Uint8Array {
  return disk.fileNode(path).content.bytes()
}

/** The batches that have operations, without our evidence. */
function batchesOf(log: Uint8Array, logNumber: number): Uint8Array[] {
  const batches: Uint8Array[] = []
  const reader = new LogReader(log, { logNumber })
  for (let item = reader.next(); item?.kind === 'record'; item = reader.next()) {
    const out = new ByteWriter()
    out.append(item.payload.subarray(0, BATCH_HEADER_LENGTH))
    const cursor = new BatchCursor(item.payload)
    while (cursor.next()) {
      if (cursor.counted) out.append(item.payload.subarray(cursor.recordStart, cursor.position))
    }
    if (out.length > BATCH_HEADER_LENGTH) batches.push(out.take())
  }
  return batches
}

/** `size`: without what is left of the file's earlier life. */
function logIn(
  form: LogForm,
  batches: readonly Uint8Array[],
  number: number,
): { bytes: Uint8Array; size: number } {
  const out = new ByteWriter()
  if (form === 'compressed') out.append(compressionRecord())
  const framer = new LogFramer(out.length, form === 'compressed' ? undefined : number)
  for (const batch of batches) framer.frame(out, form === 'compressed' ? zstdCompressSync(batch) : batch)
  const size = out.length
  if (form === 'recycled') {
    const earlier = new LogFramer(size, number - 1)
    for (const batch of batches) earlier.frame(out, batch)
  }
  return { bytes: out.take(), size }
}

/** What a log begins with whose records are compressed. */
function compressionRecord(): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + 4)
  bytes[4] = 4
  bytes[6] = FragmentType.SetCompression
  writeUint32(bytes, HEADER_LENGTH, CompressionType.ZSTD)
  writeUint32(bytes, 0, maskCrc(crc32c(bytes, 6, bytes.length)))
  return bytes
}

/** The MANIFEST anew, with what it knows of the logs as they are now. */
function trackLogs(disk: SimulatedDisk, path: string, sizes: ReadonlyMap<number, number>): void {
  const out = new ByteWriter()
  const framer = new LogFramer()
  const reader = new LogReader(bytesOf(disk, path))
  for (let item = reader.next(); item?.kind === 'record'; item = reader.next()) {
    const edit = decodeVersionEdit(item.payload)
    delete edit.walAdditions
    delete edit.walWatermarks
    framer.frame(out, encodeVersionEdit(edit))
  }
  const walAdditions = [...sizes].map(([number, syncedSize]) => ({ number, syncedSize }))
  framer.frame(out, encodeVersionEdit({ walAdditions }))
  setBytes(disk, path, out.take())
  disk.fileNode(path).previous = undefined
}
