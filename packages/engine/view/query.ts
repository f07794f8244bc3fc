/**
 * Queries: the entries of a range of an index, and the rows they stand for, all of one moment.
 *
 * An iteration that was given no snapshot takes one, so that rows which change while it goes on cannot come twice, be
 * left out or be other than their entries say.
 */
import { equalBytes } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import type { RangeOptions, ReadOptions, Snapshot } from '../index.ts'
import type { IndexEntry, IndexRange } from './index-entries.ts'
import type { IndexedRows } from './indexed-rows.ts'
import { partsOf, Rows } from './rows.ts'
import type { ViewIndex } from './view-index.ts'

/** A row as it is found: `stored` is its value or, in a covering query, the entry. */
export interface FoundRow {
  key: Uint8Array
  stored: Uint8Array
  entry: IndexEntry
}

export interface QueryPlan<Row> {
  rows: IndexedRows
  index: ViewIndex
  range: IndexRange & Pick<RangeOptions, 'reverse' | 'limit' | 'snapshot' | 'fillCache'>
  /** Whether the values of the rows are wanted. */
  readsRows: boolean
  make: (found: FoundRow) => Row
}

export function queryRows<Row>(plan: QueryPlan<Row>): Rows<Row> {
  plan.index.refuseUnlessReady(plan.rows.name, plan.range.snapshot)
  const query = new Query(plan)
  return new Rows({ batches: () => query.batches(), rows: () => query.rows() })
}

class Query<Row> {
  private readonly plan: QueryPlan<Row>
  private readonly bounds: RangeOptions
  private readonly isHash: boolean
  private readonly limit: number

  constructor(plan: QueryPlan<Row>) {
    const { index, range } = plan
    const { reverse, limit, fillCache } = range
    this.plan = plan
    this.isHash = index.entries.isHash
    this.limit = limit ?? Number.POSITIVE_INFINITY
    // Of a hash index some entries may be of other keys: the limit counts rows.
    this.bounds = {
      ...index.entries.boundsOf(range),
      reverse,
      fillCache,
      limit: this.isHash ? undefined : limit,
    }
  }

  async *batches(): AsyncIterableIterator<Row[]> {
    using moment = this.begin()
    const read = { snapshot: moment.snapshot, fillCache: this.plan.range.fillCache }
    let remaining = this.limit
    for await (const batch of this.entriesAt(read).batches()) {
      for (const part of this.needsValues ? partsOf(batch) : [batch]) {
        const found = await this.findRows(part, read)
        const rows = found.slice(0, remaining).map(this.plan.make)
        remaining -= rows.length
        if (rows.length > 0) yield rows
        if (remaining <= 0) return
      }
    }
  }

  *rows(): IterableIterator<Row> {
    using moment = this.begin()
    const read = { snapshot: moment.snapshot, fillCache: this.plan.range.fillCache }
    let remaining = this.limit
    if (remaining <= 0) return
    for (const [key, value] of this.entriesAt(read)) {
      const entry = { key, value }
      const rowKey = this.plan.index.entries.rowKeyOf(entry)
      const stored = this.needsValues ? this.plan.rows.family.getSync(rowKey, read) : value
      const found = this.check(entry, rowKey, stored)
      if (found === undefined) continue
      yield this.plan.make(found)
      if (--remaining <= 0) return
    }
  }

  /** The index may have been dropped or closed since the query was made. */
  private begin(): Moment {
    const { rows, index, range } = this.plan
    rows.refuseUnlessOpen()
    index.refuseUnlessReady(rows.name, range.snapshot)
    return new Moment(range.snapshot, () => rows.database.snapshot())
  }

  private entriesAt(read: ReadOptions) {
    return this.plan.index.family.entries({ ...this.bounds, ...read })
  }

  private get needsValues(): boolean {
    return this.plan.readsRows || this.isHash
  }

  private async findRows(batch: readonly [Uint8Array, Uint8Array][], read: ReadOptions): Promise<FoundRow[]> {
    const { rows, index } = this.plan
    const keys = batch.map(([key, value]) => index.entries.rowKeyOf({ key, value }))
    const values = this.needsValues ? await rows.family.getMany(keys, read) : undefined
    const found: FoundRow[] = []
    for (const [i, [key, value]] of batch.entries()) {
      const row = this.check({ key, value }, keys[i], values === undefined ? value : values[i])
      if (row !== undefined) found.push(row)
    }
    return found
  }

  /** The row of an entry; undefined when it has another key with the same hash. */
  private check(entry: IndexEntry, key: Uint8Array, stored: Uint8Array | undefined): FoundRow | undefined {
    const { rows, index } = this.plan
    if (stored === undefined) {
      throw new CorruptionError(
        `the index ${index.name} of the view ${rows.name} has an entry whose row is gone; verify() lists such entries`,
      )
    }
    if (this.isHash && !this.isAsked(stored)) return undefined
    return { key, stored, entry }
  }

  /** Whether a row of the hash has the key that was asked for. */
  private isAsked(stored: Uint8Array): boolean {
    const { index, range, rows } = this.plan
    const wanted = index.entries.tupleBytes(range.eq)
    return index.entries.tuplesOf(rows.codec.decode(stored)).some(tuple => equalBytes(tuple, wanted))
  }
}

/** The snapshot of one iteration, closed with it when it is its own. */
class Moment {
  readonly snapshot: Snapshot
  private readonly isOwn: boolean

  constructor(given: Snapshot | undefined, take: () => Snapshot) {
    this.snapshot = given ?? take()
    this.isOwn = given === undefined
  }

  [Symbol.dispose](): void {
    if (this.isOwn) this.snapshot.close()
  }
}
