/**
 * The record that an index keeps of itself, in its own column family: what it was built from, and how far. It is
 * written in one batch with the entries that it speaks of.
 *
 *     0xff -> {"format":1,"definition":"...","rows":3,"state":"building","through":"a1b2"}
 *
 *     definition   the fingerprint of what was declared (index-definition.ts)
 *     rows         the id of the rows' column family: a family made anew under the same name has another
 *     state        building: rows up to the key `through` (hex; absent, none) are in it, and of the later ones those that
 *                  were written since.  ready: all are.  stale: rows were written by whom it was unknown to
 */
import { encodeUtf8, fromHex, toHex } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import type { ColumnFamily } from '../index.ts'
import { json } from './codec.ts'
import { RECORD_KEY } from './index-entries.ts'

const FORMAT = 1

export interface IndexRecord {
  definition: string
  /** Id of the column family of the rows. */
  rows: number
  state: 'building' | 'ready' | 'stale'
  /** The last row, by its key, that a build has come to. */
  through: Uint8Array | undefined
}

export function encodeRecord({ definition, rows, state, through }: IndexRecord): Uint8Array {
  const hex = through === undefined ? undefined : toHex(through)
  return encodeUtf8(JSON.stringify({ format: FORMAT, definition, rows, state, through: hex }))
}

/** Undefined when the index has none, or one of a format that is not ours: it is built anew then. */
export async function readRecord(family: ColumnFamily): Promise<IndexRecord | undefined> {
  const stored = await family.get(RECORD_KEY)
  return stored && decodeRecord(stored)
}

function decodeRecord(stored: Uint8Array): IndexRecord | undefined {
  const record = json<Partial<Record<string, unknown>> | null>().decode(stored)
  if (record?.format !== FORMAT) return undefined
  const { definition, rows, state, through } = record
  const isKnown = state === 'building' || state === 'ready' || state === 'stale'
  if (typeof definition !== 'string' || typeof rows !== 'number' || !isKnown) {
    throw new CorruptionError('the record of an index is none')
  }
  return { definition, rows, state, through: typeof through === 'string' ? fromHex(through) : undefined }
}
