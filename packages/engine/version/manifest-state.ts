/**
 * What the edits of a MANIFEST add up to: the live files and counters of each column family and of the
 * database. Edits that contradict what came before are refused.
 *
 * RocksDB: db/version_edit_handler.cc
 */
import { CorruptionError } from '@varve/format/errors'
import type { NewFile, VersionEdit } from '@varve/format/manifest'
import { applyToBlobFiles, type BlobFileState } from './blob-file-meta.ts'

export class RecoveredFamily {
  readonly id: number
  readonly name: string
  comparator: string | undefined = undefined
  logNumber = 0
  fullHistoryTsLow: Uint8Array | undefined = undefined
  persistTimestamps: boolean | undefined = undefined
  valueStamp: number | undefined = undefined
  /** The live files by number. */
  readonly files = new Map<number, NewFile>()
  /** The live ones, sorted by number. */
  blobFiles: readonly BlobFileState[] = []

  constructor(id: number, name: string) {
    this.id = id
    this.name = name
  }
}

export class ManifestState {
  readonly file: string
  databaseId: string | undefined = undefined
  nextFileNumber: number | undefined = undefined
  lastSequence: number | undefined = undefined
  prevLogNumber = 0
  minLogNumberToKeep = 0
  maxColumnFamily = 0
  /** WALs that must exist, with the bytes of each known to be synced. */
  readonly trackedWals = new Map<number, number | undefined>()
  readonly columnFamilies = new Map<number, RecoveredFamily>([[0, new RecoveredFamily(0, 'default')]])
  /** Varve has written it: since then there have been no other logs than ours. */
  isOurs = false
  private sawLogNumber = false

  constructor(edits: Iterable<VersionEdit>, file: string) {
    this.file = file
    for (const edit of edits) this.apply(edit)
  }

  /** Counters without which nothing may be opened. */
  checkComplete(): { nextFileNumber: number; lastSequence: number } {
    const { nextFileNumber, lastSequence } = this
    if (nextFileNumber === undefined) throw this.corruption('there is no next file number')
    if (lastSequence === undefined) throw this.corruption('there is no last sequence')
    if (!this.sawLogNumber) throw this.corruption('there is no log number')
    return { nextFileNumber, lastSequence }
  }

  private apply(edit: VersionEdit): void {
    this.applyCounters(edit)
    const family = this.familyOf(edit)
    if (family === undefined) return
    if (edit.comparator !== undefined) this.setComparator(family, edit.comparator)
    if (edit.logNumber !== undefined) {
      family.logNumber = Math.max(family.logNumber, edit.logNumber)
      this.sawLogNumber = true
    }
    family.fullHistoryTsLow = edit.fullHistoryTsLow ?? family.fullHistoryTsLow
    family.persistTimestamps = edit.persistTimestamps ?? family.persistTimestamps
    family.valueStamp = edit.valueStamp ?? family.valueStamp
    this.applyFiles(family, edit)
  }

  private applyCounters(edit: VersionEdit): void {
    this.databaseId = edit.databaseId ?? this.databaseId
    this.nextFileNumber = edit.nextFileNumber ?? this.nextFileNumber
    this.lastSequence = edit.lastSequence ?? this.lastSequence
    this.prevLogNumber = edit.prevLogNumber ?? this.prevLogNumber
    this.minLogNumberToKeep = Math.max(this.minLogNumberToKeep, edit.minLogNumberToKeep ?? 0)
    this.maxColumnFamily = Math.max(this.maxColumnFamily, edit.maxColumnFamily ?? 0, edit.columnFamily ?? 0)
    applyWalTracking(this.trackedWals, edit)
    if (edit.walWatermarks !== undefined) this.isOurs = true
  }

  /** The family that the edit is about, after adding it; `undefined` after dropping it. */
  private familyOf(edit: VersionEdit): RecoveredFamily | undefined {
    const id = edit.columnFamily ?? 0
    if (edit.columnFamilyAdd !== undefined) return this.addFamily(id, edit.columnFamilyAdd)
    const family = this.columnFamilies.get(id)
    if (family === undefined)
      throw this.corruption(`an edit is about column family ${id}, which does not exist`)
    if (edit.columnFamilyDrop === undefined) return family
    if (id === 0) throw this.corruption('the default column family is dropped')
    this.columnFamilies.delete(id)
    return undefined
  }

  private addFamily(id: number, name: string): RecoveredFamily {
    for (const other of this.columnFamilies.values()) {
      if (other.id === id || other.name === name) {
        throw this.corruption(`column family ${id} is added twice`)
      }
    }
    const family = new RecoveredFamily(id, name)
    this.columnFamilies.set(id, family)
    return family
  }

  private setComparator(family: RecoveredFamily, comparator: string): void {
    if (family.comparator !== undefined && family.comparator !== comparator) {
      throw this.corruption(
        `column family ${family.id} has the comparator ${family.comparator}, and then ${comparator}`,
      )
    }
    family.comparator = comparator
  }

  private applyFiles(family: RecoveredFamily, edit: VersionEdit): void {
    const removed: NewFile[] = []
    const { deletedFiles = [], newFiles: added = [] } = edit
    for (const { level, number } of deletedFiles) {
      const file = family.files.get(number)
      if (file?.level !== level) {
        throw this.corruption(`cannot delete table file #${number}: it is not in level ${level}`)
      }
      removed.push(file)
      family.files.delete(number)
    }
    for (const file of added) {
      if (family.files.has(file.number)) {
        throw this.corruption(`cannot add table file #${file.number}: it is there already`)
      }
      family.files.set(file.number, file)
    }
    const tables = { removed, added, hasTables: family.files.size > 0 }
    family.blobFiles = applyToBlobFiles(family.blobFiles, edit, tables, this.file).files
  }

  private corruption(what: string): CorruptionError {
    return new CorruptionError(what, this.file)
  }
}

/** Applies what an edit says about WALs that must exist. */
/**
 * Whether all that is known to be on disk of a log is known, though the log does not say so itself: Varve wrote it, or its size
 * is tracked.
 */
export function isTracked(
  log: number,
  state: Pick<ManifestState, 'isOurs' | 'trackedWals'>,
  manifest: number,
): boolean {
  return state.trackedWals.get(log) !== undefined || (state.isOurs && log > manifest)
}

export function applyWalTracking(tracked: Map<number, number | undefined>, edit: VersionEdit): void {
  for (const { number, syncedSize } of edit.walAdditions ?? []) tracked.set(number, syncedSize)
  for (const { number, syncedSize } of edit.walWatermarks ?? [])
    if (number > 0) tracked.set(number, syncedSize)
  const oldest = Math.max(edit.walDeletion ?? 0, edit.minLogNumberToKeep ?? 0)
  if (oldest === 0) return
  for (const number of tracked.keys()) if (number < oldest) tracked.delete(number)
}
