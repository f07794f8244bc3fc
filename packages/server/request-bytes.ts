/**
 * Keys in URLs are bytes: `%FF` is the byte 255 and need not be part of any UTF-8 text. So paths and queries
 * are decoded here, from the request line as it came, and nowhere else.
 *
 *     /kv/user%3A1        key "user:1"; a slash may stand as it is: /kv/a/b is the key "a/b"
 *     /kv?start=a%00      query values; `+` is a space there, as in every HTML form, and a plus is %2B
 */
import type { FastifyRequest } from 'fastify'
import { ServerError } from './errors.ts'

const PERCENT = 0x25
const PLUS = 0x2b
const SPACE = 0x20

/** Bytes of `text` with %XX decoded. Characters beyond ASCII are their UTF-8 bytes. */
export function decodePercent(text: string, plusIsSpace = false): Uint8Array {
  const bytes = Buffer.from(text, 'utf8')
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i]
    if (byte === PERCENT) {
      byte = hexPair(bytes[i + 1], bytes[i + 2])
      i += 2
    } else if (byte === PLUS && plusIsSpace) byte = SPACE
    bytes[length++] = byte
  }
  return bytes.subarray(0, length)
}

/** The parameters of a query string by name. Each may be given once; empty ones count as not given. */
export type Query = ReadonlyMap<string, Uint8Array>

export function parseQuery(text: string): Query {
  const query = new Map<string, Uint8Array>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = Buffer.from(decodePercent(equals < 0 ? part : part.slice(0, equals), true)).toString()
    if (equals < 0) throw invalid(name, 'needs a value')
    if (query.has(name)) throw invalid(name, 'is given twice')
    query.set(name, decodePercent(part.slice(equals + 1), true))
  }
  for (const [name, value] of query) if (value.length === 0) query.delete(name)
  return query
}

/**
 * The query of a request to a route that takes `known` parameters. A misspelt one would silently change the
 * answer, so others are refused.
 */
export function readQuery(request: FastifyRequest, known: readonly string[]): Query {
  const query = parseQuery((request.query as { text: string }).text)
  for (const name of query.keys()) {
    if (known.includes(name)) continue
    throw new ServerError(
      'INVALID_ARGUMENT',
      known.length === 0
        ? 'no query parameters are taken here'
        : `unknown query parameter; it can be ${known.join(', ')}`,
    )
  }
  return query
}

export function textParameter(query: Query, name: string): string | undefined {
  const bytes = query.get(name)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
}

export function booleanParameter(query: Query, name: string): boolean {
  const text = textParameter(query, name) ?? 'false'
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw invalid(name, 'must be true or false')
}

export function countParameter(query: Query, name: string, max: number): number | undefined {
  const text = textParameter(query, name)
  if (text === undefined) return undefined
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(count <= max)) throw invalid(name, `must be a whole number from 0 to ${max}`)
  return count
}

export function numberParameter(query: Query, name: string): number | undefined {
  const text = textParameter(query, name)
  if (text === undefined) return undefined
  if (!/^\d{1,16}(\.\d{1,9})?$/.test(text)) throw invalid(name, 'must be a number')
  return Number(text)
}

function hexPair(high: number | undefined, low: number | undefined): number {
  const value = hexDigit(high) * 16 + hexDigit(low)
  if (Number.isNaN(value))
    throw new ServerError('INVALID_ARGUMENT', 'a % in the URL is not followed by two hex digits')
  return value
}

function hexDigit(character: number | undefined): number {
  if (character === undefined) return Number.NaN
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const letter = character | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

function invalid(name: string, problem: string): ServerError {
  // An unknown name is the client's own text, perhaps a key in the wrong place: only short plain names are repeated.
  const shown = /^[A-Za-z]{1,20}$/.test(name) ? `query parameter ${name}` : 'a query parameter'
  return new ServerError('INVALID_ARGUMENT', `${shown} ${problem}`)
}
