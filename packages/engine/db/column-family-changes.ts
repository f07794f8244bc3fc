/**
 * Creating and dropping column families. Both are one MANIFEST record, and a new OPTIONS file, so that C++
 * RocksDB's tools open the directory with the families it has.
 *
 * RocksDB: db/db_impl/db_impl.cc, CreateColumnFamilyImpl and DropColumnFamilyImpl
 */
import { VarveError } from '@varve/format/errors'
import { comparatorSourceOf, loadKeyOrder } from '../comparator/index.ts'
import { type ColumnFamilyOptions, resolveFamily } from '../options/index.ts'
import type { Engine } from './engine.ts'
import { Family, optionFunctionsOf, refuseUnorderedMemtable } from './family.ts'
import { expiryOf, valueStampOf } from './family-expiry.ts'
import { inTurn } from './in-turn.ts'
import { removeFilesLetGo, removeObsoleteFiles } from './obsolete-files.ts'
import { writeOptionsFile } from './options-file.ts'

/** The longest name of a column family, in UTF-16 units. RocksDB sets no limit. */
const MAX_NAME_LENGTH = 1024

/** The column family of that name, made when there is none. */
export async function createColumnFamily(
  engine: Engine,
  name: string,
  given: ColumnFamilyOptions = {},
): Promise<Family> {
  return inTurn(engine, async () => engine.familiesByName.get(name) ?? (await make(engine, name, given)))
}

export async function dropColumnFamily(engine: Engine, name: string): Promise<void> {
  return inTurn(engine, () => drop(engine, name))
}

async function make(engine: Engine, name: string, given: ColumnFamilyOptions): Promise<Family> {
  if (typeof name !== 'string' || name.length === 0 || name.length > MAX_NAME_LENGTH) {
    throw new VarveError(
      'INVALID_ARGUMENT',
      `the name of a column family must be 1 to ${MAX_NAME_LENGTH} characters`,
      {
        option: 'columnFamily',
      },
    )
  }
  const common = engine.options.columnFamilies.get(name) ?? engine.options.columnFamily
  const options = resolveFamily(given, common)
  const expiry = expiryOf(name, options, undefined)
  const functions = await optionFunctionsOf(options)
  const { comparator } = options
  const order = await loadKeyOrder(comparator === undefined ? undefined : comparatorSourceOf(comparator))
  refuseUnorderedMemtable(name, options, order)
  const state = await changeManifest(engine, () =>
    engine.versions.createColumnFamily(name, engine.logs.number, order, valueStampOf(expiry)),
  )
  const { arenas, runtime } = engine
  const onReaderGone = () => removeFilesLetGo(engine)
  const family = new Family(
    state,
    options,
    functions,
    engine.logs.number,
    arenas,
    runtime.clock,
    onReaderGone,
  )
  engine.addFamily(family)
  engine.events.emit('columnFamilyCreated', { columnFamily: name, id: family.id })
  await writeOptionsFile(engine)
  return family
}

async function drop(engine: Engine, name: string): Promise<void> {
  const family = engine.familyByName(name)
  await changeManifest(engine, () => engine.versions.dropColumnFamily(family.id))
  engine.removeFamily(family)
  engine.events.emit('columnFamilyDropped', { columnFamily: name, id: family.id })
  engine.controller.update()
  await writeOptionsFile(engine)
  await removeObsoleteFiles(engine)
}

async function changeManifest<Result>(engine: Engine, change: () => Promise<Result>): Promise<Result> {
  try {
    return await change()
  } catch (error) {
    // A refusal leaves the MANIFEST as it was; anything else stops writing until resume().
    throw engine.versions.poisoned === undefined ? error : engine.failed(error)
  }
}
