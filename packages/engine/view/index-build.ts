/**
 * Building an index over rows that are there already, while writes go on.
 *
 * Step after step takes some rows in the order of their keys and writes their entries, and how far it has come, in one
 * batch. A step is a turn of the write queue: no row changes under it. Rows before that point keep their entries
 * themselves, those behind it are met with whatever they hold by then. So a build that was cut off goes on where it stood.
 */
import { equalBytes } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import { type Lifetime, type LivingEntry, WriteBatch } from '../index.ts'
import { ConflictError } from './conflict-error.ts'
import { type IndexEntry, keyText, RECORD_KEY } from './index-entries.ts'
import { encodeRecord, type IndexRecord } from './index-record.ts'
import type { IndexedRows } from './indexed-rows.ts'
import type { IndexProgress, ViewIndex } from './view-index.ts'

/** Decoding so many and writing their entries takes a millisecond or two: what others wait for at most. */
const STEP_ROWS = 128

/** Of large rows fewer. */
const STEP_BYTES = 1024 * 1024

/** An entry that a row has, and lives as long as it. */
interface AddedEntry {
  readonly rowKey: Uint8Array
  readonly entry: IndexEntry
  readonly lifetime: Lifetime | undefined
}

export interface BuildOptions {
  /** Stops the build between two steps with `ABORTED`; what is done stays done. */
  signal?: AbortSignal
  /** Called after each step. */
  onProgress?: (progress: IndexProgress) => void
}

/** Puts some more rows into the index; true when there are none left and the index is ready. */
async function buildStep(rows: IndexedRows, index: ViewIndex): Promise<boolean> {
  if (index.state === 'dropped') return true
  const { found, isLast } = await nextRows(rows, index)
  const batch = new WriteBatch()
  const added: AddedEntry[] = []
  for (const { key: rowKey, value, expiresAt } of found) {
    for (const entry of index.entries.entriesOf(rowKey, rows.codec.decode(value)))
      added.push({ rowKey, entry, lifetime: expiresAt === undefined ? undefined : { expiresAt } })
  }
  if (index.entries.isUnique) await refuseConflicts(rows, index, added)
  for (const { entry, lifetime } of added) batch.put(entry.key, entry.value, index.family, lifetime)
  const through = found.at(-1)?.key ?? index.through
  batch.put(
    RECORD_KEY,
    encodeRecord(recordOf(rows, index, isLast ? 'ready' : 'building', through)),
    index.family,
  )
  await rows.database.write(batch)
  index.through = through
  index.progress.rowsBuilt += found.length
  if (isLast) noteReady(rows, index)
  return isLast
}

/** The rows of the next step, and whether there are none behind them. */
async function nextRows(
  rows: IndexedRows,
  index: ViewIndex,
): Promise<{ found: LivingEntry[]; isLast: boolean }> {
  const found: LivingEntry[] = []
  let bytes = 0
  for await (const batch of rows.family.livingEntries({ gt: index.through, limit: STEP_ROWS }).batches()) {
    for (const row of batch) {
      found.push(row)
      bytes += row.value.length
    }
    if (bytes >= STEP_BYTES) return { found, isLast: false }
  }
  return { found, isLast: found.length < STEP_ROWS }
}

/**
 * Begins a build, or goes on with one that was cut off. Settles after its first step, however that ended; `index.build`
 * settles when the index is ready, or rejects with what stopped the build.
 */
export function startBuild(rows: IndexedRows, index: ViewIndex, options: BuildOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  index.state = 'building'
  index.error = undefined
  index.progress.rowsTotal = Number(rows.family.property('rocksdb.estimate-num-keys') ?? 0)
  index.build = build(rows, index, options, resolve)
  // Nobody has to wait for it: who asks the index for something is told the error that it keeps.
  index.build.catch(() => resolve())
  return promise
}

async function build(
  rows: IndexedRows,
  index: ViewIndex,
  { signal, onProgress }: BuildOptions,
  onStep: () => void,
): Promise<void> {
  try {
    for (let isDone = false; !isDone; ) {
      refuseIfAborted(index, signal)
      rows.refuseUnlessOpen()
      isDone = await rows.queue.runAlone(() => buildStep(rows, index))
      onProgress?.({ ...index.progress })
      onStep()
      if (!isDone) await rows.database.nextTurn()
    }
  } catch (error) {
    if (index.state === 'building') index.state = 'stopped'
    index.error = error
    throw error
  }
}

export function recordOf(
  rows: IndexedRows,
  index: ViewIndex,
  state: IndexRecord['state'],
  through?: Uint8Array,
): IndexRecord {
  return { definition: index.fingerprint, rows: rows.family.id, state, through }
}

function noteReady(rows: IndexedRows, index: ViewIndex): void {
  using now = rows.database.snapshot()
  index.readySince = now.sequence
  index.state = 'ready'
}

/** Of a unique index: that no key has two rows, neither among these nor with one that is in it. */
async function refuseConflicts(
  rows: IndexedRows,
  index: ViewIndex,
  added: readonly AddedEntry[],
): Promise<void> {
  const stored = await index.family.getMany(added.map(({ entry }) => entry.key))
  const holders = new Map<string, Uint8Array>()
  for (const [i, { rowKey, entry }] of added.entries()) {
    const text = keyText(entry.key)
    const value = stored[i]
    const holder = holders.get(text) ?? (value && index.entries.rowKeyOf({ key: entry.key, value }))
    if (holder !== undefined && !equalBytes(holder, rowKey)) {
      throw new ConflictError(rows.name, index.name, index.entries.tupleOf(entry.key))
    }
    holders.set(text, rowKey)
  }
}

function refuseIfAborted({ name }: ViewIndex, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new VarveError(
    'ABORTED',
    `the build of the index ${name} was aborted`,
    { index: name },
    signal.reason,
  )
}
