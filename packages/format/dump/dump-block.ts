/** The entries of a block, one annotated line or two for each, then its restart points and footer. */
import { BlockCursor, type DataBlock, IndexEntries, type IndexForm, PlainEntries } from '../block/index.ts'
import { readUint16, readUint32 } from '../bytes/index.ts'
import { type Annotator, internalKeyText, quoted } from './annotate.ts'

/** A block's payload and where it is shown: payload byte i at offset base + i. */
export interface BlockView {
  payload: Uint8Array
  base: number
  out: Annotator
}

/** Bytes of a value that are shown as text. */
const MAX_TEXT = 200

export function dumpDataBlock(block: DataBlock, view: BlockView): void {
  const cursor = new BlockCursor(block)
  const restarts = restartOffsets(block)
  const values: [number, number][] = []
  let at = 0
  let ordinal = 0
  for (let on = cursor.first(); on; on = cursor.next()) {
    const { entryStart, shared } = cursor
    const suffixEnd = block.separated ? cursor.position : cursor.valueStart
    const suffixStart = suffixEnd - (cursor.keyLength - shared)
    const head = entryHead(ordinal++, restarts.has(entryStart), shared, suffixEnd - suffixStart)
    view.out.bytes(
      view.base + entryStart,
      view.payload,
      entryStart,
      suffixStart,
      `${head} value_len=${cursor.valueEnd - cursor.valueStart}`,
    )
    dumpKey(view, suffixStart, suffixEnd, internalKeyText(cursor.key()))
    if (block.separated) values.push([cursor.valueStart, cursor.valueEnd])
    else dumpValue(view, cursor.valueStart, cursor.valueEnd)
    at = block.separated ? suffixEnd : cursor.valueEnd
  }
  for (const [start, end] of values) {
    dumpValue(view, start, end)
    at = end
  }
  dumpBlockEnd(block, view, at)
}

export function dumpIndexBlock(block: DataBlock, form: IndexForm, view: BlockView): void {
  const entries = new IndexEntries(block, form)
  const restarts = restartOffsets(block)
  for (let ordinal = 0, at = 0; entries.next(); ordinal++) {
    const { valueStart, shared } = entries
    const suffixStart = valueStart - (entries.keyLength - shared)
    const key = entries.key.subarray(0, entries.keyLength)
    const end = entries.reader.position
    const length = form.deltaValues ? '' : ` value_len=${end - valueStart}`
    view.out.bytes(
      view.base + at,
      view.payload,
      at,
      suffixStart,
      `${entryHead(ordinal, restarts.has(at), shared, valueStart - suffixStart)}${length}`,
    )
    dumpKey(view, suffixStart, valueStart, form.userKeys ? `user key ${quoted(key)}` : internalKeyText(key))
    const whole = !form.deltaValues || shared === 0
    let text = `${whole ? 'block handle' : 'size delta;'} offset=${entries.offset} size=${entries.size}`
    if (entries.firstKey !== undefined) text += `; first key = ${internalKeyText(entries.firstKey)}`
    view.out.bytes(view.base + valueStart, view.payload, valueStart, end, `value = ${text}`)
    at = end
  }
  dumpBlockEnd(block, view, entries.reader.position)
}

/** How a value of a plain block reads; `key` is the entry's key as text. */
export type ValueText = (key: string, value: Uint8Array) => string

export function dumpPlainBlock(
  block: DataBlock,
  view: BlockView,
  keys: 'name' | 'internal',
  text: ValueText,
): void {
  const entries = new PlainEntries(block)
  const restarts = restartOffsets(block)
  for (let ordinal = 0, at = 0; entries.next(); ordinal++) {
    const { shared, valueStart, valueEnd } = entries
    const key = entries.key.subarray(0, entries.keyLength)
    const suffixStart = valueStart - (entries.keyLength - shared)
    const head = entryHead(ordinal, restarts.has(at), shared, valueStart - suffixStart)
    view.out.bytes(
      view.base + at,
      view.payload,
      at,
      suffixStart,
      `${head} value_len=${valueEnd - valueStart}`,
    )
    dumpKey(view, suffixStart, valueStart, keys === 'name' ? quoted(key) : internalKeyText(key))
    const meaning = text(quoted(key).slice(1, -1), view.payload.subarray(valueStart, valueEnd))
    view.out.bytes(view.base + valueStart, view.payload, valueStart, valueEnd, meaning)
    at = valueEnd
  }
  dumpBlockEnd(block, view, entries.reader.position)
}

function entryHead(ordinal: number, restart: boolean, shared: number, unshared: number): string {
  return `entry ${ordinal}${restart ? ' (restart)' : ''}: shared=${shared} unshared=${unshared}`
}

function dumpKey(view: BlockView, start: number, end: number, text: string): void {
  view.out.bytes(view.base + start, view.payload, start, end, `key delta; full key = ${text}`)
}

function dumpValue(view: BlockView, start: number, end: number): void {
  const text = quoted(view.payload.subarray(start, end), MAX_TEXT)
  view.out.bytes(view.base + start, view.payload, start, end, `value = ${text}`)
}

function restartOffsets(block: DataBlock): Set<number> {
  const offsets = new Set<number>()
  for (let i = 0; i < block.restartCount; i++) offsets.add(block.restartAt(i))
  return offsets
}

function dumpBlockEnd(block: DataBlock, view: BlockView, entriesEnd: number): void {
  const { payload, base, out } = view
  if (entriesEnd < block.restartsStart) {
    out.bytes(
      base + entriesEnd,
      payload,
      entriesEnd,
      block.restartsStart,
      'bytes between entries and restart points',
    )
  }
  for (let i = 0; i < block.restartCount; i++) {
    const at = block.restartsStart + 4 * i
    out.bytes(base + at, payload, at, at + 4, `restart[${i}] = ${block.restartAt(i)}`)
  }
  let at = block.restartsStart + 4 * block.restartCount
  if (block.hashIndexed) {
    const countAt = payload.length - 6 - (block.separated ? 4 : 0)
    out.bytes(
      base + at,
      payload,
      at,
      countAt,
      'hash index: restart point of each bucket, ff empty, fe several',
    )
    out.bytes(
      base + countAt,
      payload,
      countAt,
      countAt + 2,
      `hash index: ${readUint16(payload, countAt)} buckets`,
    )
    at = countAt + 2
  }
  if (block.separated) {
    out.bytes(base + at, payload, at, at + 4, `values begin at ${block.entriesEnd}`)
    at += 4
  }
  out.bytes(
    base + at,
    payload,
    at,
    at + 4,
    `num_restarts = ${block.restartCount} (${flagText(readUint32(payload, at))})`,
  )
}

function flagText(footer: number): string {
  const flags: string[] = []
  if ((footer & 0x8000_0000) !== 0) flags.push('hash index')
  if ((footer & 0x2000_0000) !== 0) flags.push('uniform keys')
  if ((footer & 0x1000_0000) !== 0) flags.push('keys and values apart')
  return flags.length === 0 ? 'top bits 31/29/28 clear' : flags.join(', ')
}
