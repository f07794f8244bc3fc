/**
 * Whether the entries of a column family expire, and how: as its options say, and as it has been from its beginning. Once it
 * holds values with stamps it can never be read without: the MANIFEST says so, and the properties of its tables, since
 * C++ RocksDB leaves out of a MANIFEST what it does not know. What they say holds for an open that does not ask for it, too.
 */
import { notSupported, VarveError } from '@varve/format/errors'
import { ValueStamp, type VersionEdit } from '@varve/format/manifest'
import { type Expiry, type ExpirySource, makeExpiry } from '../expiry/index.ts'
import type { MergeOperator } from '../merge/index.ts'
import type { ResolvedColumnFamilyOptions } from '../options/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import type { ReadFamily } from './read-path.ts'
import { values } from './scan.ts'

type ExpiryOptions = Pick<ResolvedColumnFamilyOptions, 'expiringKeys' | 'ttlDatabase' | 'ttlHidesExpired'>

/** What is recorded decides about the kind, options about the rest. Throws `INVALID_ARGUMENT` when they contradict. */
export function expiryOf(
  name: string,
  options: ExpiryOptions,
  valueStamp: number | undefined,
): Expiry | undefined {
  const { expiringKeys, ttlDatabase, ttlHidesExpired } = options
  const keys: ExpirySource = { kind: 'keys', ttl: 0, hides: true }
  const database: ExpirySource = { kind: 'database', ttl: ttlDatabase ?? 0, hides: ttlHidesExpired }
  switch (valueStamp) {
    case undefined:
      if (expiringKeys) return makeExpiry(keys)
      return ttlDatabase === undefined ? undefined : makeExpiry(database)
    case ValueStamp.keys:
      if (ttlDatabase !== undefined) throw refused('ttlDatabase', name, 'has expiringKeys')
      return makeExpiry(keys)
    case ValueStamp.database:
      if (expiringKeys) throw refused('expiringKeys', name, 'has a ttlDatabase')
      return makeExpiry(database)
    default:
      throw notSupported(`the kind ${valueStamp} of stamps behind the values of column family ${name}`)
  }
}

/** As they are for a family of which the MANIFEST says more than they do. */
export function withRecordedExpiry(
  options: ResolvedColumnFamilyOptions,
  { name, valueStamp }: { name: string; valueStamp: number | undefined },
): ResolvedColumnFamilyOptions {
  const source = expiryOf(name, options, valueStamp)?.source
  if (source === undefined) return options
  return source.kind === 'keys' ? { ...options, expiringKeys: true } : { ...options, ttlDatabase: source.ttl }
}

export function valueStampOf(expiry: Expiry | undefined): number | undefined {
  return expiry && ValueStamp[expiry.source.kind]
}

/** C++ RocksDB has written the MANIFEST anew: tables may still know. They are open. */
export function adoptFromTables(family: Family): void {
  if (family.state.valueStamp !== undefined) return
  for (const { table } of family.state.current.files()) {
    const kind = table?.contents.layout.properties?.valueStamp
    if (kind !== 'keys' && kind !== 'database') continue
    family.setExpiry(expiryOf(family.name, family.options, ValueStamp[kind]))
    return
  }
}

/** Records what is not yet in the MANIFEST. A family that holds values without stamps stays as it was, or is refused. */
export async function recordExpiry(engine: Engine): Promise<void> {
  const edits: VersionEdit[] = []
  for (const family of engine.families.values()) {
    const valueStamp = valueStampOf(family.expiry)
    if (valueStamp === undefined || family.state.valueStamp === valueStamp) continue
    if (!(await isStamped(engine, family))) {
      refuseIfAsked(engine, family)
      family.setExpiry(undefined)
    } else edits.push({ columnFamily: family.id, valueStamp })
  }
  if (edits.length > 0 && !engine.isReadOnly) await engine.versions.logAndApply(edits)
}

/** By how much another machine's clock may be ahead. */
const DAY_MS = 86_400_000

/** Values that are looked at. */
const SAMPLES = 1000

/** Whether the first values of the family have stamps; merge operands are not looked at. */
async function isStamped(engine: Engine, family: Family): Promise<boolean> {
  const { expiry } = family
  if (expiry === undefined) return false
  const plain = { ...rawReads(family), superVersion: family.superVersion }
  const samples = await values(engine, plain, { limit: SAMPLES }).toArray()
  const latest = engine.runtime.clock.now() + DAY_MS
  return samples.every(value => {
    const life = expiry.lifeOf(value, 0, value.length)
    // Most texts of four characters would be a time, many of them one that is still to come.
    return life !== undefined && life.written <= latest
  })
}

/** The values as they lie there, and the newest operand in place of what operands make. */
function rawReads({ name, isDropped, prefixExtractor, order }: Family): Omit<ReadFamily, 'superVersion'> {
  const merge: MergeOperator = {
    name: 'raw',
    fullMerge: (_key, _existing, operands) => operands[operands.length - 1],
  }
  return { name, isDropped, prefixExtractor, order, merge, expiry: undefined }
}

function refuseIfAsked({ options }: Engine, { name }: Family): void {
  const { expiringKeys, ttlDatabase } = options.columnFamilies.get(name) ?? options.columnFamily
  const why = 'holds values that were written without it'
  if (expiringKeys) throw refused('expiringKeys', name, why)
  // Otherwise it was only the OPTIONS file that said so.
  if (ttlDatabase !== undefined) throw refused('ttlDatabase', name, why)
}

function refused(option: string, name: string, why: string): VarveError {
  const message = `option ${option} is not for the column family ${JSON.stringify(name)}, which ${why}`
  return new VarveError('INVALID_ARGUMENT', message, { option, columnFamily: name })
}
