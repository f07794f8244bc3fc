/**
 * What the version set knows of one column family: its newest version, the older ones that somebody still
 * reads, and which files only they hold.
 *
 * A file lives in a contiguous run of versions, [firstVersion, removedAt), so a removed file can go when no
 * live version's id lies in that run: no counting per file and version.
 *
 * RocksDB: db/column_family.h, ColumnFamilyData
 */

import { type FileMeta, type FileStatistics, noStatistics } from './file-meta.ts'
import { weighFile } from './file-weight.ts'
import { Version } from './version.ts'
import { addStatistics, type VersionDelta, type VersionParts } from './version-builder.ts'

interface RemovedFile {
  file: FileMeta
  /** Id of the first version without it. */
  removedAt: number
}

export class ColumnFamilyState {
  readonly id: number
  readonly name: string
  /** As the MANIFEST names it. */
  readonly comparator: string
  readonly levelCount: number
  /** No WAL with a smaller number holds anything that is not in this family's table files. */
  logNumber: number
  current: Version
  dropped = false
  /** Carried from MANIFEST to MANIFEST unchanged. */
  fullHistoryTsLow: Uint8Array | undefined = undefined
  persistTimestamps: boolean | undefined = undefined

  private nextEpoch: number
  private readonly live = new Set<Version>()
  private removed: RemovedFile[] = []

  constructor(
    id: number,
    name: string,
    comparator: string,
    logNumber: number,
    levels: readonly (readonly FileMeta[])[],
    nextEpoch: number,
  ) {
    this.id = id
    this.name = name
    this.comparator = comparator
    this.logNumber = logNumber
    this.levelCount = levels.length
    this.nextEpoch = nextEpoch
    const levelBytes = levels.map(files => files.reduce((bytes, file) => bytes + file.size, 0))
    this.current = this.makeVersion(1, { levels, levelBytes }, totalsOf(levels))
    for (const file of this.current.files()) file.firstVersion = 1
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
    this.current.unref()
  }

  /**
   * Takes in what the properties say of tables opened since the last call. Only how files are weighed changes; a
   * file is weighed once, as RocksDB does it, by the averages of that time.
   */
  refreshStatistics(): void {
    const { id, levels, levelBytes } = this.current
    const learnt: FileMeta[] = []
    for (const files of levels) for (const file of files) if (file.learnStatistics()) learnt.push(file)
    if (learnt.length === 0) return
    const totals = { ...this.current.totals }
    for (const file of learnt) addStatistics(totals, file.statistics, 1)
    for (const file of learnt) file.compensatedSize = weighFile(file, totals)
    const previous = this.current
    this.current = this.makeVersion(id + 1, { levels, levelBytes }, totals)
    previous.unref()
  }

  /** Files that no live version holds any more. Each is given once. */
  takeObsolete(): FileMeta[] {
    const obsolete: FileMeta[] = []
    this.removed = this.removed.filter(removed => {
      if (this.isHeld(removed)) return true
      obsolete.push(removed.file)
      return false
    })
    return obsolete
  }

  /** Adds the number of every file that the current version or an older live one holds. */
  addLiveNumbers(into: Set<number>): void {
    for (const version of this.live) for (const file of version.files()) into.add(file.number)
  }

  get liveVersionCount(): number {
    return this.live.size
  }

  private isHeld({ file, removedAt }: RemovedFile): boolean {
    for (const version of this.live)
      if (version.id >= file.firstVersion && version.id < removedAt) return true
    return false
  }

  private makeVersion(id: number, { levels, levelBytes }: VersionParts, totals: FileStatistics): Version {
    const version = new Version(this.id, id, levels, levelBytes, totals, dead => this.live.delete(dead))
    this.live.add(version)
    return version
  }
}

function totalsOf(levels: readonly (readonly FileMeta[])[]): FileStatistics {
  const totals = { ...noStatistics }
  for (const files of levels) for (const file of files) addStatistics(totals, file.statistics, 1)
  return totals
}
