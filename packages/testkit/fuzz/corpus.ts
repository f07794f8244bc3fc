/**
 * What mutation starts from: bytes that C++ RocksDB wrote (testdata/rocksdb/vectors), by kind of file, and
 * tables of our own builder without checksums, so that a changed byte gets past the first check.
 */
import { readFileSync } from 'node:fs'
import { BLOCK_TRAILER_LENGTH } from '@varve/format/block'
import { ChecksumType } from '@varve/format/checksum'
import { CompressionType } from '@varve/format/compress'
import { makeInternalKey, ValueType } from '@varve/format/key'
import { parseFileName } from '@varve/format/names'
import { decodeBlockPayload, MemorySource, readTableLayout, TableBuilder, TableScan } from '@varve/format/sst'

const vectors = new URL('../../../testdata/rocksdb/vectors/', import.meta.url)

export interface Corpus {
  tables: Uint8Array[]
  /** Payloads of the blocks of those tables: uncompressed, without their trailers. */
  dataBlocks: Uint8Array[]
  indexBlocks: Uint8Array[]
  metaBlocks: Uint8Array[]
  filters: Uint8Array[]
  logs: Uint8Array[]
  manifests: Uint8Array[]
  versionEdits: Uint8Array[]
  batches: Uint8Array[]
  blobs: Uint8Array[]
  blobIndexes: Uint8Array[]
  compressedBlocks: Uint8Array[]
  dictionary: Uint8Array
}

export function loadCorpus(): Corpus {
  const corpus: Corpus = {
    tables: [],
    dataBlocks: [],
    indexBlocks: [],
    metaBlocks: [],
    filters: [],
    logs: [],
    manifests: [],
    versionEdits: hexStrings('manifest.json', 'payloadHex'),
    batches: hexStrings('wal.json', 'batchHex'),
    blobs: hexStrings('blob.json', 'hex'),
    blobIndexes: hexStrings('blob.json', 'blobIndexValuesInSst'),
    compressedBlocks: hexStrings('compressed_blocks.json', 'blockWithTrailerHex'),
    dictionary: readDictionary(),
  }
  corpus.logs.push(...hexStrings('wal.json', 'hex'))
  corpus.manifests.push(...hexStrings('manifest.json', 'hex'))
  corpus.filters.push(...hexStrings('filters.json', 'hex'))
  corpus.filters.push(ribbonFilter())
  addSampleDatabases(corpus)
  for (const formatVersion of [2, 3, 4, 5, 6, 7]) corpus.tables.push(uncheckedTable(formatVersion))
  for (const table of corpus.tables) addBlocks(corpus, table)
  return corpus
}

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, vectors), 'utf8'))
}

function readDictionary(): Uint8Array {
  const { zlib_dict } = readVectors('compressed_blocks.json') as { zlib_dict: { dictBase64: string } }
  return Buffer.from(zlib_dict.dictBase64, 'base64')
}

function ribbonFilter(): Uint8Array {
  for (const [name, vector] of Object.entries(
    readVectors('filters.json') as Record<string, { base64: string }>,
  )) {
    if (name.includes('ribbon')) return Buffer.from(vector.base64, 'base64')
  }
  throw new Error('filters.json has no ribbon filter')
}

/** Every string of hex below a field of that name, wherever it stands. */
function hexStrings(file: string, field: string): Uint8Array[] {
  const found: Uint8Array[] = []
  const visit = (value: unknown, inField: boolean): void => {
    if (typeof value === 'string' && inField && /^([0-9a-f]{2})+$/.test(value))
      found.push(Buffer.from(value, 'hex'))
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value))
      visit(inner, name === field || (inField && Array.isArray(value)))
  }
  visit(readVectors(file), false)
  return found
}

function addSampleDatabases(corpus: Corpus): void {
  const databases = readVectors('sample_dbs.json') as Record<string, Record<string, string>>
  for (const files of Object.values(databases)) {
    for (const [name, base64] of Object.entries(files)) {
      const bytes = Buffer.from(base64, 'base64')
      const kind = bytes.length === 0 ? undefined : parseFileName(name)?.kind
      if (kind === 'table') corpus.tables.push(bytes)
      if (kind === 'wal') corpus.logs.push(bytes)
      if (kind === 'manifest') corpus.manifests.push(bytes)
      if (kind === 'blob') corpus.blobs.push(bytes)
    }
  }
}

function addBlocks(corpus: Corpus, table: Uint8Array): void {
  const source = new MemorySource(table)
  const layout = readTableLayout(source)
  // Without checksums: an ingested file's properties were changed after theirs was computed.
  const payload = ({ offset, size }: { offset: number; size: number }) =>
    decodeBlockPayload(source.read(offset, size + BLOCK_TRAILER_LENGTH), offset, layout.footer, {
      verify: false,
    }).slice()
  corpus.indexBlocks.push(payload(layout.index))
  for (const handle of layout.metaindex.values()) corpus.metaBlocks.push(payload(handle))
  corpus.metaBlocks.push(payload(layout.footer.metaindex))
  if (layout.filter !== undefined && !layout.filterPartitioned) corpus.filters.push(payload(layout.filter))
  corpus.dataBlocks.push(new TableScan(source, layout).readBlock(0).bytes.slice())
}

/** A table with several blocks, a filter and no checksums that could be wrong. */
function uncheckedTable(formatVersion: number): Uint8Array {
  const chunks: Uint8Array[] = []
  const options = {
    formatVersion,
    checksumType: ChecksumType.None,
    compression: formatVersion % 2 === 0 ? CompressionType.None : CompressionType.Snappy,
    blockSize: 300,
    blockRestartInterval: 4,
    indexBlockRestartInterval: formatVersion >= 5 ? 4 : 1,
    bloomBitsPerKey: 10,
  }
  const builder = new TableBuilder(options, bytes => chunks.push(bytes.slice()))
  const text = new TextEncoder()
  for (let i = 0; i < 60; i++) {
    const type = i % 7 === 0 ? ValueType.Deletion : ValueType.Value
    const key = makeInternalKey(text.encode(`key${String(i).padStart(5, '0')}`), i + 1, type)
    const value = text.encode(type === ValueType.Value ? `value ${i} `.repeat(i % 5) : '')
    builder.add(key, 0, key.length, value, 0, value.length)
  }
  builder.finish()
  return Buffer.concat(chunks)
}
