/**
 * The loop of `varve load`: input lines become batches, batches are committed one after another. While one is
 * being committed the next is put together, and no more than that: input is read as fast as it is stored.
 */
import type { ColumnFamily, Database, Lifetime } from 'varve'
import { isVarveError, WriteBatch } from 'varve'
import { InputLines } from './input-lines.ts'
import { type InputFormat, type Row, readRow } from './row-reader.ts'
import { RowError } from './tsv.ts'

/** A batch is full at this many bytes, however few lines it has. */
const BATCH_BYTES = 1024 * 1024

export interface LoadOptions {
  format: InputFormat
  /** Lines of a batch. */
  batchLines: number
  sync: boolean
  columnFamily: string | undefined
  /** After each commit: every line up to this one is in the database. */
  onCommit(totals: LoadTotals): void
  /** Set when the user asks to stop; the batch at hand is still committed. */
  signal: AbortSignal
}

export interface LoadTotals {
  /** Input lines whose rows are committed. */
  lines: number
  rows: number
  /** Input bytes read. */
  bytes: number
}

export class Loader {
  /** What is committed so far. */
  readonly totals: LoadTotals = { lines: 0, rows: 0, bytes: 0 }
  private readonly database: Database
  private readonly options: LoadOptions
  private readonly families = new Map<string, ColumnFamily>()
  private readonly lines = new InputLines()
  /** The batch that is filled, and the one that is being committed or waits for its turn to be filled. */
  private filling = new WriteBatch()
  private spare = new WriteBatch()
  private linesInBatch = 0
  private bytesRead = 0
  private committing: Promise<void> = Promise.resolve()

  constructor(database: Database, options: LoadOptions) {
    this.database = database
    this.options = options
  }

  async load(input: AsyncIterable<Buffer>): Promise<void> {
    const { signal } = this.options
    try {
      for await (const chunk of input) await this.takeChunk(chunk)
      if (this.lines.finish()) await this.takeLine()
    } catch (error) {
      // The good lines before a bad one count. Stopping tears the input down, which is an error to its reader.
      if (error instanceof RowError) await this.commitRest()
      else await Promise.allSettled([this.committing])
      if (!signal.aborted) throw error
    }
    await this.commitRest()
  }

  private async commitRest(): Promise<void> {
    await this.commit()
    await this.committing
  }

  private async takeChunk(chunk: Buffer): Promise<void> {
    this.bytesRead += chunk.length
    this.lines.add(chunk)
    while (this.lines.next()) {
      // Most lines need no promise: only one that fills a batch or names a new column family.
      const pending = this.takeLine()
      if (pending !== undefined) await pending
    }
  }

  /** A promise only when there is something to wait for. */
  private takeLine(): Promise<void> | undefined {
    try {
      const row = readRow(this.lines, this.options.format)
      const familyName = row?.columnFamily ?? this.options.columnFamily
      if (row !== undefined && familyName !== undefined && !this.families.has(familyName)) {
        return this.takeRowOfNewFamily(row, familyName)
      }
      this.addLine(row, familyName)
    } catch (error) {
      throw this.atThisLine(error)
    }
    return this.commitWhenFull()
  }

  private async takeRowOfNewFamily(row: Row, familyName: string): Promise<void> {
    try {
      const options = row.expiresAt === undefined ? {} : { expiringKeys: true }
      this.families.set(familyName, await this.database.columnFamily(familyName, options))
      this.addLine(row, familyName)
    } catch (error) {
      throw this.atThisLine(error)
    }
    await this.commitWhenFull()
  }

  /** Puts the line's row into the batch; a line without one counts as well. */
  private addLine(row: Row | undefined, familyName: string | undefined): void {
    const family = familyName === undefined ? undefined : this.families.get(familyName)
    if (row !== undefined) this.filling.put(row.key, row.value, family, lifetimeOf(row))
    this.linesInBatch++
  }

  /** What is wrong with the line itself, told with its number. Other errors stay as they are. */
  private atThisLine(error: unknown): unknown {
    if (!(error instanceof RowError) && !isVarveError(error, 'INVALID_ARGUMENT')) return error
    return new RowError(`line ${this.lines.number}: ${error.message}`)
  }

  private commitWhenFull(): Promise<void> | undefined {
    const isFull = this.linesInBatch >= this.options.batchLines || this.filling.byteLength >= BATCH_BYTES
    return isFull ? this.commit() : undefined
  }

  /** Waits for the commit before this one, then starts this one and returns. */
  private async commit(): Promise<void> {
    await this.committing
    const batch = this.filling
    const { linesInBatch } = this
    if (linesInBatch === 0) return
    this.filling = this.spare
    this.spare = batch
    this.filling.clear()
    this.linesInBatch = 0
    this.committing = this.write(batch, linesInBatch)
    // Its failure is met by the next `await this.committing`; until then it must not count as unhandled.
    this.committing.catch(() => undefined)
  }

  private async write(batch: WriteBatch, lines: number): Promise<void> {
    if (batch.count > 0) await this.database.write(batch, { sync: this.options.sync })
    this.totals.lines += lines
    this.totals.rows += batch.count
    this.totals.bytes = this.bytesRead
    this.options.onCommit(this.totals)
  }
}

function lifetimeOf({ expiresAt }: Row): Lifetime | undefined {
  return expiresAt === undefined ? undefined : { expiresAt }
}
