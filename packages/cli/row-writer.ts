/** Prints entries, each as a line: text columns (tsv.ts), hex columns, or JSON (`@varve/server/entry-json`). */
import { formatEntry } from '@varve/server/entry-json'
import { formatHex } from './key-text.ts'
import type { Output } from './output.ts'
import { writeEscaped } from './tsv.ts'

const TAB = 0x09
const NEWLINE = 0x0a

export interface RowStyle {
  kind: 'text' | 'raw' | 'hex' | 'json'
  keysOnly: boolean
  /** For JSON rows, which name it unless it is the default one. */
  columnFamily?: string
}

/** `expiresAt`, in milliseconds since 1970, is told in JSON only. */
export type WriteRow = (key: Uint8Array, value: Uint8Array, expiresAt?: number) => void

/** Chooses once how rows are written, not once per row. */
export function rowWriter(output: Output, { kind, keysOnly, columnFamily }: RowStyle): WriteRow {
  if (kind === 'json') {
    return (key, value, expiresAt) =>
      output.line(formatEntry(key, keysOnly ? undefined : value, columnFamily, expiresAt))
  }
  if (kind === 'hex') {
    return (key, value) => output.line(keysOnly ? formatHex(key) : `${formatHex(key)}\t${formatHex(value)}`)
  }
  const { pending } = output
  const column = (bytes: Uint8Array) =>
    kind === 'raw' ? pending.append(bytes) : writeEscaped(pending, bytes)
  return (key, value) => {
    column(key)
    if (!keysOnly) {
      pending.uint8(TAB)
      column(value)
    }
    pending.uint8(NEWLINE)
    output.flushWhenFull()
  }
}
