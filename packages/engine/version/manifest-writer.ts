/**
 * Writes edits to the MANIFEST in force, and begins a new MANIFEST when there is none to go on with: after
 * recovery, after a failure, and when the old one has grown too large.
 *
 * A new MANIFEST comes into force when CURRENT names it. Before that its own name is made durable: a CURRENT
 * that survives a crash must not name a file that did not.
 *
 * RocksDB: db/version_set.cc, VersionSet::ProcessManifestWrites
 */
import type { VersionEdit } from '@varve/format/manifest'
import { manifestName } from '@varve/format/names'
import type { FileSystem } from '../fs/index.ts'
import { switchCurrent } from './current-file.ts'
import { ManifestLog } from './manifest-log.ts'

/** Bytes of a MANIFEST that are known to be on the device. */
export interface ManifestEvidence {
  manifestNumber: number
  syncedSize: number
}

/** How a new MANIFEST begins. */
export interface ManifestOpening {
  /** The next file number: the first is the MANIFEST's own. */
  newFileNumber(): number
  readonly nextFileNumber: number
  /** The whole state, before the edits that made the new MANIFEST necessary. */
  snapshot(): VersionEdit[]
  readonly maxColumnFamily: number
}

export class ManifestWriter {
  private readonly fs: FileSystem
  private readonly directory: string
  private readonly maxFileSize: number
  private log: ManifestLog | undefined = undefined
  private lastInForce: ManifestEvidence
  private obsolete: number[] = []

  /** `inForce` is the MANIFEST that was read. It is never written. */
  constructor(fs: FileSystem, directory: string, maxFileSize: number, inForce: ManifestEvidence) {
    this.fs = fs
    this.directory = directory
    this.maxFileSize = maxFileSize
    this.lastInForce = inForce
  }

  /** What is in force, and how much of it is on the device. */
  get manifest(): ManifestEvidence {
    if (this.log === undefined) return this.lastInForce
    return { manifestNumber: this.log.number, syncedSize: this.log.syncedSize }
  }

  get path(): string {
    return `${this.directory}/${manifestName(this.manifest.manifestNumber)}`
  }

  /** Returns when the edits are on the device, in a MANIFEST in force. After a failure only `giveUp` helps. */
  async write(edits: readonly VersionEdit[], opening: ManifestOpening): Promise<void> {
    const { log } = this
    if (log !== undefined && log.syncedSize <= this.mostBytes(log)) return log.append(edits)
    await this.roll(edits, opening)
  }

  /** Leaves the MANIFEST that is being written, so that the next write begins a new one. */
  async giveUp(): Promise<void> {
    const { log } = this
    this.lastInForce = this.manifest
    this.log = undefined
    await closeSettled(log)
  }

  /** Numbers of MANIFESTs that will never be in force again, each once. */
  takeObsolete(): number[] {
    const { obsolete } = this
    this.obsolete = []
    return obsolete
  }

  /** One that begins with a state larger than the limit may double: otherwise each edit would write it anew. */
  private mostBytes(log: ManifestLog): number {
    return Math.max(this.maxFileSize, 2 * log.initialSize)
  }

  private async roll(edits: readonly VersionEdit[], opening: ManifestOpening): Promise<void> {
    const number = opening.newFileNumber()
    const { nextFileNumber, maxColumnFamily } = opening
    const own = edits.map(edit => ({ ...edit, nextFileNumber }))
    // Taken before anything is awaited: writers move the last sequence on meanwhile, and it must not seem to go
    // back from the snapshot to the edits behind it.
    const state = opening.snapshot()
    if (maxColumnFamily > 0) own[0] = { ...own[0], maxColumnFamily }
    let log: ManifestLog | undefined
    try {
      log = await ManifestLog.create(this.fs, this.directory, number)
      await log.append([...state, ...own])
      await this.fs.syncDirectory(this.directory)
      await switchCurrent(this.fs, this.directory, number)
    } catch (error) {
      this.obsolete.push(number)
      await closeSettled(log)
      throw error
    }
    const previous = this.log
    this.obsolete.push(this.manifest.manifestNumber)
    this.log = log
    await closeSettled(previous)
  }
}

/** Closes a MANIFEST of which nothing is awaited any more: all of it is synced, or it has failed and is known to. */
async function closeSettled(log: ManifestLog | undefined): Promise<void> {
  await log?.close().catch(() => undefined)
}
