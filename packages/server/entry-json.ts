/**
 * Keys, values and entries as JSON: the one scheme of the server's scans and batches and of the CLI's
 * `--json`, `dump` and `load`.
 *
 *     {"key":"user:1","value":"Ada"}                  bytes that are valid UTF-8 stand as text
 *     {"keyBase64":"AP8=","value":"Ada"}              all others in base64 (RFC 4648, padded)
 *     {"columnFamily":"users","key":"1","value":"x"}  named when it is not the default one
 *     {"key":"1","value":"x","expiresAt":1767225600000}  of an entry that will be over then, in ms since 1970
 *
 * Writing is exact: what is written reads back as the same bytes. Readers also take `keyHex` and `valueHex`
 * (either case, with or without 0x), for those who write rows by hand.
 */
import { isUtf8 } from 'node:buffer'

/** The column family that need not be named. */
export const DEFAULT_COLUMN_FAMILY = 'default'

/** JSON that is not a row or an operation. The message says why, without quoting any key or value. */
export class EntryJsonError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'EntryJsonError'
  }
}

/** A parsed JSON object. Fields are read only through `Object.hasOwn`, so `__proto__` is a name like any other. */
export type JsonObject = { readonly [field: string]: unknown }

/** One row as a line of NDJSON, without the newline. `value` is left out of rows that only list keys. */
export function formatEntry(
  key: Uint8Array,
  value?: Uint8Array,
  columnFamily: string = DEFAULT_COLUMN_FAMILY,
  expiresAt?: number,
): string {
  const family =
    columnFamily === DEFAULT_COLUMN_FAMILY ? '' : `"columnFamily":${JSON.stringify(columnFamily)},`
  const keyField = formatBytesField('key', key)
  const end = expiresAt === undefined ? '' : `,"expiresAt":${expiresAt}`
  return value === undefined
    ? `{${family}${keyField}${end}}`
    : `{${family}${keyField},${formatBytesField('value', value)}${end}}`
}

/** `"name":"text"` or `"nameBase64":"..."`. */
export function formatBytesField(name: string, bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return isUtf8(view)
    ? `"${name}":${JSON.stringify(view.toString('utf8'))}`
    : `"${name}Base64":"${view.toString('base64')}"`
}

/** Parses text that must be one JSON object. */
export function parseObject(text: string): JsonObject {
  return asObject(parseJson(text), 'the line')
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8 quotes the text in its message; a key or a value must not travel into a log that way.
    if (error instanceof SyntaxError) throw new EntryJsonError('not valid JSON')
    throw error
  }
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EntryJsonError(`${what} is not a JSON object`)
  }
  return value as JsonObject
}

/** The bytes of `name`, `nameBase64` or `nameHex`; exactly one of them must be there. */
export function readBytesField(object: JsonObject, name: string): Uint8Array {
  const spellings = [name, `${name}Base64`, `${name}Hex`].filter(field => Object.hasOwn(object, field))
  if (spellings.length !== 1) {
    const problem = spellings.length === 0 ? 'is missing' : 'is given twice'
    throw new EntryJsonError(`${name} ${problem} (one of ${name}, ${name}Base64, ${name}Hex)`)
  }
  const spelling = spellings[0]
  const text = object[spelling]
  if (typeof text !== 'string') throw new EntryJsonError(`${spelling} is not a string`)
  if (spelling === name) return bytesOfText(text, spelling)
  return spelling === `${name}Hex` ? bytesOfHex(text, spelling) : bytesOfBase64(text, spelling)
}

/** The `columnFamily` field, when there is one. */
export function readColumnFamily(object: JsonObject): string | undefined {
  if (!Object.hasOwn(object, 'columnFamily')) return undefined
  const name = object.columnFamily
  if (typeof name !== 'string' || name === '')
    throw new EntryJsonError('columnFamily is not a non-empty string')
  return name
}

/** A field with a number, when there is one. What numbers are allowed the database says. */
export function readNumberField(object: JsonObject, name: string): number | undefined {
  if (!Object.hasOwn(object, name)) return undefined
  const value = object[name]
  if (typeof value !== 'number') throw new EntryJsonError(`${name} is not a number`)
  return value
}

/** A misspelt field would be dropped silently; it is refused instead. */
export function refuseUnknownFields(object: JsonObject, known: ReadonlySet<string>): void {
  for (const field of Object.keys(object)) {
    if (!known.has(field))
      throw new EntryJsonError(`unknown field; a field can be one of ${[...known].join(', ')}`)
  }
}

/** All spellings of byte fields, for `refuseUnknownFields`. */
export function byteFields(...names: readonly string[]): string[] {
  return names.flatMap(name => [name, `${name}Base64`, `${name}Hex`])
}

function bytesOfText(text: string, field: string): Uint8Array {
  // UTF-8 has no form for half a surrogate pair; encoding it would store another key than the one written.
  if (!text.isWellFormed()) throw new EntryJsonError(`${field} is not valid Unicode; use ${field}Base64`)
  return Buffer.from(text, 'utf8')
}

function bytesOfBase64(text: string, field: string): Uint8Array {
  // `Buffer.from` skips what it does not know; comparing lengths and letters first makes it exact.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new EntryJsonError(`${field} is not padded base64`)
  }
  return Buffer.from(text, 'base64')
}

function bytesOfHex(text: string, field: string): Uint8Array {
  const digits = text.replace(/^0[xX]/, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new EntryJsonError(`${field} is not a string of hex digit pairs`)
  }
  return Buffer.from(digits, 'hex')
}
