/** What of blob files goes into the message of a flush or compaction: see `BlobJobOptions`. */
import type { BlobAddition } from '@varve/format/manifest'
import {
  type BlobCollectionOverride,
  type BlobJobOptions,
  type BlobWriteOptions,
  type Compaction,
  compressionCode,
  cutoffFileNumber,
} from '../compaction/index.ts'
import type { BlobFileState } from '../version/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

/** So many numbers are reserved at most: what is left over goes into the last file. */
const FILES_MAX = 10_000

/** Of a flush of memtables with so many entries and bytes. Undefined where it has nothing to do with blobs. */
export function flushBlobs(
  engine: Engine,
  family: Family,
  entries: number,
  bytes: number,
): BlobJobOptions | undefined {
  const write = writeOptions(engine, family, 0, entries, bytes, 1)
  return write && { columnFamily: family.id, files: [], cutoff: 0, write }
}

/** Of a compaction that is divided into `parts`. */
export function compactionBlobs(
  engine: Engine,
  family: Family,
  compaction: Compaction,
  parts: number,
  override: BlobCollectionOverride | undefined,
): BlobJobOptions | undefined {
  const { blobFiles } = compaction.version
  const cutoff = cutoffFileNumber(blobFiles, family.blobs, override)
  const moving = blobFiles.filter(({ file }) => file.number < cutoff)
  const { entries, bytes } = compaction.rawSize
  const most = bytes + moving.reduce((sum, state) => sum + liveBytes(state), 0)
  const write = writeOptions(engine, family, compaction.outputLevel, entries, most, parts)
  if (blobFiles.length === 0 && write === undefined) return undefined
  const job = { columnFamily: family.id, files: blobFiles.map(identityOf), cutoff }
  return write === undefined ? job : { ...job, write }
}

function writeOptions(
  engine: Engine,
  { blobs }: Family,
  level: number,
  entries: number,
  bytes: number,
  parts: number,
): BlobWriteOptions | undefined {
  if (!blobs.enableBlobFiles || level < blobs.blobFileStartingLevel) return undefined
  const files = Math.min(entries, Math.ceil(bytes / blobs.blobFileSize), FILES_MAX)
  const count = 2 * parts + files
  return {
    minBlobSize: blobs.minBlobSize,
    blobFileSize: blobs.blobFileSize,
    compression: compressionCode(blobs.blobCompressionType),
    fileNumbers: { first: engine.versions.reserveFileNumbers(count), count },
  }
}

function identityOf({ file }: BlobFileState): Pick<BlobAddition, 'number' | 'totalCount' | 'totalBytes'> {
  const { number, totalCount, totalBytes } = file.record
  return { number, totalCount, totalBytes }
}

function liveBytes({ file, garbageBytes }: BlobFileState): number {
  return file.record.totalBytes - garbageBytes
}
