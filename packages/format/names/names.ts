/**
 * Names of the files in a database directory. Numbers are decimal, padded with zeros to six digits, and all
 * kinds draw them from one counter. A name that is not one of these is nobody's business here: it parses as
 * `undefined` and is never deleted.
 *
 *     CURRENT  IDENTITY  LOCK  LOG  LOG.old.<micros>
 *     MANIFEST-<n>  OPTIONS-<n>  OPTIONS-<n>.dbtmp
 *     <n>.log  <n>.sst  <n>.ldb (LevelDB's tables)  <n>.blob  <n>.dbtmp
 *
 * RocksDB: file/filename.cc
 */

export type FileKind =
  | 'current'
  | 'manifest'
  | 'wal'
  | 'table'
  | 'blob'
  | 'options'
  | 'optionsTemp'
  | 'identity'
  | 'lock'
  | 'infoLog'
  | 'temp'

/** `number` is 0 for kinds that carry none. For an old info log it is the time in its name. */
export interface FileName {
  kind: FileKind
  number: number
}

const unnumbered: Record<string, FileKind> = {
  CURRENT: 'current',
  IDENTITY: 'identity',
  LOCK: 'lock',
  LOG: 'infoLog',
}

const numbered: readonly (readonly [FileKind, RegExp])[] = [
  ['manifest', /^MANIFEST-(\d+)$/],
  ['options', /^OPTIONS-(\d+)$/],
  ['optionsTemp', /^OPTIONS-(\d+)\.dbtmp$/],
  ['wal', /^(\d+)\.log$/],
  ['table', /^(\d+)\.(?:sst|ldb)$/],
  ['blob', /^(\d+)\.blob$/],
  ['temp', /^(\d+)\.dbtmp$/],
  ['infoLog', /^LOG\.old\.(\d+)$/],
]

/** What a name without its directory says, or `undefined` when it is not a database file's name. */
export function parseFileName(name: string): FileName | undefined {
  if (Object.hasOwn(unnumbered, name)) return { kind: unnumbered[name], number: 0 }
  for (const [kind, pattern] of numbered) {
    const digits = pattern.exec(name)?.[1]
    if (digits === undefined) continue
    const number = Number(digits)
    return Number.isSafeInteger(number) ? { kind, number } : undefined
  }
  return undefined
}

export const CURRENT_NAME = 'CURRENT'
export const IDENTITY_NAME = 'IDENTITY'
export const LOCK_NAME = 'LOCK'

export function manifestName(number: number): string {
  return `MANIFEST-${padded(number)}`
}

export function walName(number: number): string {
  return `${padded(number)}.log`
}

export function tableName(number: number): string {
  return `${padded(number)}.sst`
}

/** Where a table is looked for when `tableName` is not there: LevelDB's name for it. */
export function legacyTableName(number: number): string {
  return `${padded(number)}.ldb`
}

export function blobName(number: number): string {
  return `${padded(number)}.blob`
}

export function optionsName(number: number): string {
  return `OPTIONS-${padded(number)}`
}

export function optionsTempName(number: number): string {
  return `OPTIONS-${padded(number)}.dbtmp`
}

export function tempName(number: number): string {
  return `${padded(number)}.dbtmp`
}

function padded(number: number): string {
  return String(number).padStart(6, '0')
}
