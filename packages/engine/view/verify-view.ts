/**
 * Verification of a view: every row has exactly its index entries, and every entry its row. Both are read at one
 * snapshot, some hundred at a time, so views of any size are verified while writes go on.
 */
import { equalBytes } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import type { Tuple } from '@varve/format/tuple'
import type { Snapshot } from '../index.ts'
import { rebuildIndex } from './index-changes.ts'
import { type IndexEntry, RECORD_KEY } from './index-entries.ts'
import type { IndexedRows } from './indexed-rows.ts'
import { partsOf } from './rows.ts'
import type { ViewIndex } from './view-index.ts'

/** Problems that are listed; more are counted. */
const PROBLEMS_MAX = 1000

export interface VerifyViewOptions {
  /** Builds every index anew in which something is wrong. Default false. */
  repair?: boolean
  signal?: AbortSignal
}

export interface ViewProblem<Key> {
  /** `missing`: the row has no entry. `different`: the entry says something else. `stale`: the entry has no such row. */
  kind: 'missing' | 'different' | 'stale'
  index: string
  /** The key of the row, and its bytes. */
  key: Key
  keyBytes: Uint8Array
  /** The key in the index; of a hash index, which keeps none, an empty tuple. */
  indexKey: Tuple
}

export interface ViewReport<Key> {
  rows: number
  /** Of all indexes that are ready. */
  entries: number
  /** The first thousand. */
  problems: ViewProblem<Key>[]
  problemCount: number
  /** Indexes that were looked at; one that is not ready has no promise to hold. */
  indexes: string[]
  /** Indexes that were built anew. */
  repaired: string[]
}

export async function verifyView<Key>(
  rows: IndexedRows,
  decodeKey: (key: Uint8Array) => Key,
  options: VerifyViewOptions = {},
): Promise<ViewReport<Key>> {
  rows.refuseUnlessOpen()
  const indexes = rows.indexes.filter(({ state }) => state === 'ready')
  const check = new ViewCheck(rows, indexes, decodeKey, options.signal)
  {
    using snapshot = rows.database.snapshot()
    await check.rowsHaveEntries(snapshot)
    for (const index of indexes) await check.entriesHaveRows(index, snapshot)
  }
  const { report } = check
  if (options.repair === true) {
    for (const { name } of check.spoilt) {
      await rebuildIndex(rows, name, { signal: options.signal })
      report.repaired.push(name)
    }
  }
  return report
}

class ViewCheck<Key> {
  readonly report: ViewReport<Key>
  /** Indexes with problems. */
  readonly spoilt = new Set<ViewIndex>()
  private readonly rows: IndexedRows
  private readonly indexes: readonly ViewIndex[]
  private readonly decodeKey: (key: Uint8Array) => Key
  private readonly signal: AbortSignal | undefined

  constructor(
    rows: IndexedRows,
    indexes: readonly ViewIndex[],
    decodeKey: (key: Uint8Array) => Key,
    signal: AbortSignal | undefined,
  ) {
    this.rows = rows
    this.indexes = indexes
    this.decodeKey = decodeKey
    this.signal = signal
    const names = indexes.map(({ name }) => name)
    this.report = { rows: 0, entries: 0, problems: [], problemCount: 0, indexes: names, repaired: [] }
  }

  async rowsHaveEntries(snapshot: Snapshot): Promise<void> {
    for await (const batch of this.rows.family.entries({ snapshot, fillCache: false }).batches()) {
      this.refuseIfAborted()
      this.report.rows += batch.length
      const values = batch.map(([, stored]) => this.rows.codec.decode(stored))
      for (const index of this.indexes) {
        const expected = batch.flatMap(([key], i) =>
          index.entries.entriesOf(key, values[i]).map(entry => ({ key, entry })),
        )
        await this.compare(index, expected, snapshot)
      }
    }
  }

  async entriesHaveRows(index: ViewIndex, snapshot: Snapshot): Promise<void> {
    const { family, entries } = index
    for await (const batch of family.entries({ lt: RECORD_KEY, snapshot, fillCache: false }).batches()) {
      this.refuseIfAborted()
      this.report.entries += batch.length
      for (const part of partsOf(batch)) {
        const keys = part.map(([key, value]) => entries.rowKeyOf({ key, value }))
        const stored = await this.rows.family.getMany(keys, { snapshot, fillCache: false })
        for (const [i, [key]] of part.entries()) {
          if (!this.hasEntry(index, keys[i], stored[i], key)) this.note('stale', index, keys[i], key)
        }
      }
    }
  }

  private async compare(
    index: ViewIndex,
    expected: readonly { key: Uint8Array; entry: IndexEntry }[],
    snapshot: Snapshot,
  ): Promise<void> {
    const wanted = expected.map(({ entry }) => entry.key)
    const stored = await index.family.getMany(wanted, { snapshot, fillCache: false })
    for (const [i, { key, entry }] of expected.entries()) {
      const value = stored[i]
      if (value === undefined) this.note('missing', index, key, entry.key)
      else if (!equalBytes(value, entry.value)) this.note('different', index, key, entry.key)
    }
  }

  private hasEntry(
    { entries }: ViewIndex,
    rowKey: Uint8Array,
    stored: Uint8Array | undefined,
    entryKey: Uint8Array,
  ): boolean {
    if (stored === undefined) return false
    const own = entries.entriesOf(rowKey, this.rows.codec.decode(stored))
    return own.some(({ key }) => equalBytes(key, entryKey))
  }

  private note(
    kind: ViewProblem<Key>['kind'],
    index: ViewIndex,
    keyBytes: Uint8Array,
    entryKey: Uint8Array,
  ): void {
    const { problems } = this.report
    this.spoilt.add(index)
    this.report.problemCount++
    if (problems.length >= PROBLEMS_MAX) return
    const indexKey = index.entries.tupleOf(entryKey)
    problems.push({ kind, index: index.name, key: this.decodeKey(keyBytes), keyBytes, indexKey })
  }

  private refuseIfAborted(): void {
    if (this.signal?.aborted !== true) return
    throw new VarveError(
      'ABORTED',
      `the verification of the view ${this.rows.name} was aborted`,
      {},
      this.signal.reason,
    )
  }
}
