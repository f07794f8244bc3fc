import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BlockBuilder,
  BlockCursor,
  type BlockHandle,
  DataBlock,
  encodeHandle,
  IndexBuilder,
  IndexEntries,
} from '../block/index.ts'
import { buildSeparatedBlock } from '../block/test/separated-block.ts'
import { concatBytes, readUint32, writeUint16, writeUint32, zigzagEncode } from '../bytes/index.ts'
import { DATA_BLOCK_HASH_SEED, legacyHash } from '../checksum/index.ts'
import { makeInternalKey, userKeyOf } from '../key/index.ts'
import {
  encodeFooter,
  encodeMetaindex,
  encodeProperties,
  expectedChecksum,
  MemorySource,
  readBlockPayload,
  readRangeDeletions,
  type TableLayout,
  TableScan,
  varintValue,
} from './index.ts'
import { buildAgain } from './test/again.ts'
import { type SampleTable, sampleTables } from './test/sample-tables.ts'

const unpartitioned = sampleTables().filter(({ name }) => !name.includes('idx2'))

/** Tables with nothing that the builder does not write: of 7.8, no hash indexes, no range deletions, ... */
const plain = unpartitioned.filter(({ name }) =>
  /^7\.8\.3\/(tiny|cfs|multiver|fcksum|wide|blobgc)/.test(name),
)

describe('a table decoded and built again', () => {
  for (const { name, bytes } of plain) {
    it(`is the same bytes as C++ wrote: ${name}, by the table builder`, () => {
      const { properties } = new TableScan(new MemorySource(bytes)).layout
      const blockSize = name.startsWith('7.8.3/multiver') ? 128 : 4096
      const again = buildAgain(bytes, { blockSize })
      assert.deepEqual(again.bytes, bytes)
      assert.equal(again.summary.fileSize, bytes.length)
      assert.deepEqual([...again.summary.properties.raw.keys()].sort(), [...properties!.raw.keys()])
    })
  }

  for (const table of unpartitioned) {
    it(`is the same bytes as C++ wrote: ${table.name}, block by block`, () => {
      assert.deepEqual(new TableAgain(table).build(), table.bytes)
    })
  }
})

/** Takes a table apart into entries and names, and encodes each block anew at its place. */
class TableAgain {
  private readonly scan: TableScan
  private readonly source: MemorySource
  private readonly bytes: Uint8Array

  constructor({ bytes, name }: SampleTable) {
    this.source = new MemorySource(bytes, name)
    this.scan = new TableScan(this.source)
    this.bytes = new Uint8Array(bytes.length)
  }

  build(): Uint8Array {
    const { layout, index } = this.scan
    const blocks: DataBlock[] = []
    for (let i = 0; i < index.count; i++) {
      blocks.push(this.scan.readBlock(i))
      this.place({ offset: index.offsets[i], size: index.sizes[i] }, encodeDataBlock(blocks[i]))
    }
    this.place(layout.index, this.encodeIndex(blocks))
    for (const [name, handle] of layout.metaindex) this.placeMeta(name, handle)
    this.place(layout.footer.metaindex, encodeMetaindex(layout.metaindex))
    this.bytes.set(encodeFooter(layout.footer), layout.footer.offset)
    return this.bytes
  }

  private place(handle: BlockHandle, payload: Uint8Array): void {
    assert.equal(payload.length, handle.size)
    const raw = concatBytes(payload, new Uint8Array(5))
    writeUint32(raw, payload.length + 1, expectedChecksum(raw, handle.offset, this.scan.layout.footer))
    this.bytes.set(raw, handle.offset)
  }

  private placeMeta(name: string, handle: BlockHandle): void {
    const { layout } = this.scan
    if (name === 'rocksdb.index') return
    if (name === 'rocksdb.properties') this.placeProperties(handle)
    else if (name === 'rocksdb.range_del') this.place(handle, encodeRangeDeletions(this.source, this.scan))
    else this.place(handle, readBlockPayload(this.source, handle, layout.footer, name))
  }

  /** With the checksum that the block had before a global sequence number was written over it. */
  private placeProperties(handle: BlockHandle): void {
    const { raw } = this.scan.layout.properties!
    const zeroed = new Map(raw)
    const name = 'rocksdb.external_sst_file.global_seqno'
    if (raw.has(name)) zeroed.set(name, new Uint8Array(8))
    this.place(handle, encodeProperties(zeroed))
    this.bytes.set(encodeProperties(raw), handle.offset)
  }

  private encodeIndex(blocks: DataBlock[]): Uint8Array {
    const { index, layout } = this.scan
    const ends = blocks.map(block => edgeKeys(block))
    const { userKeys, deltaValues, firstKeys } = layout.indexForm
    const handles = blocks.map((_, i) => ({ offset: index.offsets[i], size: index.sizes[i] }))
    const restartInterval = indexRestartInterval(this.source, layout)
    const builder = new IndexBuilder({
      userKeys: layout.footer.formatVersion >= 3,
      deltaValues,
      restartInterval,
    })
    blocks.forEach((_, i) => {
      builder.add(ends[i].last, ends[i + 1]?.first, handles[i])
    })
    assert.equal(builder.userKeys, userKeys)
    if (!firstKeys) return builder.finish()
    const whole = new BlockBuilder(restartInterval)
    handles.forEach((handle, i) => {
      const firstKey = concatBytes(varintValue(ends[i].first.length), ends[i].first)
      const sizeDelta = varintValue(zigzagEncode(handle.size - (handles[i - 1]?.size ?? 0)))
      whole.addUnmeasured(
        index.key(i),
        concatBytes(encodeHandle(handle), firstKey),
        concatBytes(sizeDelta, firstKey),
      )
    })
    return whole.finish()
  }
}

/** How many entries of the index lie between two restart points. */
function indexRestartInterval(source: MemorySource, layout: TableLayout): number {
  const block = new DataBlock(readBlockPayload(source, layout.index, layout.footer, 'index'))
  const entries = new IndexEntries(block, layout.indexForm)
  let count = 0
  while (block.restartCount > 1 && entries.reader.position < block.restartAt(1) && entries.next()) count++
  return count || 1
}

function edgeKeys(block: DataBlock): { first: Uint8Array; last: Uint8Array } {
  const cursor = new BlockCursor(block)
  assert.ok(cursor.first())
  const first = cursor.key()
  assert.ok(cursor.last())
  return { first, last: cursor.key() }
}

function encodeDataBlock(block: DataBlock): Uint8Array {
  const builder = new BlockBuilder(16)
  const entries: { key: Uint8Array; value: Uint8Array }[] = []
  const cursor = new BlockCursor(block)
  for (let on = cursor.first(); on; on = cursor.next())
    entries.push({ key: cursor.key(), value: cursor.value() })
  if (block.separated) return buildSeparatedBlock(entries, 16)
  for (const { key, value } of entries) builder.add(key, 0, key.length, value, 0, value.length)
  const payload = builder.finish()
  return block.hashIndexed ? withHashIndex(payload, entries) : payload
}

/** Adds the hash index as C++ builds it: RocksDB: table/block_based/data_block_hash_index.cc */
function withHashIndex(payload: Uint8Array, entries: { key: Uint8Array }[]): Uint8Array {
  const bucketCount = Math.floor(entries.length / 0.75) | 1
  const buckets = new Uint8Array(bucketCount).fill(0xff)
  entries.forEach(({ key }, i) => {
    const user = userKeyOf(key)
    const bucket = legacyHash(user, 0, user.length, DATA_BLOCK_HASH_SEED) % bucketCount
    const restart = Math.floor(i / 16)
    if (buckets[bucket] === 0xff) buckets[bucket] = restart
    else if (buckets[bucket] !== restart) buckets[bucket] = 0xfe
  })
  const tail = new Uint8Array(6)
  writeUint16(tail, 0, bucketCount)
  writeUint32(tail, 2, readUint32(payload, payload.length - 4) + 0x8000_0000)
  return concatBytes(payload.subarray(0, payload.length - 4), buckets, tail)
}

function encodeRangeDeletions(source: MemorySource, scan: TableScan): Uint8Array {
  const builder = new BlockBuilder(1)
  for (const { start, end, trailerLow, trailerHigh } of readRangeDeletions(source, scan.layout)) {
    const key = makeInternalKey(start, 0, 0)
    writeUint32(key, start.length, trailerLow)
    writeUint32(key, start.length + 4, trailerHigh)
    builder.add(key, 0, key.length, end, 0, end.length)
  }
  return builder.finish()
}
