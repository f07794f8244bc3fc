/**
 * The deep check: what only all files together can show. File numbers and strangers in the directory
 * (numbers-check.ts), the order of a key's versions across the tables of a family (family-order.ts), tables and blob files
 * (blob-references.ts), and the logs:
 * their sequences rise, and what a family still needs of them is newer than its tables.
 *
 * The contents of single files are checked before, by plan.ts; families with a damaged table are left out here.
 */
import { join } from 'node:path'
import { BatchCursor, beginsPrepare } from '@varve/format/batch'
import { parseFileName } from '@varve/format/names'
import type { FileSystem } from '../fs/index.ts'
import type { ColumnFamilyState, FileMeta } from '../version/index.ts'
import type { WalSource } from '../wal/index.ts'
import { BlobReferences } from './blob-references.ts'
import type { DatabaseFiles } from './database-files.ts'
import { FamilyOrder } from './family-order.ts'
import { checkNumbers, listStrangers } from './numbers-check.ts'
import type { VerifyFindings } from './report.ts'
import { TableRun } from './table-run.ts'

/** The oldest operation that a family still needs of the logs. */
interface OldestNeeded {
  sequence: number
  file: string
  offset: number
}

export class DeepCheck {
  private readonly fs: FileSystem
  private readonly findings: VerifyFindings
  private files: DatabaseFiles | undefined = undefined
  private nextSequence = 0
  private readonly oldestNeeded = new Map<number, OldestNeeded>()

  constructor(fs: FileSystem, findings: VerifyFindings) {
    this.fs = fs
    this.findings = findings
  }

  /** Before the logs are read. */
  begin(files: DatabaseFiles): void {
    this.files = files
  }

  /** Sees each batch that the next open would apply, in order. */
  onBatch(batch: Uint8Array, offset: number, log: WalSource): void {
    const cursor = new BatchCursor(batch, log.file, offset)
    const needed = new Map<number, OldestNeeded>()
    while (cursor.next()) {
      // What a transaction prepares takes its sequences with the commit.
      if (beginsPrepare(cursor.tag)) return
      if (
        cursor.counted &&
        !needed.has(cursor.columnFamily) &&
        this.isNeeded(cursor.columnFamily, log.number)
      )
        needed.set(cursor.columnFamily, { sequence: cursor.recordSequence, file: log.file, offset })
    }
    if (cursor.sequence < this.nextSequence) {
      const message = `a batch has the sequence ${cursor.sequence}, and ${this.nextSequence} was the next one`
      this.findings.problem(log.file, message, offset)
    }
    this.nextSequence = cursor.sequence + cursor.count
    for (const [id, operation] of needed) this.oldestNeeded.set(id, operation)
  }

  /** The first operation says enough of a family. */
  private isNeeded(id: number, logNumber: number): boolean {
    if (this.oldestNeeded.has(id)) return false
    const family = this.files?.families.find(each => each.id === id)
    return family !== undefined && logNumber >= family.logNumber
  }

  /** When every file has been checked for itself. */
  async finish(pause: () => Promise<void>): Promise<void> {
    const { files, findings } = this
    if (files === undefined) return
    checkNumbers(files, findings)
    await listStrangers(this.fs, files, findings)
    for (const family of files.families) await this.checkFamily(files, family, pause)
  }

  private async checkFamily(
    files: DatabaseFiles,
    family: ColumnFamilyState,
    pause: () => Promise<void>,
  ): Promise<void> {
    const { levels } = family.current
    const nameOf = (number: number): string => this.nameOf(files, number)
    const damaged = levels
      .flat()
      .find(({ number }) => !this.findings.isSound(join(files.directory, nameOf(number))))
    if (damaged !== undefined) {
      const message = `the order of versions in '${family.name}' is not checked: this table is damaged`
      this.findings.note(join(files.directory, nameOf(damaged.number)), message)
      return
    }
    const run = (level: number, tables: readonly FileMeta[]) =>
      new TableRun(this.fs, files.directory, level, tables, nameOf)
    const runs = levels.flatMap((tables, level) =>
      level === 0 ? tables.map(table => run(0, [table])) : tables.length > 0 ? [run(level, tables)] : [],
    )
    const order = new FamilyOrder(runs, this.findings, pause)
    try {
      await order.check()
      const pathOf = ({ number }: FileMeta) => join(files.directory, nameOf(number))
      await new BlobReferences(this.fs, files.directory, family, this.findings, pause).check(pathOf)
      this.checkNeeded(family, order.largestSequence)
    } catch (error) {
      this.findings.caught(files.directory, error)
    }
  }

  /** A log is in a family's tables whole or not at all (F2). */
  private checkNeeded(family: ColumnFamilyState, largestSequence: number): void {
    const oldest = this.oldestNeeded.get(family.id)
    if (oldest === undefined || oldest.sequence > largestSequence) return
    const message =
      `'${family.name}' needs the operation with the sequence ${oldest.sequence} of this log, and its tables ` +
      `have sequences up to ${largestSequence}`
    this.findings.problem(oldest.file, message, oldest.offset)
  }

  private nameOf({ names }: DatabaseFiles, number: number): string {
    const is = (name: string): boolean => {
      const parsed = parseFileName(name)
      return parsed?.kind === 'table' && parsed.number === number
    }
    return names.findLast(is) ?? `${number}.sst`
  }
}
