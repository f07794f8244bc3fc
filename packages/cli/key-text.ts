/**
 * Keys and values as words of a command line and as columns of text.
 *
 * `--hex` is as in RocksDB's `ldb`: 0x and two hex digits a byte, printed in upper case (`0x6B31`), taken in
 * either case. Without it a word is its UTF-8 bytes.
 */
import { usageError } from './exit.ts'

/** What Node puts in place of arguments that are not UTF-8; the bytes behind it are lost. */
const REPLACEMENT = '\ufffd'

export function parseBytes(word: string, hex: boolean, what: string): Uint8Array {
  if (hex) return parseHex(word, what)
  if (word.includes(REPLACEMENT)) throw usageError(`${what} is not valid UTF-8; give it in hex with --hex`)
  return Buffer.from(word, 'utf8')
}

export function parseHex(word: string, what: string): Uint8Array {
  const digits = word.replace(/^0[xX]/, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw usageError(`${what} is not hex; write 0x and two digits a byte, such as 0x6B31`)
  }
  return Buffer.from(digits, 'hex')
}

export function formatHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase()}`
}

/** For people: quoted text where it is printable, hex where it is not. */
export function showBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  return /^[^\p{C}\ufffd]*$/u.test(text) ? JSON.stringify(text) : formatHex(bytes)
}
