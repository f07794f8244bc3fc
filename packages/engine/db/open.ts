/**
 * Opening, in order: check the arguments, take the lock, find or make the database, read the MANIFEST, open the
 * tables, replay the logs, and (unless read-only) flush what they held, start a new log and a new MANIFEST, and
 * tidy up.
 *
 * RocksDB: db/db_impl/db_impl_open.cc, DBImpl::Open
 */
import { dirname, join } from 'node:path'
import { isVarveError, VarveError } from '@varve/format/errors'
import { CURRENT_NAME, LOCK_NAME, parseFileName } from '@varve/format/names'
import type { OptionsFile } from '@varve/format/options'
import { BlobFileCache } from '../blob/index.ts'
import { BlockCache } from '../cache/index.ts'
import { loadGivenOrders, orderOf } from '../comparator/index.ts'
import { type FileLock, type FileSystem, OWNER_NAME } from '../fs/index.ts'
import { operatorOfOptions, parseMergeOption, refuseOtherOperator } from '../merge/index.ts'
import {
  blobOptions,
  givenBlobOptions,
  type OpenOptions,
  parseBlobOptions,
  type ResolvedColumnFamilyOptions,
  type ResolvedOptions,
  resolveOptions,
  writtenTtl,
} from '../options/index.ts'
import { memoryRuntime, nodeRuntime, type Runtime, workerCount } from '../runtime/index.ts'
import { OpenFiles, TableCache } from '../table/index.ts'
import { createDatabase, newIdentity, newSessionId, VersionSet } from '../version/index.ts'
import { createColumnFamily } from './column-family-changes.ts'
import { Database } from './database.ts'
import { Engine } from './engine.ts'
import type { EventListeners } from './events.ts'
import { Family, optionFunctionsOf, refuseUnorderedMemtable } from './family.ts'
import { recordExpiry, withRecordedExpiry } from './family-expiry.ts'
import { removeFilesLetGo } from './obsolete-files.ts'
import { newestOptionsFile } from './options-file.ts'
import { recover } from './recover.ts'

/** In place of a path: a database of its own in memory, gone when it is closed. */
const IN_MEMORY = ':memory:'

/** What `open` takes besides options. */
export interface OpenListeners {
  /** Called from the start, so that they hear of recovery and quarantine too; `Database.on` adds more later. */
  listeners?: EventListeners
}

/**
 * Opens the database in the directory `path`, making it if need be. `:memory:` makes one that is in no directory: the
 * same in everything, but nothing of it is left when it is closed, and nobody else can open it. Throws `LOCKED` while anyone else has it
 * open for writing, `NOT_FOUND` or `ALREADY_EXISTS` by `createIfMissing` and `errorIfExists`, `CORRUPTION` and
 * `NOT_SUPPORTED` for what cannot be read rightly, `INVALID_ARGUMENT` for wrong options.
 */
export async function open(
  path: string,
  { listeners = {}, ...options }: OpenOptions & OpenListeners = {},
  runtime?: Runtime,
): Promise<Database> {
  if (typeof path !== 'string' || path === '') {
    throw new VarveError('INVALID_ARGUMENT', 'the path of a database must be a string that is not empty', {
      option: 'path',
    })
  }
  const resolved = resolveOptions(options)
  const world = runtime ?? worldOf(path, workerCount(resolved.db))
  let lock: FileLock | undefined
  let engine: Engine | undefined
  try {
    let exists = await findDatabase(world.fs, path, resolved)
    if (!resolved.db.readOnly) lock = await world.fs.lock(join(path, LOCK_NAME))
    // Somebody else may have made it, and closed it, before the lock was ours.
    if (!exists) exists = await findDatabase(world.fs, path, resolved)
    if (!exists) await createDatabase(world.fs, path, newIdentity(world.randomBytes(16)))
    engine = await loadEngine(path, resolved, world, lock)
    engine.events.onAll(listeners)
    await recover(engine)
    await recordExpiry(engine)
    await createWantedFamilies(engine)
    engine.controller.update()
    engine.background.begin()
    return new Database(engine)
  } catch (error) {
    await abandon(engine, lock, world)
    throw error
  }
}

/** The machine, or no more than this process. */
function worldOf(path: string, workers: number): Runtime {
  return path === IN_MEMORY ? memoryRuntime({ workers }) : nodeRuntime({ workers })
}

/** Whether the directory holds a database; if it does not, makes sure that it may get one. */
async function findDatabase(fs: FileSystem, path: string, options: ResolvedOptions): Promise<boolean> {
  const { createIfMissing, errorIfExists, readOnly } = options.db
  const status = await fs.stat(path)
  if (status !== undefined && !status.isDirectory) {
    throw new VarveError('INVALID_ARGUMENT', `${path} is a file, not the directory of a database`, {
      file: path,
    })
  }
  if (status !== undefined && (await fs.stat(join(path, CURRENT_NAME))) !== undefined) {
    if (errorIfExists)
      throw new VarveError('ALREADY_EXISTS', `${path} holds a database already (errorIfExists)`, {
        file: path,
      })
    return true
  }
  if (readOnly || !createIfMissing) {
    const why = status === undefined ? 'does not exist' : 'holds no database: it has no file CURRENT'
    throw new VarveError('NOT_FOUND', `${path} ${why}`, { file: path })
  }
  if (status === undefined) await fs.makeDirectory(path)
  else {
    await refuseForeignDirectory(fs, path)
    await syncName(fs, path)
  }
  return false
}

/** Whoever made the directory, an earlier attempt or a person, may not have brought its name to the disk. */
async function syncName(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.syncDirectory(dirname(path))
  } catch (error) {
    // Not even to be read: then it is not ours to care for.
    if (!isVarveError(error) || error.details.errno !== 'EACCES') throw error
  }
}

/** A directory with files of something else is more likely a mistyped path than a place for a database. */
async function refuseForeignDirectory(fs: FileSystem, path: string): Promise<void> {
  const foreign = (await fs.list(path)).find(name => parseFileName(name) === undefined && !isHarmless(name))
  if (foreign === undefined) return
  throw new VarveError('INVALID_ARGUMENT', `${path} holds no database but other files, such as ${foreign}`, {
    file: path,
  })
}

/** Hidden files, what a new file system has, and who holds the lock. */
function isHarmless(name: string): boolean {
  return name.startsWith('.') || name === 'lost+found' || name === OWNER_NAME
}

async function loadEngine(
  path: string,
  options: ResolvedOptions,
  runtime: Runtime,
  lock: FileLock | undefined,
): Promise<Engine> {
  const written = await newestOptionsFile(runtime.fs, path)
  const optionsOf = (name: string) =>
    withWritten(name, options.columnFamilies.get(name) ?? options.columnFamily, written)
  const orders = await loadGivenOrders(options.columnFamily.comparator, options.columnFamilies)
  const versions = await VersionSet.recover({
    fs: runtime.fs,
    directory: path,
    maxManifestFileSize: options.db.maxManifestFileSize,
    levelCountOf: name => optionsOf(name).numLevels,
    orderOf: (name, comparator) => orderOf(orders, name, comparator),
  })
  const cache = options.db.blockCache ?? new BlockCache(options.db.blockCacheSize)
  const openFiles = new OpenFiles(options.db.maxOpenFiles)
  const tables = new TableCache({
    fs: runtime.fs,
    directory: path,
    cache,
    openFiles,
    cachesContents: options.db.cacheIndexAndFilterBlocks,
    pinsLevel0: options.db.pinL0FilterAndIndexBlocksInCache,
  })
  const blobs = new BlobFileCache(runtime.fs, path, openFiles)
  const sessionId = newSessionId(runtime.randomBytes(20))
  const engine = new Engine({
    path,
    options,
    runtime,
    lock,
    versions,
    tables,
    blobs,
    openFiles,
    cache,
    sessionId,
  })
  for (const state of versions.columnFamilies.values()) {
    const options = withRecordedExpiry(optionsOf(state.name), state)
    refuseUnorderedMemtable(state.name, options, state.order)
    const onReaderGone = () => removeFilesLetGo(engine)
    const functions = await optionFunctionsOf(options)
    refuseOtherThanWritten(state.name, functions.merge?.name, written)
    const { arenas } = engine
    engine.addFamily(
      new Family(state, options, functions, state.logNumber, arenas, runtime.clock, onReaderGone),
    )
  }
  return engine
}

/**
 * What a directory's OPTIONS file says where nothing else was given: which merge operator and time to live its entries are for,
 * and about blob files.
 */
function withWritten(
  name: string,
  options: ResolvedColumnFamilyOptions,
  written: OptionsFile | undefined,
): ResolvedColumnFamilyOptions {
  const section = written?.columnFamilies.find(family => family.name === name)?.options
  if (section === undefined) return options
  const operator = section.get('merge_operator')
  const mergeOperator =
    options.mergeOperator ?? (operator === undefined ? undefined : parseMergeOption(operator))
  const ttlDatabase = options.ttlDatabase ?? (options.expiringKeys ? undefined : writtenTtl(section))
  return {
    ...options,
    ...blobOptions({ ...parseBlobOptions(section), ...givenBlobOptions(options) }),
    ...(mergeOperator === undefined ? {} : { mergeOperator }),
    ...(ttlDatabase === undefined ? {} : { ttlDatabase }),
  }
}

function refuseOtherThanWritten(
  name: string,
  given: string | undefined,
  written: OptionsFile | undefined,
): void {
  const section = written?.columnFamilies.find(family => family.name === name)?.options
  const operator = section?.get('merge_operator')
  if (operator !== undefined)
    refuseOtherOperator(name, given, operatorOfOptions(operator), 'the OPTIONS file')
}

/** Families that the options name and the database does not have yet. */
async function createWantedFamilies(engine: Engine): Promise<void> {
  for (const name of engine.options.columnFamilies.keys()) {
    if (engine.familiesByName.has(name)) continue
    if (engine.isReadOnly) {
      throw new VarveError('NOT_FOUND', `there is no column family ${JSON.stringify(name)}`, {
        columnFamily: name,
      })
    }
    await createColumnFamily(engine, name)
  }
}

/** Gives back what a failed open has taken. The error that made it fail is the one to report. */
async function abandon(
  engine: Engine | undefined,
  lock: FileLock | undefined,
  runtime: Runtime,
): Promise<void> {
  await Promise.allSettled([
    engine?.logs.close(),
    engine?.versions.close(),
    engine?.tables.close(),
    engine?.blobs.close(),
    runtime.jobs.close(),
  ])
  engine?.releaseMemory()
  await lock?.release()
}
