/** What becomes of a lookup that is over: a copy of the value, of all columns, or of what merge operands make of it. */
import { emptyBytes } from '@varve/format/bytes'
import { type Column, defaultRange, findDefaultColumn, withDefaultColumn } from '@varve/format/entity'
import { ValueType } from '@varve/format/key'
import { LookupState, type PointLookup } from '../cursor/point-lookup.ts'
import { unsupportedEntry } from '../cursor/unsupported-entry.ts'
import { columnsOf } from '../entity/index.ts'
import { type Expiry, ReadMoment } from '../expiry/index.ts'
import { fullMerge } from '../merge/index.ts'
import { copyOut } from './copy-out.ts'
import type { ReadEngine, ReadFamily } from './read-path.ts'

/** A copy of the value that was found, which the caller may keep. */
export function takeValue(
  engine: ReadEngine,
  family: ReadFamily,
  lookup: PointLookup,
): Uint8Array | undefined {
  const { statistics } = engine
  statistics.keysRead++
  if (family.expiry !== undefined) return takeLiving(engine, family, family.expiry, lookup)?.value
  if (lookup.operands.length > 0) return takeMerged(engine, family, lookup)
  if (lookup.state !== LookupState.value) return undefined
  if (lookup.isEntity) narrowToDefault(lookup)
  statistics.keysFound++
  statistics.bytesRead += lookup.valueEnd - lookup.valueStart
  // Read for this lookup, and nobody else's.
  if (lookup.blob !== undefined) return lookup.valueBytes
  return copyOut(lookup.valueBytes, lookup.valueStart, lookup.valueEnd)
}

/** Of an entity a plain read sees the default column, or nothing of it. */
function narrowToDefault(lookup: PointLookup): void {
  findDefaultColumn(lookup.valueBytes, lookup.valueStart, lookup.valueEnd)
  lookup.valueStart = defaultRange.start
  lookup.valueEnd = defaultRange.end
}

/** Copies of the columns that were found. */
export function takeColumns(
  engine: ReadEngine,
  family: ReadFamily,
  lookup: PointLookup,
): Column[] | undefined {
  const isEntity = lookup.state === LookupState.value && lookup.isEntity
  if (!isEntity) {
    const value = takeValue(engine, family, lookup)
    return value === undefined ? undefined : [[emptyBytes, value]]
  }
  const columns = columnsOf(lookup.valueBytes, lookup.valueStart, lookup.valueEnd, true)
  const value = takeValue(engine, family, lookup) as Uint8Array
  return lookup.operands.length > 0 ? withDefaultColumn(columns, value) : columns
}

/** What the operands make of what lies below them. */
function takeMerged(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): Uint8Array {
  if (lookup.state === LookupState.value && lookup.isEntity) narrowToDefault(lookup)
  const { state, bytes, start, end, valueBytes, valueStart, valueEnd, operands } = lookup
  const existing = state === LookupState.value ? valueBytes.subarray(valueStart, valueEnd) : undefined
  const merged = fullMerge(family.merge, bytes.subarray(start, end), existing, operands.reverse())
  engine.statistics.keysFound++
  engine.statistics.bytesRead += merged.length
  // An operator may give back what it was given.
  return copyOut(merged, 0, merged.length)
}

/** A value and when it is over, in milliseconds since 1970; undefined: never. */
export interface LivingValue {
  value: Uint8Array
  expiresAt: number | undefined
}

/** What was found in a family whose entries expire, unless it is over. */
export function takeLiving(
  { statistics }: ReadEngine,
  family: ReadFamily,
  expiry: Expiry,
  lookup: PointLookup,
): LivingValue | undefined {
  const moment = new ReadMoment(expiry, lookup.now)
  const found = livingOf(family, moment, lookup)
  if (found === undefined) return undefined
  const { bytes, start, end } = found
  const value = copyOut(bytes, start, end - moment.stampLength)
  statistics.keysFound++
  statistics.bytesRead += value.length
  return { value, expiresAt: moment.expiresAt(bytes, start, end) }
}

/** The value that is to be seen, with its stamp: bytes[start..end). */
function livingOf(
  { merge }: ReadFamily,
  moment: ReadMoment,
  { state, isEntity, operands, bytes: key, start, end, valueBytes, valueStart, valueEnd }: PointLookup,
): { bytes: Uint8Array; start: number; end: number } | undefined {
  const isValue = state === LookupState.value
  if (isValue && isEntity) throw unsupportedEntry(ValueType.WideColumnEntity)
  if (operands.length === 0) {
    if (!isValue || !moment.sees(valueBytes, valueStart, valueEnd)) return undefined
    return { bytes: valueBytes, start: valueStart, end: valueEnd }
  }
  const existing = isValue ? valueBytes.subarray(valueStart, valueEnd) : undefined
  const merged = moment.merge(merge, key.subarray(start, end), existing, operands.reverse())
  return merged && { bytes: merged, start: 0, end: merged.length }
}

export function isFound(engine: ReadEngine, family: ReadFamily, lookup: PointLookup): boolean {
  engine.statistics.keysRead++
  if (family.expiry !== undefined)
    return livingOf(family, new ReadMoment(family.expiry, lookup.now), lookup) !== undefined
  const { state, operands } = lookup
  return state === LookupState.value || state === LookupState.blob || operands.length > 0
}
