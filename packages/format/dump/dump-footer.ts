/** The fields of a table's footer, byte by byte. */
import { readUint32, varintLength } from '../bytes/index.ts'
import { type ByteSource, type Footer, LEGACY_FOOTER_LENGTH, readExactly } from '../sst/index.ts'
import type { Annotator } from './annotate.ts'

export function dumpFooter(source: ByteSource, footer: Footer, out: Annotator): void {
  const bytes = readExactly(source, footer.offset, footer.length, 'footer')
  let at = 0
  const field = (length: number, meaning: string) => {
    out.bytes(footer.offset + at, bytes, at, at + length, meaning)
    at += length
  }
  out.section(`FOOTER: offset ${footer.offset}`)
  if (footer.formatVersion > 0) field(1, `checksum type ${footer.checksumType}`)
  if (footer.formatVersion >= 6) dumpContextFields(bytes, footer, field)
  else dumpHandleFields(footer, field)
  const paddingEnd = footer.length === LEGACY_FOOTER_LENGTH ? 40 : 41
  const padding = footer.formatVersion >= 6 ? '24 zero bytes' : `zero padding up to footer byte ${paddingEnd}`
  if (at < paddingEnd) field(paddingEnd - at, padding)
  if (footer.formatVersion > 0) field(4, `format_version ${footer.formatVersion}`)
  field(8, footer.formatVersion > 0 ? 'magic 0x88e241b785f4cff7' : 'magic 0xdb4775248b80fb57')
}

type Field = (length: number, meaning: string) => void

function dumpHandleFields({ metaindex, index }: Footer, field: Field): void {
  field(varintLength(metaindex.offset), `metaindex offset = ${metaindex.offset}`)
  field(varintLength(metaindex.size), `metaindex size = ${metaindex.size}`)
  if (index === undefined) return
  field(varintLength(index.offset), `index offset = ${index.offset}`)
  field(varintLength(index.size), `index size = ${index.size}`)
}

function dumpContextFields(bytes: Uint8Array, { metaindex }: Footer, field: Field): void {
  const hex = (at: number) => `0x${readUint32(bytes, at).toString(16).padStart(8, '0')}`
  field(4, 'extended magic 3e 00 7a 00')
  field(4, `footer checksum ${hex(5)}`)
  field(4, `base_context_checksum ${hex(9)}`)
  const rule = `=> offset = footer_offset - 5 - size = ${metaindex.offset}`
  field(4, `metaindex block payload size ${metaindex.size} ${rule}`)
}
