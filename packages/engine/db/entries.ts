/**
 * The entries of a range, to iterate over. Every iteration reads the moment at which it began, and lets go of it
 * when it ends, also when the loop is left early.
 *
 *     for await (const [key, value] of db.entries({ prefix: 'user:' })) ...        reads in the background
 *     for await (const batch of db.entries().batches()) for (const [key, value] of batch) ...      the fastest
 *     for (const [key, value] of db.entries({ limit: 10 })) ...                    blocks while it reads
 *
 * Rows are made in batches that grow, so that a scan pays for one promise and one wait in many entries.
 */
import { Step } from '../cursor/cursor.ts'
import { loadWanted, loadWantedSync } from '../cursor/driver.ts'
import type { RowCursor } from '../cursor/row-cursor.ts'
import type { RangeReader } from './range-reader.ts'
import { loadsNow } from './read-path.ts'

const FIRST_BATCH_ROWS = 16
const MAX_BATCH_ROWS = 1024
/** A batch ends with the row that makes its keys and values this long. */
const MAX_BATCH_BYTES = 256 * 1024

export interface ScanPlan<Row> {
  /** Begins an iteration. */
  open: () => RangeReader
  /** Copies what a row consists of. */
  take: (visible: RowCursor) => Row
  reverse: boolean
  limit: number
}

export class Entries<Row> implements Iterable<Row>, AsyncIterable<Row> {
  private readonly plan: ScanPlan<Row>

  /** Use `Database.entries`. */
  constructor(plan: ScanPlan<Row>) {
    this.plan = plan
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Row> {
    return new RowIterator(new Scan(this.plan))
  }

  *[Symbol.iterator](): IterableIterator<Row> {
    const scan = new Scan(this.plan)
    try {
      while (scan.moveSync()) yield scan.takeRow()
    } finally {
      scan.close()
    }
  }

  /** The rows in arrays of up to a thousand. */
  async *batches(): AsyncIterableIterator<Row[]> {
    const scan = new Scan(this.plan)
    try {
      for (let rows = await scan.readBatch(); rows.length > 0; rows = await scan.readBatch()) yield rows
    } finally {
      scan.close()
    }
  }

  /** All rows at once. */
  async toArray(): Promise<Row[]> {
    const all: Row[] = []
    for await (const rows of this.batches()) for (const row of rows) all.push(row)
    return all
  }
}

/** One iteration. */
class Scan<Row> {
  private readonly plan: ScanPlan<Row>
  private readonly reader: RangeReader
  private remaining: number
  private batchRows = FIRST_BATCH_ROWS
  private started = false
  /** Bytes of the rows taken since the batch began. */
  private batchBytes = 0

  constructor(plan: ScanPlan<Row>) {
    this.plan = plan
    this.remaining = plan.limit
    this.reader = plan.open()
  }

  close(): void {
    this.reader.close()
  }

  /** The next rows; none at the end. */
  async readBatch(): Promise<Row[]> {
    const { engine } = this.reader
    // Reads that are quick let nobody else have a turn.
    if (this.batchRows === MAX_BATCH_ROWS) await engine.runtime.nextTurn()
    const rows: Row[] = []
    const size = this.batchRows
    this.batchRows = Math.min(4 * size, MAX_BATCH_ROWS)
    this.batchBytes = 0
    while (rows.length < size && this.batchBytes < MAX_BATCH_BYTES && this.remaining > 0) {
      let step = this.move()
      while (step === Step.needsBlock) {
        await loadWanted(this.reader.visible, wanted => loadsNow(engine, wanted))
        step = this.move()
      }
      if (step === Step.ended) {
        this.remaining = 0
        break
      }
      this.started = true
      rows.push(this.takeRow())
    }
    engine.statistics.nexts += rows.length
    return rows
  }

  /** To the next row, blocking; false at the end. */
  moveSync(): boolean {
    if (this.remaining <= 0) return false
    let step = this.move()
    while (step === Step.needsBlock) {
      loadWantedSync(this.reader.visible)
      step = this.move()
    }
    this.started = true
    this.reader.engine.statistics.nexts++
    return step === Step.moved
  }

  takeRow(): Row {
    const { visible } = this.reader
    this.remaining--
    this.batchBytes += visible.keyEnd - visible.keyStart + visible.valueEnd - visible.valueStart
    return this.plan.take(visible)
  }

  private move(): Step {
    const { visible } = this.reader
    this.reader.refuseIfClosed()
    if (this.started) return this.plan.reverse ? visible.prev() : visible.next()
    return this.plan.reverse ? visible.last() : visible.first()
  }
}

/** Hands out the rows of batches one by one; only a new batch is waited for. */
class RowIterator<Row> implements AsyncIterableIterator<Row> {
  private readonly scan: Scan<Row>
  private rows: Row[] = []
  private at = 0
  private reading: Promise<void> | undefined = undefined
  private isDone = false

  constructor(scan: Scan<Row>) {
    this.scan = scan
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Row, undefined>> {
    while (this.at === this.rows.length) {
      if (this.isDone) return { done: true, value: undefined }
      // Calls of `next` that do not wait for one another share one read.
      this.reading ??= this.readBatch()
      await this.reading
    }
    return { done: false, value: this.rows[this.at++] }
  }

  async return(): Promise<IteratorResult<Row, undefined>> {
    this.end()
    return { done: true, value: undefined }
  }

  private async readBatch(): Promise<void> {
    try {
      const rows = await this.scan.readBatch()
      if (rows.length === 0) this.end()
      else if (!this.isDone) {
        this.rows = rows
        this.at = 0
      }
    } catch (error) {
      this.end()
      throw error
    } finally {
      this.reading = undefined
    }
  }

  private end(): void {
    this.isDone = true
    this.rows = []
    this.at = 0
    this.scan.close()
  }
}
