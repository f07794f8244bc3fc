/** Completes edits before they are written: counters, epochs, and the count-down of an atomic group. */
import { VarveError } from '@varve/format/errors'
import type { BlobAddition, NewFile, VersionEdit } from '@varve/format/manifest'
import type { ColumnFamilyState } from './column-family-state.ts'

/** Where the database stands. */
export interface Counters {
  readonly nextFileNumber: number
  readonly lastSequence: number
  readonly columnFamilies: ReadonlyMap<number, ColumnFamilyState>
}

/** No edits at all still record the counters. */
export function prepareEdits(
  edits: readonly VersionEdit[],
  atomic: boolean,
  counters: Counters,
): VersionEdit[] {
  const given = edits.length === 0 ? [{}] : edits
  return given.map((edit, index) => {
    const prepared = prepareEdit(edit, counters)
    if (atomic && given.length > 1) prepared.remainingInGroup = given.length - 1 - index
    return prepared
  })
}

function prepareEdit(edit: VersionEdit, counters: Counters): VersionEdit {
  const { nextFileNumber, lastSequence } = counters
  const prepared: VersionEdit = { ...edit, nextFileNumber, lastSequence }
  if (edit.columnFamilyAdd === undefined && edit.columnFamilyDrop === undefined) prepared.prevLogNumber = 0
  for (const file of edit.blobAdditions ?? []) checkNumber(counters, file)
  const family = counters.columnFamilies.get(edit.columnFamily ?? 0)
  if (edit.newFiles === undefined || family === undefined) return prepared
  for (const file of edit.newFiles) checkAgainst(counters, file)
  prepared.newFiles = edit.newFiles.map(file =>
    file.epochNumber ? file : { ...file, epochNumber: family.newEpochNumber() },
  )
  return prepared
}

function checkNumber({ nextFileNumber }: Counters, { number }: BlobAddition): void {
  if (number < nextFileNumber) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `blob file #${number} is ahead of the database's next file number (${nextFileNumber})`,
  )
}

/** Entries above the last sequence are invisible, and RocksDB 7.8 deletes files above the next number (V1). */
function checkAgainst(
  { nextFileNumber, lastSequence }: Counters,
  { number, largestSequence }: NewFile,
): void {
  if (number < nextFileNumber && largestSequence <= lastSequence) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `table file #${number} with sequences up to ${largestSequence} is ahead of the database's counters ` +
      `(next file ${nextFileNumber}, last sequence ${lastSequence})`,
  )
}
