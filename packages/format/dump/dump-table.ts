/**
 * A table file byte by byte: every block in the order of the file, every entry, checksum and footer field.
 * Blocks that are compressed are shown unpacked; their offsets then count within the payload, with a plus.
 */
import { BLOCK_TRAILER_LENGTH, type BlockHandle, DataBlock, type FlatIndex } from '../block/index.ts'
import { readUint32 } from '../bytes/index.ts'
import { contextModifier } from '../checksum/index.ts'
import { compressionName } from '../compress/index.ts'
import { CorruptionError } from '../errors/index.ts'
import {
  type ByteSource,
  decodeBlockPayload,
  expectedChecksum,
  IndexType,
  PropertyName,
  readDictionary,
  readExactly,
  readIndex,
  readTableLayout,
  readTopLevel,
  type TableLayout,
} from '../sst/index.ts'
import { Annotator, type DumpOptions, type LineSink } from './annotate.ts'
import { type BlockView, dumpDataBlock, dumpIndexBlock, dumpPlainBlock } from './dump-block.ts'
import { dumpFooter } from './dump-footer.ts'
import { endKeyText, handleText, propertyText } from './property-text.ts'

/** Kinds of blocks made of entries. */
type EntryKind = 'data' | 'index' | 'filterIndex' | 'rangeDeletions' | 'properties' | 'metaindex'

interface PlacedBlock {
  handle: BlockHandle
  title: string
  kind: EntryKind | 'filter' | 'bytes'
}

export function dumpTable(source: ByteSource, write: LineSink, options: DumpOptions = {}): void {
  const layout = readTableLayout(source)
  const out = new Annotator(write, options)
  const dictionary = readDictionary(source, layout)
  let at = 0
  for (const block of placeBlocks(source, layout)) {
    const { offset, size } = block.handle
    if (offset < at) throw new CorruptionError('blocks overlap', source.file, offset)
    if (offset > at) dumpGap(source, out, at, offset)
    dumpPlacedBlock(source, layout, out, block, block.kind === 'data' ? dictionary : undefined)
    at = offset + size + BLOCK_TRAILER_LENGTH
  }
  if (at < layout.footer.offset) dumpGap(source, out, at, layout.footer.offset)
  dumpFooter(source, layout.footer, out)
}

/** Every block of the table, in the order of the file. */
function placeBlocks(source: ByteSource, layout: TableLayout): PlacedBlock[] {
  const blocks: PlacedBlock[] = []
  placeAll(blocks, readIndex(source, layout), 'DATA', 'data')
  if (layout.indexType === IndexType.Partitioned) {
    placeAll(blocks, readTopLevel(source, layout, layout.index), 'INDEX partition', 'index')
    blocks.push({ handle: layout.index, title: 'top-level INDEX', kind: 'index' })
  } else {
    blocks.push({ handle: layout.index, title: 'INDEX', kind: 'index' })
  }
  blocks.push({ handle: layout.footer.metaindex, title: 'METAINDEX', kind: 'metaindex' })
  for (const [name, handle] of layout.metaindex) {
    if (name === 'rocksdb.index') continue
    if (handle === layout.filter && layout.filterPartitioned) {
      placeAll(blocks, readTopLevel(source, layout, handle), 'FILTER partition', 'filter')
    }
    blocks.push({ handle, ...kindOf(name, handle, layout) })
  }
  return blocks.sort((a, b) => a.handle.offset - b.handle.offset)
}

function placeAll(blocks: PlacedBlock[], index: FlatIndex, title: string, kind: PlacedBlock['kind']): void {
  for (let i = 0; i < index.count; i++) {
    blocks.push({ handle: { offset: index.offsets[i], size: index.sizes[i] }, title, kind })
  }
}

function kindOf(name: string, handle: BlockHandle, layout: TableLayout): Pick<PlacedBlock, 'title' | 'kind'> {
  if (handle === layout.filter)
    return { title: name, kind: layout.filterPartitioned ? 'filterIndex' : 'filter' }
  if (handle === layout.rangeDeletions) return { title: 'RANGE_DEL', kind: 'rangeDeletions' }
  if (name === 'rocksdb.properties' || name === 'rocksdb.stats')
    return { title: 'PROPERTIES', kind: 'properties' }
  return { title: name, kind: 'bytes' }
}

function dumpPlacedBlock(
  source: ByteSource,
  layout: TableLayout,
  out: Annotator,
  block: PlacedBlock,
  dictionary: Uint8Array | undefined,
): void {
  const { offset, size } = block.handle
  const raw = readExactly(source, offset, size + BLOCK_TRAILER_LENGTH, 'block')
  out.section(`${block.title} block: offset ${offset} (0x${offset.toString(16)}) payload size ${size}`)
  const { file } = source
  // Properties of an ingested table may fail their checksum lawfully; `readTableLayout` has checked them.
  const verify = block.kind !== 'properties'
  const payload = decodeBlockPayload(raw, offset, layout.footer, { verify, dictionary, file })
  const type = raw[size]
  if (type !== 0) {
    out.bytes(offset, raw, 0, size, `${compressionName(type)}, ${payload.length} bytes unpacked:`)
  }
  dumpPayload(layout, out, block, { payload, base: type === 0 ? offset : 0, out })
  dumpTrailer(layout, out, raw, offset)
}

function dumpPayload(
  layout: TableLayout,
  out: Annotator,
  { kind, handle }: PlacedBlock,
  view: BlockView,
): void {
  const { payload, base } = view
  if (kind === 'bytes') out.bytes(base, payload, 0, payload.length, 'bytes')
  else if (kind === 'filter') dumpFilter(view)
  else dumpEntries(layout, kind, new DataBlock(payload, layout.file, handle.offset), view)
}

function dumpEntries(layout: TableLayout, kind: EntryKind, block: DataBlock, view: BlockView): void {
  switch (kind) {
    case 'data':
      dumpDataBlock(block, view)
      break
    case 'index':
      dumpIndexBlock(block, layout.indexForm, view)
      break
    case 'filterIndex':
      dumpIndexBlock(block, { ...layout.indexForm, firstKeys: false }, view)
      break
    case 'rangeDeletions':
      dumpPlainBlock(block, view, 'internal', endKeyText)
      break
    case 'properties':
      dumpPlainBlock(block, view, 'name', propertyText)
      break
    case 'metaindex':
      dumpPlainBlock(block, view, 'name', handleText)
      break
  }
}

function dumpFilter({ payload, base, out }: BlockView): void {
  const bits = Math.max(0, payload.length - 5)
  if (bits > 0) out.bytes(base, payload, 0, bits, `filter data, ${bits} bytes`)
  out.bytes(base + bits, payload, bits, payload.length, `metadata: ${filterText(payload.subarray(bits))}`)
}

function filterText(metadata: Uint8Array): string {
  const [kind, second, third] = metadata
  if (kind === 0xff && second === 0) return `FF=new bloom, 00=FastLocalBloom, probes=${third & 0x1f}`
  if (kind === 0xfe) return `FE=Standard128Ribbon, seed=${second}, blocks=${readUint32(metadata, 1) >>> 8}`
  if (kind >= 1 && kind <= 127) return `legacy bloom, probes=${kind}, lines=${readUint32(metadata, 1)}`
  return 'of an unknown kind'
}

function dumpTrailer(layout: TableLayout, out: Annotator, raw: Uint8Array, offset: number): void {
  const end = raw.length - BLOCK_TRAILER_LENGTH
  const stored = readUint32(raw, end + 1)
  const context = contextModifier(layout.footer.baseContextChecksum, offset)
  let text = `trailer: checksum ${hex32(stored)}`
  if (context !== 0) text += ` = base checksum ${hex32((stored - context) >>> 0)} + context ${hex32(context)}`
  if (stored !== expectedChecksum(raw, offset, layout.footer))
    text += ` (good with ${PropertyName.globalSequence} zero)`
  out.bytes(offset + end, raw, end, end + 1, `trailer: compression type ${raw[end]}`)
  out.bytes(offset + end + 1, raw, end + 1, end + 5, text)
}

function dumpGap(source: ByteSource, out: Annotator, start: number, end: number): void {
  out.section(`bytes that belong to no block: offset ${start} (0x${start.toString(16)})`)
  out.bytes(start, readExactly(source, start, end - start, 'gap'), 0, end - start, 'unknown')
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
