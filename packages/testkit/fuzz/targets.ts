/**
 * One target per decoder of `@varve/format`: what it is fed, and how all that it has is read. A target may throw
 * `CORRUPTION` and `NOT_SUPPORTED`; anything else is a bug (judge.ts).
 */
import { BatchCursor } from '@varve/format/batch'
import { BlobCursor, decodeBlobFooter, decodeBlobHeader, decodeBlobIndex } from '@varve/format/blob'
import { BlockCursor, DataBlock, decodeRangeDeletions, FlatIndex, PlainEntries } from '@varve/format/block'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { CompressionType, decompressBlock, zstdDecompressFrame } from '@varve/format/compress'
import { dumpBlob, dumpCurrent, dumpManifest, dumpOptions, dumpTable, dumpWal } from '@varve/format/dump'
import { decodeEntity, encodeEntity, findDefaultColumn } from '@varve/format/entity'
import { openFilter } from '@varve/format/filter'
import { decodeSessionId, decodeVersionEdit, encodeVersionEdit } from '@varve/format/manifest'
import { decodeCurrent, parseFileName } from '@varve/format/names'
import {
  decodeFooter,
  decodeProperties,
  MemorySource,
  readRangeDeletions,
  readTableLayout,
  TableScan,
} from '@varve/format/sst'
import { decodeTuple, encodeTuple, findTupleEnd } from '@varve/format/tuple'
import { LogReader } from '@varve/format/wal'
import { loadCorpus } from './corpus.ts'
import { readOptionStruct, readOptions, readPrefixExtractor } from './read-options.ts'
import { repairBlob, repairLog } from './repair.ts'

export interface FuzzTarget {
  name: string
  corpus: readonly Uint8Array[]
  decode(bytes: Uint8Array): void
  /** Sets checksums right, in place. */
  repair?: (bytes: Uint8Array) => void
  /** How long it may take instead of 50 ms: a dump prints all that it reads. */
  maxMs?: number
}

/** The decoders' promise, for 1 MiB. */
export const MAX_MS = 50

const DUMP_MAX_MS = 10 * MAX_MS

const optionsText = `# This is a RocksDB option file.
[Version]
  rocksdb_version=7.8.3
  options_file_version=1.1
[DBOptions]
  max_open_files=-1
  wal_dir=/a\\:b
[CFOptions "default"]
  compression_opts={level=32767;enabled=false;window_bits=-14;}
  compression_per_level=kNoCompression:kSnappyCompression
  [TableOptions/BlockBasedTable "default"]
  block_size=4096
[CFOptions "with \\# and \\]"]
  write_buffer_size=67108864
`

const tuples = [
  encodeTuple(['Berlin', 30, null, true, -1.5]),
  encodeTuple([new Date(0), 'a\0b', Uint8Array.of(0, 255), [['x'], []]]),
  encodeTuple([2n ** 70n, -256n, 0n]),
]

const entities = [
  encodeEntity([]),
  encodeEntity([[encodeUtf8(''), encodeUtf8('Ada')]]),
  encodeEntity(['', 'born', 'mail'].map(name => [encodeUtf8(name), encodeUtf8(name.repeat(40))])),
]

const ignore = (_line: string): void => undefined
const short = { maxBytes: 64 }

const probe = encodeUtf8('key00007')

export function fuzzTargets(): FuzzTarget[] {
  const corpus = loadCorpus()
  const { compressedBlocks } = corpus
  const footers = corpus.tables.map(table => table.subarray(Math.max(0, table.length - 53)))
  const texts = ['MANIFEST-000005\n', '000012.sst', 'OPTIONS-000007.dbtmp', 'LOG.old.1795219518867453'].map(
    encodeUtf8,
  )
  const logs = { corpus: corpus.logs, repair: repairLog }
  const manifests = { corpus: corpus.manifests, repair: repairLog }
  const blobs = { corpus: corpus.blobs, repair: repairBlob }
  const options = { corpus: [encodeUtf8(optionsText)] }
  const tables = { corpus: corpus.tables }
  return [
    { name: 'log', ...logs, decode: bytes => readLog(bytes) },
    { name: 'batch', corpus: corpus.batches, decode: readBatch },
    { name: 'wal', ...logs, decode: bytes => readLog(bytes, readBatch) },
    { name: 'version-edit', corpus: corpus.versionEdits, decode: bytes => void decodeVersionEdit(bytes) },
    { name: 'version-edit-again', corpus: corpus.versionEdits, maxMs: 4 * MAX_MS, decode: readVersionEdit },
    {
      name: 'manifest',
      ...manifests,
      decode: bytes => readLog(bytes, payload => void decodeVersionEdit(payload)),
    },
    { name: 'current', corpus: texts, decode: bytes => void decodeCurrent(bytes) },
    { name: 'file-name', corpus: texts, decode: bytes => void parseFileName(decodeUtf8(bytes)) },
    { name: 'options', ...options, decode: readOptions },
    {
      name: 'option-struct',
      corpus: [encodeUtf8('{a=1;b={c=2;d=x:y};}')],
      decode: readOptionStruct,
    },
    {
      name: 'prefix-extractor',
      corpus: ['rocksdb.FixedPrefix.8', 'rocksdb.CappedPrefix.12', 'rocksdb.Noop', 'fixed:3'].map(encodeUtf8),
      decode: readPrefixExtractor,
    },
    {
      name: 'session-id',
      corpus: [encodeUtf8('BU763O75SNG4Q8MIY2CC')],
      decode: bytes => void decodeSessionId(decodeUtf8(bytes)),
    },
    { name: 'footer', corpus: footers, decode: bytes => void decodeFooter(bytes, 100_000) },
    { name: 'data-block', corpus: corpus.dataBlocks, decode: readDataBlock },
    { name: 'index-block', corpus: corpus.indexBlocks, decode: readIndexBlock },
    { name: 'plain-block', corpus: corpus.metaBlocks, decode: readPlainBlock },
    { name: 'properties', corpus: corpus.metaBlocks, decode: bytes => void decodeProperties(bytes) },
    { name: 'range-deletions', corpus: corpus.metaBlocks, decode: bytes => void decodeRangeDeletions(bytes) },
    { name: 'filter', corpus: corpus.filters, decode: readFilter },
    { name: 'table', ...tables, decode: readTable },
    { name: 'blob', ...blobs, decode: readBlob },
    { name: 'blob-header', corpus: corpus.blobs, decode: bytes => void decodeBlobHeader(bytes) },
    {
      name: 'blob-footer',
      corpus: corpus.blobs.map(blob => blob.subarray(Math.max(0, blob.length - 32))),
      decode: bytes => void decodeBlobFooter(bytes),
    },
    { name: 'blob-index', corpus: corpus.blobIndexes, decode: bytes => void decodeBlobIndex(bytes) },
    { name: 'tuple', corpus: tuples, decode: readTuple },
    { name: 'entity', corpus: entities, decode: readEntity },
    ...Object.entries(CompressionType).map(([name, type]): FuzzTarget => {
      const own = compressedBlocks.filter(block => block[block.length - 5] === type)
      return {
        name: `decompress-${name.toLowerCase()}`,
        corpus: (own.length > 0 ? own : compressedBlocks).map(block => block.subarray(0, block.length - 5)),
        decode: bytes => decompress(bytes, type, corpus.dictionary),
      }
    }),
    {
      name: 'zstd-frame',
      corpus: compressedBlocks.map(block => block.subarray(2, block.length - 5)),
      decode: bytes => void zstdDecompressFrame(bytes, 32 * 1024 * 1024),
    },
    { name: 'dump-wal', maxMs: DUMP_MAX_MS, ...logs, decode: bytes => dumpWal(bytes, ignore, short) },
    {
      name: 'dump-manifest',
      maxMs: DUMP_MAX_MS,
      ...manifests,
      decode: bytes => dumpManifest(bytes, ignore, short),
    },
    {
      name: 'dump-table',
      maxMs: DUMP_MAX_MS,
      ...tables,
      decode: bytes => dumpTable(new MemorySource(bytes), ignore, short),
    },
    { name: 'dump-blob', maxMs: DUMP_MAX_MS, ...blobs, decode: bytes => dumpBlob(bytes, ignore, short) },
    { name: 'dump-options', maxMs: DUMP_MAX_MS, ...options, decode: bytes => dumpOptions(bytes, ignore) },
    { name: 'dump-current', maxMs: DUMP_MAX_MS, corpus: texts, decode: bytes => dumpCurrent(bytes, ignore) },
  ]
}

function readLog(bytes: Uint8Array, record?: (payload: Uint8Array) => void): void {
  const reader = new LogReader(bytes, { logNumber: 7 })
  let last = -1
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.offset < last) throw new Error(`the log reader went back from ${last} to ${item.offset}`)
    last = item.offset
    if (item.kind === 'record') record?.(item.payload)
  }
}

function readBatch(bytes: Uint8Array): void {
  const batch = new BatchCursor(bytes)
  while (batch.next()) {
    if (batch.keyEnd > batch.bytes.length || batch.valueEnd > batch.bytes.length)
      throw new Error('outside the batch')
  }
}

/** What decodes also encodes, and to something that means the same. */
function readVersionEdit(bytes: Uint8Array): void {
  const edit = decodeVersionEdit(bytes)
  const encoded = encodeVersionEdit(edit)
  const again = encodeVersionEdit(decodeVersionEdit(encoded))
  if (Buffer.compare(encoded, again) !== 0) throw new Error('a version edit changes when it is written again')
}

/** Forward, backward, and by seeking: each must end, and stay inside the block. */
function readDataBlock(bytes: Uint8Array): void {
  const cursor = new BlockCursor(new DataBlock(bytes))
  const most = bytes.length + 1
  let steps = 0
  for (let on = cursor.first(); on; on = cursor.next()) {
    if (cursor.valueEnd > bytes.length || ++steps > most) throw new Error('a block cursor left its block')
  }
  for (let on = cursor.last(); on; on = cursor.prev()) {
    if (cursor.valueEnd > bytes.length || ++steps > 2 * most) throw new Error('a block cursor left its block')
  }
  cursor.seek(probe, 0, probe.length, 0xffff_ffff, 0xffff_ffff)
  cursor.seekForPrev(probe, 0, probe.length, 0, 0)
}

function readIndexBlock(bytes: Uint8Array): void {
  const forms = bytes.length === 0 ? 0 : bytes[bytes.length >>> 1]
  const form = { userKeys: (forms & 1) !== 0, deltaValues: (forms & 2) !== 0, firstKeys: (forms & 4) !== 0 }
  const index = FlatIndex.unfold([bytes], form)
  if (index.find(probe, 0, probe.length, 0, 0) > index.count)
    throw new Error('an index found what it does not have')
}

function readPlainBlock(bytes: Uint8Array): void {
  const entries = new PlainEntries(new DataBlock(bytes))
  let steps = 0
  while (entries.next())
    if (++steps > bytes.length) throw new Error('a plain block has more entries than bytes')
}

function readFilter(bytes: Uint8Array): void {
  const filter = openFilter(bytes)
  filter.mayMatch(probe, 0, probe.length)
  if (filter.usesFilterHash) filter.mayMatchHash(0x1234_5678, 0x9abc_def0)
}

function readTable(bytes: Uint8Array): void {
  const source = new MemorySource(bytes)
  const layout = readTableLayout(source)
  readRangeDeletions(source, layout)
  const scan = new TableScan(source, layout)
  let entries = 0
  for (let on = scan.first(); on && entries < 100_000; on = scan.next()) entries++
  scan.seek(probe, 0, probe.length, 0xffff_ffff, 0xffff_ffff)
}

function readBlob(bytes: Uint8Array): void {
  const cursor = new BlobCursor(bytes)
  while (cursor.next()) if (cursor.valueEnd > bytes.length) throw new Error('a blob record left its file')
}

/** What decodes is what the encoder writes, and it ends where it is said to. */
function readTuple(bytes: Uint8Array): void {
  const tuple = decodeTuple(bytes)
  if (Buffer.compare(encodeTuple(tuple), bytes) !== 0) throw new Error('a tuple has two encodings')
  const followed = Buffer.concat([bytes, Uint8Array.of(0, 0xff)])
  if (findTupleEnd(followed) !== bytes.length) throw new Error('a tuple ends elsewhere')
}

function decompress(bytes: Uint8Array, type: number, dictionary: Uint8Array): void {
  const withDictionary = bytes.length % 3 === 0
  decompressBlock(type, bytes, bytes.length % 5 === 0 ? 1 : 5, withDictionary ? { dictionary } : {})
}

/** Both ways of reading it must agree, and its columns make an entity of the same columns. */
function readEntity(bytes: Uint8Array): void {
  const columns = decodeEntity(bytes)
  findDefaultColumn(bytes, 0, bytes.length)
  const again = decodeEntity(encodeEntity(columns))
  for (const [i, [name, value]] of columns.entries()) {
    const isSame = Buffer.compare(name, again[i][0]) === 0 && Buffer.compare(value, again[i][1]) === 0
    if (!isSame) throw new Error('an entity changes when it is written again')
  }
}
