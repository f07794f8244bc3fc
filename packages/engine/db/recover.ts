/**
 * From the state of the MANIFEST to that of the last write: opens the tables, replays the logs into memtables,
 * and, unless read-only, makes it durable: flushes the memtables, starts a new log, writes a new MANIFEST, and
 * only then removes what is no longer needed.
 *
 * Nothing is removed before everything has been read, checked and made durable: an open that fails leaves the
 * directory readable as it was.
 *
 * RocksDB: db/db_impl/db_impl_open.cc, DBImpl::Recover and RecoverLogFiles
 */
import { join } from 'node:path'
import { CorruptionError } from '@varve/format/errors'
import { blobName, type FileName, parseFileName, walName } from '@varve/format/names'
import type { WalOutcome } from '../wal/index.ts'
import type { Engine } from './engine.ts'
import type { RecoveryEvent } from './events.ts'
import type { Family } from './family.ts'
import { adoptFromTables } from './family-expiry.ts'
import { flushRecovered } from './flush.ts'
import { startLog } from './make-room.ts'
import { openNewTables } from './new-tables.ts'
import { oldestLogInManifest, removeFile, removeObsoleteFiles } from './obsolete-files.ts'
import { writeOptionsFile } from './options-file.ts'
import { listLost, quarantine } from './quarantine.ts'
import { replayLogs } from './replay-logs.ts'

interface Entry extends FileName {
  name: string
}

export async function recover(engine: Engine): Promise<void> {
  const { clock } = engine.runtime
  const started = clock.monotonic()
  const entries = await listDirectory(engine)
  await noteFileNumbers(engine, entries)
  await openTables(engine)
  engine.startSequencesAfter(engine.versions.lastSequence)
  const oldestNeeded = oldestLogInManifest(engine)
  const logs = await replayLogs(engine, neededLogs(engine, entries, oldestNeeded), oldestNeeded)
  if (!engine.isReadOnly) await makeDurable(engine, logs, entries)
  engine.events.emit('open', { ...summarize(logs), milliseconds: clock.monotonic() - started })
}

function summarize(logs: readonly WalOutcome[]): Omit<RecoveryEvent, 'milliseconds'> {
  const operations = logs.reduce((sum, log) => sum + log.operations, 0)
  const torn = logs.find(({ cutAt }) => cutAt !== undefined)
  const cut = torn && { file: torn.file, offset: torn.cutAt ?? 0, reason: torn.reason ?? '' }
  return { logs: logs.length, operations, cut }
}

async function listDirectory(engine: Engine): Promise<Entry[]> {
  const names = await engine.fs.list(engine.path)
  return names.flatMap(name => {
    const parsed = parseFileName(name)
    return parsed === undefined ? [] : [{ name, ...parsed }]
  })
}

/** No number that is on disk, wherever it comes from, is given out again. */
async function noteFileNumbers(engine: Engine, entries: readonly Entry[]): Promise<void> {
  for (const { kind, number } of entries) if (kind !== 'infoLog') engine.versions.noteFileNumber(number)
  for (const name of await listLost(engine)) {
    const number = parseFileName(name.replace(/\.\d+$/, ''))?.number ?? parseFileName(name)?.number
    if (number !== undefined) engine.versions.noteFileNumber(number)
  }
}

async function openTables(engine: Engine): Promise<void> {
  for (const family of engine.families.values()) {
    await openNewTables(engine, family)
    await checkBlobFiles(engine, family)
    adoptFromTables(family)
    family.install()
  }
}

/**
 * Blob files are opened when they are read. That one is missing or cut is said now, as of tables; unless no table refers to
 * any, for then a newer RocksDB may have removed them all.
 */
async function checkBlobFiles(engine: Engine, { state }: Family): Promise<void> {
  const { blobFiles } = state.current
  if (!blobFiles.some(({ linkedTables }) => linkedTables > 0)) return
  for (const { file } of blobFiles) {
    const path = join(engine.path, blobName(file.number))
    const status = await engine.fs.stat(path)
    if (status === undefined)
      throw new CorruptionError('a blob file that the MANIFEST names is missing', path)
    if (status.size === file.size) continue
    const what = `the blob file has ${status.size} bytes and not the ${file.size} recorded`
    throw new CorruptionError(what, path, Math.min(status.size, file.size))
  }
}

/** The logs to replay, oldest first. One that the MANIFEST says must exist and does not is damage. */
function neededLogs(engine: Engine, entries: readonly Entry[], minimum: number): number[] {
  const { versions } = engine
  const existing = entries.flatMap(({ kind, number }) => (kind === 'wal' ? [number] : []))
  for (const number of versions.trackedWals.keys()) {
    if (number < minimum || existing.includes(number)) continue
    throw new CorruptionError(
      'a write-ahead log that the MANIFEST tracks is missing',
      join(engine.path, walName(number)),
    )
  }
  return existing.filter(number => number >= minimum).sort((a, b) => a - b)
}

/** The part of recovery that writes. */
async function makeDurable(
  engine: Engine,
  logs: readonly WalOutcome[],
  entries: readonly Entry[],
): Promise<void> {
  const keepLogs = engine.options.db.avoidFlushDuringRecovery && logs.every(({ end }) => end === 'clean')
  if (keepLogs) engine.logs.keepRecovered(logs)
  const known = engine.versions.liveFileNumbers()
  await startLog(engine)
  await flushRecovered(engine, keepLogs)
  await writeOptionsFile(engine)
  await tidyUp(engine, keepLogs ? [] : logs, entries, known)
  await removeObsoleteFiles(engine)
}

/**
 * Removes what the new MANIFEST has made obsolete, and moves aside what the old one does not know. `known` are
 * the tables that it did.
 */
async function tidyUp(
  engine: Engine,
  logs: readonly WalOutcome[],
  entries: readonly Entry[],
  known: ReadonlySet<number>,
): Promise<void> {
  const notWhole = new Set(logs.filter(({ end }) => end !== 'clean').map(({ number }) => number))
  const { manifestNumber } = engine.versions.recovered
  const unknown: string[] = []
  const torn: string[] = []
  for (const { name, kind, number } of entries) {
    if (kind === 'temp' || kind === 'optionsTemp') await removeFile(engine, name)
    else if (kind === 'wal' && notWhole.has(number)) torn.push(name)
    else if (kind === 'wal' && number < engine.versions.minLogNumberToKeep) await removeFile(engine, name)
    else if ((kind === 'table' || kind === 'blob') && !known.has(number)) unknown.push(name)
    else if (kind === 'manifest' && number !== manifestNumber) unknown.push(name)
  }
  await quarantine(engine, torn, 'recovery could not take all of it')
  await quarantine(engine, unknown, 'the MANIFEST does not know it')
}
