/**
 * An index of an open view: its column family and what state it is in.
 *
 *     building -> ready            all rows are in it: queries are answered
 *     building -> stopped          the build failed or was aborted; `resume` goes on
 *     any      -> dropped          nothing is written to it any more
 *
 * In every state but the last, writes keep its entries.
 */
import { VarveError } from '@varve/format/errors'
import type { ColumnFamily, Snapshot } from '../index.ts'
import type { IndexEntries } from './index-entries.ts'

export type IndexState = 'building' | 'ready' | 'stopped' | 'dropped'

/** How far the build of an index has come. */
export interface IndexProgress {
  /** The name of the index. */
  index: string
  /** Rows that this build has put into it. */
  rowsBuilt: number
  /** Rows of the view when the build began, about. */
  rowsTotal: number
}

export class ViewIndex {
  readonly name: string
  readonly entries: IndexEntries
  readonly fingerprint: string
  family: ColumnFamily
  state: IndexState
  /** What stopped the build. */
  error: unknown = undefined
  /** The last row, by its key, that the build has come to; undefined before the first. */
  through: Uint8Array | undefined
  readonly progress: IndexProgress
  /** Settles when the last build has made the index ready, or rejects with what stopped it. */
  build: Promise<void> = Promise.resolve()
  /** Snapshots older than this sequence see the index before it was whole. */
  readySince = 0

  constructor(entries: IndexEntries, fingerprint: string, family: ColumnFamily, state: IndexState) {
    this.name = entries.name
    this.entries = entries
    this.fingerprint = fingerprint
    this.family = family
    this.state = state
    this.through = undefined
    this.progress = { index: entries.name, rowsBuilt: 0, rowsTotal: 0 }
  }

  /** Queries of an index that does not know all rows would leave some out. */
  refuseUnlessReady(view: string, snapshot?: Snapshot): void {
    if (this.state === 'ready') {
      if (snapshot === undefined || snapshot.sequence >= this.readySince) return
      throw this.notReady(view, 'was not built yet when the snapshot was taken')
    }
    if (this.state === 'dropped') {
      throw new VarveError('NOT_FOUND', `the index ${this.name} of the view ${view} was dropped`)
    }
    const { rowsBuilt, rowsTotal } = this.progress
    if (this.state === 'building')
      throw this.notReady(view, `is being built: ${rowsBuilt} of about ${rowsTotal} rows`)
    throw this.notReady(view, 'is not built to its end: see `cause`, then call `buildIndex`')
  }

  private notReady(view: string, why: string): VarveError {
    return new VarveError(
      'NOT_READY',
      `the index ${this.name} of the view ${view} ${why}`,
      { index: this.name },
      this.error,
    )
  }
}
