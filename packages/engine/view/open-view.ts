/**
 * Opening and closing views. Who opens one declares its indexes; what is declared and not there, or there from another
 * definition, is built. The first step of a build is waited for, so that a view of few rows has its indexes when it is open.
 */
import { VarveError } from '@varve/format/errors'
import type { Database } from '../index.ts'
import type { Codec } from './codec.ts'
import { type BuildOptions, startBuild } from './index-build.ts'
import { checkDefinition, type IndexDefinition, type IndexDefinitions } from './index-definition.ts'
import { markStale, openIndex, refuseIndexFamily, refuseOrder } from './index-families.ts'
import { IndexedRows } from './indexed-rows.ts'
import { View } from './view.ts'
import type { ViewOptions } from './view-options.ts'
import { WriteQueue } from './write-queue.ts'

interface OpenViews {
  readonly queue: WriteQueue
  /** By name; undefined while they are opened. */
  readonly rows: Map<string, IndexedRows | undefined>
}

const openViews = new WeakMap<Database, OpenViews>()

export async function openView<Key, Value, Prefix, Indexes extends IndexDefinitions<Value>>(
  database: Database,
  name: string,
  options: ViewOptions<Key, Value, Prefix, Indexes>,
): Promise<View<Key, Value, Prefix, Indexes>> {
  checkOptions(name, options)
  let open = openViews.get(database)
  if (open === undefined)
    openViews.set(database, (open = { queue: new WriteQueue(database), rows: new Map() }))
  if (open.rows.has(name))
    throw new VarveError('ALREADY_EXISTS', `the view ${name} is open already`, { view: name })
  open.rows.set(name, undefined)
  try {
    const family = refuseOrder(await database.columnFamily(name, options.columnFamily))
    const rows = new IndexedRows(open.queue, family, options.value as Codec<unknown>)
    await openIndexes(rows, Object.entries(options.indexes ?? {}), options)
    open.rows.set(name, rows)
    return new View(rows, options, () => closeView(rows))
  } catch (error) {
    open.rows.delete(name)
    throw error
  }
}

/** Closes all views of a database: what was written through them reaches it first. Undefined when there are none. */
export function closeViews(database: Database): Promise<void> | undefined {
  const open = openViews.get(database)
  return open === undefined ? undefined : closeAll([...open.rows.values()])
}

async function closeAll(views: readonly (IndexedRows | undefined)[]): Promise<void> {
  for (const rows of views) if (rows !== undefined) await closeView(rows)
}

async function closeView(rows: IndexedRows): Promise<void> {
  if (!rows.isOpen) return
  rows.isOpen = false
  await rows.queue.drain()
  // A build finds the view closed and stops; it goes on when the view is opened again.
  await Promise.allSettled(rows.indexes.map(({ build }) => build))
  openViews.get(rows.database)?.rows.delete(rows.name)
}

async function openIndexes(
  rows: IndexedRows,
  declared: readonly [string, IndexDefinition<never>][],
  options: BuildOptions,
): Promise<void> {
  await markStale(
    rows,
    declared.map(([name]) => name),
  )
  for (const [name, definition] of declared) rows.addIndex(await openIndex(rows, name, definition))
  const unbuilt = rows.indexes.filter(({ state }) => state === 'building')
  if (unbuilt.length === 0) return
  // Rows may have been written without the log: an index that is in it must not outlive them.
  await rows.family.flush()
  await Promise.all(unbuilt.map(index => startBuild(rows, index, options)))
}

/** Options as somebody without types may give them. */
interface GivenOptions {
  readonly key?: { readonly encode?: unknown; readonly decode?: unknown }
  readonly value?: { readonly encode?: unknown; readonly decode?: unknown }
  readonly indexes?: IndexDefinitions<never>
}

function checkOptions(name: string, options: GivenOptions): void {
  refuseIndexFamily(name)
  for (const part of ['key', 'value'] as const) {
    const codec = options[part]
    if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') continue
    throw new VarveError('INVALID_ARGUMENT', `the view ${name} needs a codec for its ${part}s`, {
      option: part,
    })
  }
  for (const [index, definition] of Object.entries(options.indexes ?? {})) checkDefinition(index, definition)
}
