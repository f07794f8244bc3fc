/**
 * The look of annotated dumps: every byte of a file once, with what it means.
 *
 *     --- DATA block: offset 0 (0x0) payload size 50
 *     00000  00 09 01                                         entry 0 (restart): shared=0 unshared=9 value_len=1
 *     00003  61 01 01 00 00 00 00 00 00                       key delta; full key = ikey "a" seq=1 type=0x01
 *
 * Sixteen bytes a line; further lines of the same thing say `...`.
 */
import { readUint32 } from '../bytes/index.ts'
import { sequenceOfTrailer, TRAILER_LENGTH } from '../key/index.ts'

const BYTES_PER_LINE = 16
const HEX_WIDTH = 3 * BYTES_PER_LINE - 1

/** Takes one line of a dump, without its end. */
export type LineSink = (line: string) => void

export interface DumpOptions {
  /** Values and other bulk longer than this many bytes are shown by their first ones; all when absent. */
  maxBytes?: number | undefined
}

export class Annotator {
  private readonly write: LineSink
  private readonly maxBytes: number
  private started = false

  constructor(write: LineSink, options: DumpOptions = {}) {
    this.write = write
    this.maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY
  }

  /** Begins a section, after an empty line unless it is the first. */
  section(title: string): void {
    if (this.started) this.write('')
    this.started = true
    this.write(`--- ${title}`)
  }

  /** A line about no bytes of its own. */
  note(text: string): void {
    this.write(`# ${text}`)
  }

  /** The bytes[start..end), which lie at `offset` of the file, and their meaning. */
  bytes(offset: number, bytes: Uint8Array, start: number, end: number, meaning: string): void {
    const shown = Math.min(end, start + this.maxBytes)
    this.line(
      offset,
      start === end ? '(empty)' : hexOf(bytes, start, Math.min(shown, start + BYTES_PER_LINE)),
      meaning,
    )
    for (let at = start + BYTES_PER_LINE; at < shown; at += BYTES_PER_LINE) {
      this.line(offset + at - start, hexOf(bytes, at, Math.min(shown, at + BYTES_PER_LINE)), '  ...')
    }
    if (shown < end) this.line(offset + shown - start, `(${end - shown} bytes more)`, '  ...')
  }

  private line(offset: number, hex: string, meaning: string): void {
    this.write(`${offset.toString(16).padStart(5, '0')}  ${hex.padEnd(HEX_WIDTH)}  ${meaning}`)
  }
}

function hexOf(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++)
    text += `${i === start ? '' : ' '}${bytes[i].toString(16).padStart(2, '0')}`
  return text
}

/** Bytes as quoted text, with \xNN for what is not printable ASCII; cut after `maxLength` bytes. */
export function quoted(bytes: Uint8Array, maxLength: number = bytes.length): string {
  let text = ''
  for (const byte of bytes.subarray(0, maxLength)) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return bytes.length > maxLength ? `"${text}"... (${bytes.length} bytes)` : `"${text}"`
}

/** An internal key as `ikey "user key" seq=1 type=0x01`. */
export function internalKeyText(key: Uint8Array): string {
  if (key.length < TRAILER_LENGTH) return `ikey too short: ${quoted(key)}`
  const userEnd = key.length - TRAILER_LENGTH
  const low = readUint32(key, userEnd)
  const sequence = sequenceText(low, readUint32(key, userEnd + 4))
  return `ikey ${quoted(key.subarray(0, userEnd))} seq=${sequence} type=0x${(low & 0xff).toString(16).padStart(2, '0')}`
}

function sequenceText(low: number, high: number): string {
  if (high === 0xffff_ffff && low >>> 8 === 0xff_ffff) return 'max'
  return String(sequenceOfTrailer(low, high))
}
