/**
 * Rows as lines of text, key and value parted by a tab. Bytes stand as they are, but for those that would
 * break a line or a terminal:
 *
 *     \t \n \r \\      tab, newline, carriage return, backslash
 *     \xNN             the other bytes below 0x20, and 0x7F
 *
 * What is printed so is read back as the same bytes by `varve load`.
 */
import type { ByteWriter } from '@varve/format/bytes'

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const BACKSLASH = 0x5c
const DELETE = 0x7f
const LETTER_X = 0x78

/** Characters behind the backslash, by byte; 0 for bytes that stand as they are. */
const escapes = new Uint8Array(256)
for (let byte = 0; byte < 0x20; byte++) escapes[byte] = LETTER_X
escapes[DELETE] = LETTER_X
escapes[TAB] = 't'.charCodeAt(0)
escapes[NEWLINE] = 'n'.charCodeAt(0)
escapes[RETURN] = 'r'.charCodeAt(0)
escapes[BACKSLASH] = BACKSLASH

const unescapes = new Map([
  ['t'.charCodeAt(0), TAB],
  ['n'.charCodeAt(0), NEWLINE],
  ['r'.charCodeAt(0), RETURN],
  [BACKSLASH, BACKSLASH],
])

const hexDigits = Buffer.from('0123456789ABCDEF')

/** A line of input that is not a row. `problem` quotes nothing of it. */
export class RowError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'RowError'
  }
}

export function writeEscaped(out: ByteWriter, bytes: Uint8Array): void {
  out.reserve(4 * bytes.length)
  const target = out.bytes
  let at = out.length
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    const letter = escapes[byte]
    if (letter === 0) {
      target[at++] = byte
      continue
    }
    target[at++] = BACKSLASH
    target[at++] = letter
    if (letter === LETTER_X) {
      target[at++] = hexDigits[byte >> 4]
      target[at++] = hexDigits[byte & 15]
    }
  }
  out.length = at
}

/** The bytes that line[start..end) stands for. A view of `line` when nothing in it is escaped. */
export function readEscaped(line: Buffer, start: number, end: number): Uint8Array {
  const first = line.indexOf(BACKSLASH, start)
  if (first < 0 || first >= end) return line.subarray(start, end)
  const bytes = Buffer.allocUnsafe(end - start)
  let length = 0
  for (let i = start; i < end; ) {
    if (line[i] !== BACKSLASH) {
      bytes[length++] = line[i++]
      continue
    }
    if (i + 1 < end && line[i + 1] === LETTER_X) {
      bytes[length++] = hexByte(line.toString('latin1', i + 2, Math.min(i + 4, end)))
      i += 4
    } else {
      bytes[length++] = unescaped(i + 1 < end ? line[i + 1] : -1)
      i += 2
    }
  }
  return bytes.subarray(0, length)
}

function unescaped(letter: number): number {
  const byte = unescapes.get(letter)
  if (byte === undefined) throw new RowError('a backslash is not the start of \\t \\n \\r \\\\ or \\xNN')
  return byte
}

function hexByte(digits: string): number {
  if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new RowError('\\x is not followed by two hex digits')
  return Number.parseInt(digits, 16)
}
