/**
 * The column families of a view: its rows have the view's name, an index `byAge` of the view `users` is the family
 * `users.index.byAge`.
 */
import { notSupported, VarveError } from '@varve/format/errors'
import { bytewise } from '@varve/format/key'
import { type ColumnFamily, type Database, WriteBatch } from '../index.ts'
import { fingerprintOf, type IndexDefinition } from './index-definition.ts'
import { IndexEntries, RECORD_KEY } from './index-entries.ts'
import { encodeRecord, readRecord } from './index-record.ts'
import type { IndexedRows } from './indexed-rows.ts'
import { ViewIndex } from './view-index.ts'

const INDEX_FAMILY = /^(.*)\.index\.([^.]+)$/s

export function indexFamilyName(view: string, index: string): string {
  return `${view}.index.${index}`
}

/** A view's rows cannot be the entries of an index. */
export function refuseIndexFamily(name: string): void {
  if (!INDEX_FAMILY.test(name)) return
  throw new VarveError('INVALID_ARGUMENT', `${name} is the name of an index of a view`, { option: 'name' })
}

/** Codecs make keys whose bytes are in the order of what they stand for. */
export function refuseOrder(family: ColumnFamily): ColumnFamily {
  if (family.order === bytewise) return family
  throw notSupported(`a view of the column family ${family.name} with the comparator ${family.comparator}`)
}

/** The index as it was left, if it was built from the same definition; else an empty one, to be built. */
export async function openIndex(
  rows: IndexedRows,
  name: string,
  definition: IndexDefinition<never>,
): Promise<ViewIndex> {
  const { database } = rows
  const fingerprint = fingerprintOf(definition)
  const familyName = indexFamilyName(rows.name, name)
  const entries = new IndexEntries(name, definition, rows.codec)
  const isThere = database.columnFamilyNames().includes(familyName)
  if (database.isReadOnly && !isThere) throw notBuilt(rows, name)
  const family = refuseOrder(await familyOfIndex(rows, familyName))
  const record = isThere ? await readRecord(family) : undefined
  const fits = record?.definition === fingerprint && record.rows === rows.family.id
  if (fits && record.state === 'ready') return new ViewIndex(entries, fingerprint, family, 'ready')
  if (database.isReadOnly) throw notBuilt(rows, name)
  const index = new ViewIndex(entries, fingerprint, family, 'building')
  if (fits && record.state === 'building') index.through = record.through
  else if (isThere) await emptyIndex(rows, index)
  return index
}

/** Where rows expire their entries do, at the same moment. */
function familyOfIndex({ database, family }: IndexedRows, name: string): Promise<ColumnFamily> {
  return database.columnFamily(name, { expiringKeys: database.hasExpiringKeys({ columnFamily: family }) })
}

/** Takes all entries out, in one step: the family is dropped and made anew. */
export async function emptyIndex(rows: IndexedRows, index: ViewIndex): Promise<void> {
  const { name } = index.family
  await rows.database.dropColumnFamily(name)
  index.family = await familyOfIndex(rows, name)
  index.through = undefined
  index.progress.rowsBuilt = 0
}

/**
 * Indexes of the view that are not declared this time: writes will not keep them, so before the first of these they are
 * marked, and built anew when somebody declares them again.
 */
export async function markStale(rows: IndexedRows, declared: readonly string[]): Promise<void> {
  const { database } = rows
  if (database.isReadOnly) return
  const batch = new WriteBatch()
  for (const name of undeclared(database, rows.name, declared)) {
    const family = await database.columnFamily(indexFamilyName(rows.name, name))
    const record = await readRecord(family)
    if (record === undefined || record.state === 'stale') continue
    batch.put(RECORD_KEY, encodeRecord({ ...record, state: 'stale' }), family)
  }
  if (batch.count > 0) await database.write(batch)
}

function undeclared(database: Database, view: string, declared: readonly string[]): string[] {
  return database.columnFamilyNames().flatMap(familyName => {
    const [, owner, index] = INDEX_FAMILY.exec(familyName) ?? []
    return owner === view && !declared.includes(index) ? [index] : []
  })
}

function notBuilt(rows: IndexedRows, name: string): VarveError {
  return new VarveError(
    'READ_ONLY',
    `the index ${name} of the view ${rows.name} has to be built, and the database is open for reading only`,
    { index: name },
  )
}
