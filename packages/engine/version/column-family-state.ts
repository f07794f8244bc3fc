/**
 * What the version set knows of one column family: its newest version, the older ones that somebody still
 * reads, and which files only they hold.
 *
 * A file lives in a contiguous run of versions, [firstVersion, removedAt), so a removed file can go when no
 * live version's id lies in that run: no counting per file and version.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */
import type { KeyOrder } from '@varve/format/key'
import type { BlobFileMeta, BlobFileState } from './blob-file-meta.ts'
import { type FileMeta, type FileStatistics, noStatistics } from './file-meta.ts'
import { weighFile } from './file-weight.ts'
import { Version } from './version.ts'
import { addStatistics, type VersionDelta, type VersionParts } from './version-builder.ts'

interface RemovedFile<File> {
  file: File
  /** Id of the first version without it. */
  removedAt: number
}

export class ColumnFamilyState {
  readonly id: number
  readonly name: string
  /** Of its keys; the MANIFEST has its name. */
  readonly order: KeyOrder
  readonly levelCount: number
  /** No WAL with a smaller number holds anything that is not in this family's table files. */
  logNumber: number
  current: Version
  dropped = false
  /** Carried from MANIFEST to MANIFEST unchanged. */
  fullHistoryTsLow: Uint8Array | undefined = undefined
  persistTimestamps: boolean | undefined = undefined
  /** What stands behind each value, as the MANIFEST has it: see `ValueStamp`. */
  valueStamp: number | undefined = undefined

  private nextEpoch: number
  private readonly live = new Set<Version>()
  private removed: RemovedFile<FileMeta>[] = []
  private removedBlobFiles: RemovedFile<BlobFileMeta>[] = []

  constructor(
    id: number,
    name: string,
    order: KeyOrder,
    logNumber: number,
    levels: readonly (readonly FileMeta[])[],
    nextEpoch: number,
    blobFiles: readonly BlobFileState[] = [],
  ) {
    this.id = id
    this.name = name
    this.order = order
    this.logNumber = logNumber
    this.levelCount = levels.length
    this.nextEpoch = nextEpoch
    const levelBytes = levels.map(files => files.reduce((bytes, file) => bytes + file.size, 0))
    this.current = this.makeVersion(1, { levels, levelBytes, blobFiles }, totalsOf(levels))
    for (const file of this.current.files()) file.firstVersion = 1
    for (const { file } of blobFiles) file.firstVersion = 1
  }

  /** The epoch of the next flush. Take it when its memtables are chosen, so that epochs follow sequences. */
  newEpochNumber(): number {
    return this.nextEpoch++
  }

  /** Sees to it that later epochs are above `epoch`. */
  noteEpoch(epoch: number): void {
    if (epoch >= this.nextEpoch) this.nextEpoch = epoch + 1
  }

  /** Makes `delta` the current version. Its files and levels are as `applyEdit` of the current one made them. */
  install(delta: VersionDelta): Version {
    const id = this.current.id + 1
    // Of this moment: tables may have been opened, and counted, while the edit was written.
    const totals = { ...this.current.totals }
    for (const file of delta.removed) addStatistics(totals, file.statistics, -1)
    for (const { file, record } of delta.moved) {
      file.level = record.level
      file.record = record
    }
    for (const file of delta.added) {
      file.firstVersion = id
      file.compensatedSize = weighFile(file, totals)
      this.noteEpoch(file.epochNumber)
    }
    for (const file of delta.removed) this.removed.push({ file, removedAt: id })
    for (const file of delta.addedBlobFiles) file.firstVersion = id
    for (const file of delta.removedBlobFiles) this.removedBlobFiles.push({ file, removedAt: id })
    const previous = this.current
    this.current = this.makeVersion(id, delta, totals)
    previous.unref()
    return this.current
  }

  /** The family is no more: its files go as soon as the last reader has gone. */
  drop(): void {
    this.dropped = true
    const removedAt = this.current.id + 1
    for (const file of this.current.files()) this.removed.push({ file, removedAt })
    for (const { file } of this.current.blobFiles) this.removedBlobFiles.push({ file, removedAt })
    this.current.unref()
  }

  /**
   * Takes in what the properties say of tables opened since the last call. Only how files are weighed changes; a
   * file is weighed once, as RocksDB does it, by the averages of that time.
   */
  refreshStatistics(): void {
    const { id, levels, levelBytes, blobFiles } = this.current
    const learnt: FileMeta[] = []
    for (const files of levels) for (const file of files) if (file.learnStatistics()) learnt.push(file)
    if (learnt.length === 0) return
    const totals = { ...this.current.totals }
    for (const file of learnt) addStatistics(totals, file.statistics, 1)
    for (const file of learnt) file.compensatedSize = weighFile(file, totals)
    const previous = this.current
    this.current = this.makeVersion(id + 1, { levels, levelBytes, blobFiles }, totals)
    previous.unref()
  }

  /** Tables that no live version holds any more. Each is given once. */
  takeObsolete(): FileMeta[] {
    const obsolete = this.removed.filter(removed => !this.isHeld(removed))
    if (obsolete.length > 0) this.removed = this.removed.filter(removed => this.isHeld(removed))
    return obsolete.map(({ file }) => file)
  }

  /** Whether files that were removed wait to be taken. */
  get hasObsolete(): boolean {
    return this.removed.length + this.removedBlobFiles.length > 0
  }

  /** As `takeObsolete`, blob files. */
  takeObsoleteBlobFiles(): BlobFileMeta[] {
    const obsolete = this.removedBlobFiles.filter(removed => !this.isHeld(removed))
    if (obsolete.length > 0)
      this.removedBlobFiles = this.removedBlobFiles.filter(removed => this.isHeld(removed))
    return obsolete.map(({ file }) => file)
  }

  /** Bytes of the blob files of all live versions. */
  get blobBytesHeld(): number {
    const held = new Set<BlobFileMeta>()
    for (const { blobFiles } of this.live) for (const { file } of blobFiles) held.add(file)
    return [...held].reduce((bytes, file) => bytes + file.size, 0)
  }

  /** Adds the number of every table and blob file that the current version or an older live one holds. */
  addLiveNumbers(into: Set<number>): void {
    for (const version of this.live) {
      for (const file of version.files()) into.add(file.number)
      for (const { file } of version.blobFiles) into.add(file.number)
    }
  }

  get liveVersionCount(): number {
    return this.live.size
  }

  private isHeld({ file, removedAt }: RemovedFile<{ readonly firstVersion: number }>): boolean {
    for (const version of this.live)
      if (version.id >= file.firstVersion && version.id < removedAt) return true
    return false
  }

  private makeVersion(id: number, parts: VersionParts, totals: FileStatistics): Version {
    const { levels, levelBytes, blobFiles } = parts
    const forget = (dead: Version) => this.live.delete(dead)
    const version = new Version(this.id, id, levels, levelBytes, totals, forget, blobFiles)
    this.live.add(version)
    return version
  }
}

function totalsOf(levels: readonly (readonly FileMeta[])[]): FileStatistics {
  const totals = { ...noStatistics }
  for (const files of levels) for (const file of files) addStatistics(totals, file.statistics, 1)
  return totals
}
