/** An annotated dump of a MANIFEST: fragments, version edits, every field. */
import { editTagName, newFileTagName, readVersionEdit } from '../manifest/index.ts'
import { type Annotator, internalKeyText, type LineSink } from './annotate.ts'
import { dumpLog } from './dump-log.ts'
import { type DumpFileOptions, TracingReader } from './tracing-reader.ts'

export function dumpManifest(bytes: Uint8Array, write: LineSink, options: DumpFileOptions = {}): void {
  dumpLog(bytes, write, options, dumpVersionEdit)
}

/** Annotates one version edit; payload[0] lies at `offset`. */
function dumpVersionEdit(payload: Uint8Array, offset: number, out: Annotator, file?: string): void {
  readVersionEdit(new TracingReader(payload, 0, payload.length, offset, out, describe, file))
}

function describe(what: string, value: number | Uint8Array): string | undefined {
  if (typeof value !== 'number') {
    return what.endsWith('internal key') ? `${what}: ${internalKeyText(value)}` : undefined
  }
  if (what === 'tag') return `tag ${value} ${editTagName(value)}`
  if (what === 'custom tag') return `custom tag ${value} ${newFileTagName(value)}`
  return undefined
}
