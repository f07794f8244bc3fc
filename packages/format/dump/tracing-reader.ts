/**
 * A reader that writes a line for all it reads, so that the decoders themselves annotate their bytes: what a
 * dump says is what the database understood.
 */
import { ByteReader } from '../bytes/index.ts'
import { type Annotator, type DumpOptions, quoted } from './annotate.ts'

/** What to say about a value that was read as `what`; `undefined` for the usual words. */
export type Describe = (what: string, value: number | Uint8Array) => string | undefined

export interface DumpFileOptions extends DumpOptions {
  /** For errors: the path of the file. */
  file?: string
}

const describeNothing: Describe = () => undefined

export class TracingReader extends ByteReader {
  private readonly out: Annotator
  private readonly describe: Describe

  /** Reads bytes[start..end); bytes[0] lies at `fileOffset`. */
  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    fileOffset: number,
    out: Annotator,
    describe: Describe = describeNothing,
    file?: string,
  ) {
    super(bytes, start, end, file, fileOffset)
    this.out = out
    this.describe = describe
  }

  override uint8(what = 'byte'): number {
    return this.number(this.position, what, super.uint8(what))
  }

  override uint16(what = 'fixed16'): number {
    return this.number(this.position, what, super.uint16(what))
  }

  override uint32(what = 'fixed32'): number {
    return this.number(this.position, what, super.uint32(what))
  }

  override uint64(what = 'fixed64'): number {
    return this.number(this.position, what, super.uint64(what))
  }

  override varint32(what = 'varint32'): number {
    return this.number(this.position, what, super.varint32(what))
  }

  override varint64(what = 'varint64'): number {
    return this.number(this.position, what, super.varint64(what))
  }

  override take(length: number, what = 'bytes'): Uint8Array {
    const start = this.position
    const value = super.take(length, what)
    this.line(start, this.describe(what, value) ?? `${what} ${shortText(value)}`)
    return value
  }

  override lengthPrefixed(what = 'length-prefixed bytes'): Uint8Array {
    return this.take(this.varint32(`${what} length`), what)
  }

  private number(start: number, what: string, value: number): number {
    this.line(start, this.describe(what, value) ?? `${what} ${value}`)
    return value
  }

  private line(start: number, meaning: string): void {
    this.out.bytes(this.fileOffset + start, this.bytes, start, this.position, meaning)
  }
}

/** Longer texts are beside their bytes anyway. */
const MAX_TEXT_LENGTH = 40

export function shortText(bytes: Uint8Array): string {
  return quoted(bytes, MAX_TEXT_LENGTH)
}
