/**
 * Results as lines of text. Short ones for comparing: lengths and checksums. In full for people, when a case is
 * played again.
 */
import { crc32 } from 'node:zlib'
import { type Column, isVarveError } from 'varve'
import type { Row } from '../model/sorted-model.ts'

const SHOWN_MAX = 24

/** Up to 24 bytes of a key or value, as text where they are text. */
export function showBytes(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'nothing'
  const head = Buffer.from(bytes.subarray(0, SHOWN_MAX))
  const text = head.toString('latin1')
  const shown = /^[ -~]+$/.test(text) ? `'${text}'` : `0x${head.toString('hex')}`
  return bytes.length > SHOWN_MAX ? `${shown}... (${bytes.length} bytes, ${crc32(bytes)})` : shown
}

export function showError(error: unknown): string {
  if (isVarveError(error)) return `error ${error.code}`
  throw error
}

export interface Show {
  value(bytes: Uint8Array | undefined): string
  list(values: readonly (Uint8Array | undefined)[]): string
  rows(rows: readonly Row[]): string
  columns(columns: readonly Column[] | undefined): string
}

/** So that where one ends and the next begins is in the sum. */
function next(sum: number): number {
  return (sum + 1) >>> 0
}

/** The CRC-32 behind `sum`, which that of Node 22 forgets when there are no bytes, and no memory where they would be. */
function extend(sum: number, bytes: Uint8Array): number {
  return bytes.length === 0 ? sum : crc32(bytes, sum)
}

export const inShort: Show = {
  value: bytes => (bytes === undefined ? 'nothing' : `${bytes.length}#${crc32(bytes)}`),
  list(values) {
    let sum = 0
    for (const value of values) sum = value === undefined ? crc32('nothing', sum) : extend(next(sum), value)
    return `${values.length} values #${sum}`
  },
  rows(rows) {
    let sum = 0
    for (const [key, value] of rows) sum = extend(extend(next(sum), key), value)
    return `${rows.length} rows #${sum}`
  },
  columns(columns) {
    if (columns === undefined) return 'nothing'
    let sum = 0
    for (const [name, value] of columns) sum = extend(extend(next(sum), name), value)
    return `${columns.length} columns #${sum}`
  },
}

export const inFull: Show = {
  value: showBytes,
  list: values => `[${values.map(showBytes).join(', ')}]`,
  rows: rows => `[${rows.map(([key, value]) => `${showBytes(key)}: ${showBytes(value)}`).join(', ')}]`,
  columns: columns =>
    columns?.map(([name, value]) => `${showBytes(name)}: ${showBytes(value)}`).join(', ') ?? 'nothing',
}
