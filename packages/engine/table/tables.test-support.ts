/** For tests: files in memory, and tables in them. */

import { BLOCK_TRAILER_LENGTH, type BlockHandle } from '@varve/format/block'
import { concatBytes, writeUint32 } from '@varve/format/bytes'
import { VarveError } from '@varve/format/errors'
import { makeInternalKey } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import { tableName } from '@varve/format/names'
import {
  encodeFooter,
  encodeMetaindex,
  encodeProperties,
  expectedChecksum,
  fixed32Value,
  fixed64Value,
  MemorySource,
  PropertyName,
  readTableLayout,
  TableBuilder,
  type TableBuilderOptions,
} from '@varve/format/sst'
import { compareEntries, type FakeEntry } from '../cursor/fake-run.test-support.ts'
import type { File, FileLock, FileStatus, FileSystem } from '../fs/index.ts'
import type { RangeTombstone } from '../tombstone/index.ts'

/** Counts what is read. Only reading is served. */
export class MemoryFiles implements FileSystem {
  readonly files = new Map<string, Uint8Array>()
  reads = 0
  openCount = 0

  openSync(path: string): File {
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new VarveError('NOT_FOUND', `no ${path}`, { file: path })
    this.openCount++
    return new MemoryFile(path, bytes, this)
  }

  async open(path: string): Promise<File> {
    return this.openSync(path)
  }

  readFile(): Promise<Uint8Array> {
    return unused()
  }
  list(): Promise<string[]> {
    return unused()
  }
  stat(): Promise<FileStatus | undefined> {
    return unused()
  }
  rename(): Promise<void> {
    return unused()
  }
  unlink(): Promise<void> {
    return unused()
  }
  unlinkSync(): void {
    unused()
  }
  makeDirectory(): Promise<void> {
    return unused()
  }
  syncDirectory(): Promise<void> {
    return unused()
  }
  syncDirectorySync(): void {
    unused()
  }
  lock(): Promise<FileLock> {
    return unused()
  }
}

class MemoryFile implements File {
  readonly path: string
  private readonly bytes: Uint8Array
  private readonly owner: MemoryFiles
  private isOpen = true

  constructor(path: string, bytes: Uint8Array, owner: MemoryFiles) {
    this.path = path
    this.bytes = bytes
    this.owner = owner
  }

  size(): number {
    return this.bytes.length
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    await Promise.resolve()
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    if (!this.isOpen) throw new VarveError('IO_ERROR', `${this.path} was read after it was closed`)
    this.owner.reads++
    const found = this.bytes.subarray(position, position + target.length)
    target.set(found)
    return found.length
  }

  closeSync(): void {
    if (this.isOpen) this.owner.openCount--
    this.isOpen = false
  }

  async close(): Promise<void> {
    this.closeSync()
  }

  write(): Promise<void> {
    return unused()
  }
  writeSync(): void {
    unused()
  }
  sync(): Promise<void> {
    return unused()
  }
  syncSync(): void {
    unused()
  }
  truncate(): Promise<void> {
    return unused()
  }
}

function unused(): never {
  throw new Error('not served by MemoryFiles')
}

/** Writes a table of `entries`, sorted or not, and of one deleted range as file `number`; its MANIFEST record at level 1. */
export function addTable(
  fs: MemoryFiles,
  number: number,
  entries: readonly FakeEntry[],
  options: TableBuilderOptions = {},
  deleted?: RangeTombstone,
): NewFile {
  const parts: Uint8Array[] = []
  const builder = new TableBuilder(options, bytes => parts.push(bytes.slice()))
  for (const { key, sequence, type, value } of entries.toSorted(compareEntries)) {
    const internalKey = makeInternalKey(key, sequence, type)
    builder.add(internalKey, 0, internalKey.length, value, 0, value.length)
  }
  if (deleted !== undefined) builder.addRangeDeletion(deleted.start, deleted.sequence, deleted.end)
  const summary = builder.finish()
  fs.files.set(`/db/${tableName(number)}`, Buffer.concat(parts))
  return {
    level: 1,
    number,
    size: summary.fileSize,
    smallest: summary.smallest,
    largest: summary.largest,
    smallestSequence: summary.smallestSequence,
    largestSequence: summary.largestSequence,
    tailSize: summary.tailSize,
  }
}

/** Makes a table, whose entries have sequence 0, one that RocksDB has ingested: all of them count as `sequence`. */
export function ingestTable(fs: MemoryFiles, record: NewFile, sequence: number): NewFile {
  const path = `/db/${tableName(record.number)}`
  const bytes = fs.files.get(path) ?? unused()
  const { footer, index, metaindex, properties } = readTableLayout(new MemorySource(bytes))
  const raw = new Map(properties?.raw)
  raw.set(PropertyName.externalVersion, fixed32Value(2))
  raw.set(PropertyName.globalSequence, fixed64Value(sequence))
  // What follows the properties is only the metaindex and the footer.
  let ingested: Uint8Array = bytes.subarray(0, metaindex.get('rocksdb.properties')?.offset)
  const append = (payload: Uint8Array): BlockHandle => {
    const handle = { offset: ingested.length, size: payload.length }
    const block = concatBytes(payload, new Uint8Array(BLOCK_TRAILER_LENGTH))
    writeUint32(block, payload.length + 1, expectedChecksum(block, handle.offset, footer))
    ingested = concatBytes(ingested, block)
    return handle
  }
  const blocks = new Map(metaindex).set('rocksdb.properties', append(encodeProperties(raw)))
  const placed = { ...footer, index, metaindex: append(encodeMetaindex(blocks)), offset: ingested.length }
  fs.files.set(path, concatBytes(ingested, encodeFooter(placed)))
  return {
    ...record,
    size: fs.files.get(path)?.length ?? 0,
    smallestSequence: sequence,
    largestSequence: sequence,
  }
}
