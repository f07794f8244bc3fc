/**
 * Splits a line of the shell into words:
 *
 *     user:1                its UTF-8 bytes
 *     "a b\t\x00\"c\\"      with spaces; \t \n \r \\ \" and \xNN as in tsv.ts
 *     0x6B31                hex, in either case
 */
import { RowError, readEscaped } from '../tsv.ts'

export interface Word {
  /** As it was written, without quotes. */
  text: string
  bytes: Uint8Array
}

/** Throws `RowError` for an open quote, a bad escape or odd hex. */
export function splitWords(line: string): Word[] {
  const words: Word[] = []
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|([^\s"]\S*))/gy
  let end = 0
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    end = pattern.lastIndex
    words.push(match[1] === undefined ? bareWord(match[2]) : quotedWord(match[1]))
  }
  if (line.slice(end).trim() !== '') throw new RowError('a quote is not closed, or closes inside a word')
  return words
}

function bareWord(text: string): Word {
  if (!/^0[xX]/.test(text)) return { text, bytes: Buffer.from(text, 'utf8') }
  if (!/^0[xX]([0-9a-fA-F]{2})*$/.test(text))
    throw new RowError('a word that begins with 0x is not pairs of hex digits')
  return { text, bytes: Buffer.from(text.slice(2), 'hex') }
}

function quotedWord(inner: string): Word {
  const text = inner.replaceAll('\\"', '"')
  const escaped = Buffer.from(text, 'utf8')
  return { text, bytes: readEscaped(escaped, 0, escaped.length) }
}
