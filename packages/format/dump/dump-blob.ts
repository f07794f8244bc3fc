/** An annotated dump of a blob file: header, records with their checksums verified, footer. */
import { BLOB_FOOTER_LENGTH, readBlobFooter, readBlobHeader, readBlobRecord } from '../blob/index.ts'
import { isVarveError } from '../errors/index.ts'
import { Annotator, type LineSink } from './annotate.ts'
import { type DumpFileOptions, TracingReader } from './tracing-reader.ts'

export function dumpBlob(bytes: Uint8Array, write: LineSink, options: DumpFileOptions = {}): void {
  const out = new Annotator(write, options)
  try {
    dumpSections(bytes, out, options.file)
  } catch (error) {
    if (!isVarveError(error, 'CORRUPTION')) throw error
    out.note(`CORRUPTION: ${error.message}`)
  }
}

function dumpSections(bytes: Uint8Array, out: Annotator, file: string | undefined): void {
  const record = { recordStart: 0, expiration: 0, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0 }
  const footerStart = Math.max(0, bytes.length - BLOB_FOOTER_LENGTH)
  const reader = new TracingReader(bytes, 0, footerStart, 0, out, describe, file)
  out.section('header')
  readBlobHeader(reader)
  for (let count = 0; reader.remaining > 0; count++) {
    out.section(`record ${count}`)
    readBlobRecord(reader, record)
    out.note(`blob indexes say offset ${record.valueStart}, size ${record.valueEnd - record.valueStart}`)
  }
  out.section('footer')
  readBlobFooter(new TracingReader(bytes, footerStart, bytes.length, 0, out, describe, file))
}

/** Magic numbers and checksums in hex. */
function describe(what: string, value: number | Uint8Array): string | undefined {
  if (typeof value !== 'number') return undefined
  if (what !== 'magic' && !what.endsWith('checksum')) return undefined
  return `${what} 0x${value.toString(16).padStart(8, '0')}`
}
