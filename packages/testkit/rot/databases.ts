/**
 * Small databases to damage, each with its history: what it must hold, and from where on a loss is no surprise. One
 * half was closed; of the other the process was killed, so that the end of its logs was never synced. Some of the
 * closed ones come once more with their logs in RocksDB's other forms (relogged.ts), and there are databases of C++
 * RocksDB (samples.ts).
 */
import type { ChecksumName, CompressionName, OpenOptions } from 'varve'
import { cutFile, type SimulatedDisk } from '../disk/index.ts'
import { MERGE_OPERATOR } from '../model/operations.ts'
import type { Random } from '../random.ts'
import {
  type Action,
  DIRECTORY,
  type Moment,
  recordScript,
  type Script,
  type Snapshot,
} from '../sweep/index.ts'
import { logForms, relogged } from './relogged.ts'

export interface RotDatabase {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly script: Script
  readonly moment: Moment
  /** The log that was being written when the process was killed: nothing but itself speaks for its end. */
  readonly openLog: string | undefined
  /**
   * Who says how much of the files was synced. `own`: the logs, of themselves and of the MANIFEST. `manifest`: the
   * MANIFEST of the logs, and nobody of it, so that what is cut off it cannot be missed. `none`: nobody; the logs are
   * not damaged at all.
   */
  readonly evidence: 'own' | 'manifest' | 'none'
}

/** Of the zeros reserved behind a log, so many stay. */
const ZEROS_KEPT = 64

/** Its databases have some forms of tables, those of other seeds all. */
export const FIRST_SEED = 1

const quiet: OpenOptions = {
  mergeOperator: MERGE_OPERATOR,
  writeBufferSize: 65_536,
  blockCacheSize: 0,
  disableAutoCompactions: true,
}

function put(number: number, sync = false, columnFamily = 'default'): Action {
  const value = `value ${number} `.repeat(1 + (number % 4))
  return { kind: 'write', operations: [{ type: 'put', key: `key${number % 9}`, value, columnFamily }], sync }
}

function remove(number: number): Action {
  return {
    kind: 'write',
    operations: [{ type: 'delete', key: `key${number}`, columnFamily: 'default' }],
    sync: false,
  }
}

function removeRange(from: number, to: number): Action {
  const range = { start: `key${from}`, end: `key${to}`, columnFamily: 'default' }
  return { kind: 'write', operations: [{ type: 'deleteRange', ...range }], sync: false }
}

function merge(number: number): Action {
  const row = { key: `key${number % 9}`, operand: `operand ${number}`, columnFamily: 'default' }
  return { kind: 'write', operations: [{ type: 'merge', ...row }], sync: false }
}

function putEntity(number: number): Action {
  const columns = { '': `entity ${number}`, name: 'x'.repeat(number), other: '' }
  return {
    kind: 'write',
    operations: [{ type: 'putEntity', key: `key${number % 9}`, columns, columnFamily: 'default' }],
    sync: false,
  }
}

const flush: Action = { kind: 'flush', columnFamily: undefined }
const compact: Action = { kind: 'compact', columnFamily: 'default' }
const reopen: Action = { kind: 'reopen' }

/** One action a round; the seed decides what is written. */
function script(name: string, options: OpenOptions, actions: readonly Action[]): Script {
  return { name, options, rounds: random => actions.map(action => [withRandomText(action, random)]) }
}

function withRandomText(action: Action, random: Random): Action {
  if (action.kind !== 'write') return action
  const operations = action.operations.map(operation =>
    operation.type === 'put' ? { ...operation, value: `${operation.value}${random.next()}` } : operation,
  )
  return { ...action, operations }
}

const logScript = script('log', quiet, [
  put(1),
  put(2, true),
  put(3),
  remove(1),
  put(4, true),
  merge(4),
  removeRange(2, 3),
  put(6),
])

const logsScript = script('logs', { ...quiet, columnFamilies: { other: {} } }, [
  put(1, false, 'other'),
  put(2),
  { kind: 'flush', columnFamily: 'default' },
  put(3, true),
  put(4, false, 'other'),
  { kind: 'flush', columnFamily: 'default' },
  put(5, true, 'other'),
  put(6),
])

const keptLogsScript = script('kept-logs', { ...quiet, avoidFlushDuringRecovery: true }, [
  put(1),
  put(2),
  reopen,
  put(3),
  put(4, true),
  reopen,
  put(5, true),
  put(6),
])

const familiesScript = script('families', quiet, [
  { kind: 'createFamily', name: 'a' },
  put(1, false, 'a'),
  { kind: 'createFamily', name: 'b' },
  put(2, true, 'b'),
  flush,
  { kind: 'dropFamily', name: 'a' },
  put(3, true, 'b'),
  put(4, false, 'b'),
])

const treeScript = script('tree', quiet, [
  ...[1, 2, 3, 4, 5].map(n => put(n)),
  flush,
  ...[6, 7, 8].map(n => put(n)),
  remove(2),
  flush,
  compact,
  merge(12),
  removeRange(5, 7),
  flush,
  put(13, true),
  put(14),
])

const blobsScript = script('blobs', { ...quiet, enableBlobFiles: true, minBlobSize: 15, blobFileSize: 100 }, [
  ...[1, 2, 3, 4, 5].map(n => put(n)),
  flush,
  ...[6, 7].map(n => put(n)),
  flush,
  compact,
  merge(2),
  put(8, true),
  put(13),
  flush,
])

const packedBlobsScript = script(
  'packed-blobs',
  { ...quiet, enableBlobFiles: true, blobCompressionType: 'snappy' },
  [...[1, 2, 3, 4].map(n => put(n)), flush, put(5)],
)

/** The greatest key first, and values of columns. */
const keysScript = script('keys', { ...quiet, comparator: 'rocksdb.ReverseBytewiseComparator' }, [
  ...[1, 2, 3].map(n => put(n)),
  putEntity(4),
  flush,
  putEntity(2),
  merge(4),
  put(5, true),
  flush,
  compact,
  putEntity(6),
  merge(6),
  remove(3),
])

function tableScript(formatVersion: number, compression: CompressionName, checksum: ChecksumName): Script {
  const options = { ...quiet, formatVersion, compression, checksum, blockSize: 128 }
  const actions = [...[1, 2, 3, 4, 5, 6, 7, 8].map(n => put(n)), flush]
  return script(`table-${formatVersion}-${compression}-${checksum}`, options, actions)
}

const tables: readonly Script[] = [
  tableScript(7, 'lz4', 'kXXH3'),
  tableScript(7, 'none', 'kCRC32c'),
  tableScript(6, 'zstd', 'kxxHash64'),
  tableScript(6, 'snappy', 'kxxHash'),
  tableScript(5, 'none', 'kXXH3'),
  tableScript(5, 'zstd', 'kxxHash64'),
  tableScript(4, 'lz4', 'kCRC32c'),
  tableScript(3, 'snappy', 'kxxHash'),
  tableScript(2, 'zlib', 'kCRC32c'),
  tableScript(5, 'snappy', 'kCRC32c'),
  tableScript(5, 'lz4', 'kxxHash'),
  tableScript(4, 'zstd', 'kxxHash64'),
  tableScript(3, 'zlib', 'kxxHash64'),
  tableScript(2, 'none', 'kxxHash'),
]

const versions = [2, 3, 4, 5, 6, 7]
const compressions: readonly CompressionName[] = ['none', 'snappy', 'zlib', 'lz4', 'zstd']
const checksums: readonly ChecksumName[] = ['kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3']

/** Every version with every codec and every checksum: too many for each run. */
const everyTable: readonly Script[] = versions.flatMap(version =>
  compressions.flatMap(compression => checksums.map(checksum => tableScript(version, compression, checksum))),
)

const killable = [logScript, logsScript, keptLogsScript, familiesScript, treeScript, blobsScript, keysScript]

export async function rotDatabases(seed = FIRST_SEED): Promise<RotDatabase[]> {
  const databases: RotDatabase[] = []
  for (const each of [...killable, packedBlobsScript, ...(seed === FIRST_SEED ? tables : everyTable)]) {
    databases.push(await closedDatabase(each, seed))
  }
  for (const each of killable) {
    databases.push(await killedDatabase(each, seed))
  }
  const withLogs = databases.filter(({ name }) => /^(log|logs|kept-logs)-closed$/.test(name))
  databases.push(...logForms.flatMap(form => withLogs.map(each => relogged(each, form))))
  return databases
}

async function closedDatabase(of: Script, seed: number): Promise<RotDatabase> {
  return database(`${of.name}-closed`, of, (await recordScript(of, seed)).at(-1))
}

/** As the first operation of the next opener finds it. The last write is behind evidence of all syncs before it. */
async function killedDatabase(of: Script, seed: number): Promise<RotDatabase> {
  const killing: Script = { ...of, rounds: random => [...of.rounds(random), [{ kind: 'kill' }]] }
  const snapshots = await recordScript(killing, seed)
  const killed = database(
    `${of.name}-killed`,
    of,
    snapshots.findLast(({ operation }) => operation?.kind === 'lock'),
  )
  const logs = killed.disk.filesBelow(DIRECTORY).filter(path => /\d\.log$/.test(path))
  for (const path of logs) cutZeros(killed.disk, path)
  return { ...killed, openLog: logs.at(-1)?.slice(DIRECTORY.length + 1) }
}

function database(name: string, of: Script, snapshot: Snapshot | undefined): RotDatabase {
  if (snapshot === undefined) throw new Error(`${name}: the script has no such moment`)
  return {
    name,
    disk: snapshot.disk,
    script: of,
    moment: snapshot.moment,
    openLog: undefined,
    evidence: 'own',
  }
}

function cutZeros(disk: SimulatedDisk, path: string): void {
  const bytes = disk.fileNode(path).content.bytes()
  const last = bytes.findLastIndex(byte => byte !== 0)
  if (bytes.length > last + 1 + ZEROS_KEPT) cutFile(disk, path, last + 1 + ZEROS_KEPT)
}
