/** Makes rows of the lines that `varve load` reads: text columns (tsv.ts), hex columns, or JSON. */
import {
  byteFields,
  EntryJsonError,
  parseObject,
  readBytesField,
  readColumnFamily,
  readNumberField,
  refuseUnknownFields,
} from '@varve/server/entry-json'
import type { InputLines } from './input-lines.ts'
import { RowError, readEscaped } from './tsv.ts'

const TAB = 0x09
const RETURN = 0x0d

export interface Row {
  key: Uint8Array
  value: Uint8Array
  /** Only in JSON rows that name one. */
  columnFamily: string | undefined
  /** Only in JSON rows that have one: when the row is over, in milliseconds since 1970. */
  expiresAt?: number | undefined
}

export type InputFormat = 'tsv' | 'raw' | 'hex' | 'ndjson'

/** The row on the current line; undefined for an empty line of JSON. Throws `RowError`. */
export function readRow({ buffer, start, end }: InputLines, format: InputFormat): Row | undefined {
  if (format === 'ndjson') return jsonRow(buffer, start, end)
  const tab = buffer.indexOf(TAB, start)
  if (tab < 0 || tab >= end) throw new RowError('there is no tab between key and value')
  if (format === 'raw')
    return { key: buffer.subarray(start, tab), value: buffer.subarray(tab + 1, end), columnFamily: undefined }
  // Escaped text and hex never hold a return of their own: one at the end is a Windows line end.
  const textEnd = end > tab + 1 && buffer[end - 1] === RETURN ? end - 1 : end
  const column = format === 'hex' ? hexColumn : readEscaped
  return { key: column(buffer, start, tab), value: column(buffer, tab + 1, textEnd), columnFamily: undefined }
}

const rowFields = new Set(['columnFamily', 'expiresAt', ...byteFields('key', 'value')])

function jsonRow(buffer: Buffer, start: number, end: number): Row | undefined {
  const text = buffer.toString('utf8', start, end)
  if (text.trim() === '') return undefined
  try {
    const object = parseObject(text)
    refuseUnknownFields(object, rowFields)
    return {
      key: readBytesField(object, 'key'),
      value: readBytesField(object, 'value'),
      columnFamily: readColumnFamily(object),
      expiresAt: readNumberField(object, 'expiresAt'),
    }
  } catch (error) {
    if (error instanceof EntryJsonError) throw new RowError(error.message)
    throw error
  }
}

function hexColumn(buffer: Buffer, start: number, end: number): Uint8Array {
  const digits = buffer.toString('latin1', start, end).replace(/^0[xX]/, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new RowError('a column is not hex')
  return Buffer.from(digits, 'hex')
}
