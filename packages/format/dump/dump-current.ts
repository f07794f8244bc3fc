/** An annotated dump of CURRENT. */
import { decodeCurrent } from '../names/index.ts'
import { Annotator, type LineSink } from './annotate.ts'

export function dumpCurrent(bytes: Uint8Array, write: LineSink, file?: string): void {
  const { length } = decodeCurrent(bytes, file)
  const out = new Annotator(write)
  out.bytes(0, bytes, 0, length, 'the MANIFEST in force')
  out.bytes(length, bytes, length, bytes.length, 'newline')
}
