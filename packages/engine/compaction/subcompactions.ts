/**
 * Divides one compaction into several that run side by side, over neighbouring ranges of user keys:
 *
 *     inputs    [-----------------------|--------]
 *                    [------------------|--------------]
 *     jobs      [ .., boundary )          [ boundary, .. )
 *
 * All versions of a key lie in one range, so each part can decide by itself what to drop. Together they are one
 * compaction still: one edit of the MANIFEST puts all their outputs into effect.
 *
 * RocksDB: db/compaction/compaction_job.cc, CompactionJob::GenSubcompactionBoundaries
 */
import { BLOCK_TRAILER_LENGTH, type FlatIndex } from '@varve/format/block'
import { type KeyOrder, userKeyOf } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import { addGarbage } from '../blob/garbage-meter.ts'
import type { JobProgress, OnProgress } from '../runtime/index.ts'
import type { CompactionJob, CompactionResult, KeySpan } from './compaction-job.ts'
import type { BlobJobOptions } from './job-blobs.ts'
import type { JobStatistics } from './job-writer.ts'

/** Keys at which a table is asked how much of it lies before: enough for parts of about equal size. */
const ANCHORS_PER_TABLE = 128

/** A part gets at least this fraction of a file of the target size to read: cuts make files smaller. */
const SMALLEST_PART = 1 / 8

/** Into how many parts a compaction of so many bytes is divided. */
export function partCount(inputBytes: number, targetFileSize: number, maxSubcompactions: number): number {
  const worthwhile = Math.floor(inputBytes / (targetFileSize * SMALLEST_PART))
  return Math.max(1, Math.min(maxSubcompactions, worthwhile))
}

/** User keys between `parts` ranges with about as many bytes of the tables each: `parts` - 1 of them, or fewer. */
export function boundariesBetween(
  parts: number,
  tables: readonly FlatIndex[],
  order: KeyOrder,
): Uint8Array[] {
  const anchors = tables.flatMap(anchorsOf).sort((a, b) => order.compareKeys(a.userKey, b.userKey))
  const total = anchors.reduce((bytes, anchor) => bytes + anchor.bytes, 0)
  const boundaries: Uint8Array[] = []
  let before = 0
  for (const { userKey, bytes } of anchors) {
    before += bytes
    const last = boundaries.at(-1)
    const isNew = last === undefined || order.compareKeys(userKey, last) > 0
    if (isNew && before >= (total * (boundaries.length + 1)) / parts) boundaries.push(userKey)
    if (boundaries.length === parts - 1) break
  }
  return boundaries
}

/** A user key of an index, and the bytes of the blocks from the anchor before up to it. */
interface Anchor {
  userKey: Uint8Array
  bytes: number
}

function anchorsOf(index: FlatIndex): Anchor[] {
  const step = Math.ceil(index.count / ANCHORS_PER_TABLE)
  const anchors: Anchor[] = []
  for (let first = 0; first < index.count; first += step) {
    const last = Math.min(first + step, index.count) - 1
    const bytes = index.offsets[last] + index.sizes[last] + BLOCK_TRAILER_LENGTH - index.offsets[first]
    const key = index.key(last)
    anchors.push({ userKey: index.userKeys ? key : userKeyOf(key), bytes })
  }
  return anchors
}

/** One job for each range between the boundaries, with its share of the file numbers and the files it reads. */
export function divideJob(
  job: CompactionJob,
  boundaries: readonly Uint8Array[],
  order: KeyOrder,
): CompactionJob[] {
  if (boundaries.length === 0) return [job]
  const parts = boundaries.length + 1
  const count = Math.floor(job.fileNumbers.count / parts)
  return Array.from({ length: parts }, (_, i) => {
    const span: KeySpan = { from: boundaries[i - 1], before: boundaries[i] }
    const runs = job.runs.map(run => run.filter(file => reaches(file, span, order)))
    return {
      ...job,
      span,
      runs: runs.filter(run => run.length > 0),
      tombstoneFiles: (job.tombstoneFiles ?? []).filter(file => reaches(file, span, order)),
      fileNumbers: { first: job.fileNumbers.first + i * count, count },
      blobs: job.blobs && divideBlobs(job.blobs, i, parts),
    }
  })
}

function divideBlobs(blobs: BlobJobOptions, part: number, parts: number): BlobJobOptions {
  const { write } = blobs
  if (write === undefined) return blobs
  const count = Math.floor(write.fileNumbers.count / parts)
  return {
    ...blobs,
    write: { ...write, fileNumbers: { first: write.fileNumbers.first + part * count, count } },
  }
}

function reaches(file: NewFile, { from, before }: KeySpan, order: KeyOrder): boolean {
  if (from !== undefined && order.compareKeys(userKeyOf(file.largest), from) < 0) return false
  return before === undefined || order.compareKeys(userKeyOf(file.smallest), before) < 0
}

/** The result of all parts, which are in key order. */
export function joinResults(parts: readonly CompactionResult[]): CompactionResult {
  return {
    files: parts.flatMap(part => part.files),
    statistics: parts.map(part => part.statistics).reduce(addStatistics),
    blobAdditions: parts.flatMap(part => part.blobAdditions),
    blobGarbage: addGarbage(parts.map(part => part.blobGarbage)),
  }
}

function addStatistics(a: JobStatistics, b: JobStatistics): JobStatistics {
  return {
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    entriesRead: a.entriesRead + b.entriesRead,
    entriesWritten: a.entriesWritten + b.entriesWritten,
    entriesHidden: a.entriesHidden + b.entriesHidden,
    tombstonesDropped: a.tombstonesDropped + b.tombstonesDropped,
    entriesFiltered: a.entriesFiltered + b.entriesFiltered,
  }
}

/** One listener for each of `parts` jobs; together they tell `onProgress` how far all have come. */
export function shareProgress(parts: number, onProgress: OnProgress | undefined): (OnProgress | undefined)[] {
  if (onProgress === undefined || parts === 1) return new Array(parts).fill(onProgress)
  const latest = Array.from({ length: parts }, () => ({ bytesRead: 0, bytesWritten: 0, entriesRead: 0 }))
  return latest.map((_, part) => progress => {
    latest[part] = progress
    onProgress(latest.reduce(addProgress))
  })
}

function addProgress(a: JobProgress, b: JobProgress): JobProgress {
  return {
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    entriesRead: a.entriesRead + b.entriesRead,
  }
}
