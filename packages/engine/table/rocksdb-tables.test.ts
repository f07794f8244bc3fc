/** Tables that C++ RocksDB wrote, read with what its MANIFESTs say about them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { sequenceOfTrailer, ValueType } from '@varve/format/key'
import { decodeVersionEdit, type NewFile } from '@varve/format/manifest'
import { parseFileName } from '@varve/format/names'
import { MemorySource, TableScan } from '@varve/format/sst'
import { LogReader } from '@varve/format/wal'
import { BlockCache } from '../cache/index.ts'
import { SeekTarget, Step } from '../cursor/cursor.ts'
import { driveSync } from '../cursor/driver.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import { TableCursor } from './table-cursor.ts'
import { TableReader } from './table-reader.ts'
import { MemoryFiles } from './tables.test-support.ts'

const samples: Record<string, Record<string, string>> = JSON.parse(
  readFileSync(new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url), 'utf8'),
)

/** What each database holds that must be refused at open; absent, all of its tables open. */
const refused: Record<string, RegExp> = {
  '7.8.3/rangedel': /range deletions/,
  '11.9.0/rangedel': /range deletions/,
  '7.8.3/ingest': /range deletions/,
  '11.9.0/udt': /comparator leveldb.BytewiseComparator.u64ts/,
  '11.9.0/udt_nopersist': /comparator leveldb.BytewiseComparator.u64ts/,
  '7.8.3/cfs': /merge operands|comparator/,
}

const ingested = new URL('../../../testdata/rocksdb/7.8.3/ingested/', import.meta.url)
samples['7.8.3/ingested'] = Object.fromEntries(
  ['000024.sst', 'MANIFEST-000021'].map(file => [file, readFileSync(new URL(file, ingested), 'base64')]),
)

for (const [name, files] of Object.entries(samples)) {
  const content = (file: string) => Uint8Array.from(Buffer.from(files[file], 'base64'))
  const records = new Map<number, NewFile>()
  for (const file of Object.keys(files)) {
    if (file.startsWith('MANIFEST'))
      for (const record of newFiles(content(file))) records.set(record.number, record)
  }
  for (const file of Object.keys(files)) {
    const parsed = parseFileName(file)
    const record = parsed?.kind === 'table' ? records.get(parsed.number) : undefined
    if (record === undefined) continue
    test(`${name}/${file} is read as RocksDB wrote it, or refused by name`, () => {
      const fs = new MemoryFiles()
      fs.files.set(file, content(file))
      const open = () => TableReader.openSync(fs, file, record, { cache: new BlockCache(1 << 20) })
      if (refused[name] !== undefined && !opens(open)) {
        assert.throws(open, refused[name])
        assert.equal(fs.openCount, 0)
      } else checkTable(open(), new TableScan(new MemorySource(content(file))), record)
    })
  }
}

function* newFiles(manifest: Uint8Array): Iterable<NewFile> {
  const reader = new LogReader(manifest, {})
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'record') yield* decodeVersionEdit(item.payload).newFiles ?? []
  }
}

function opens(open: () => TableReader): boolean {
  try {
    open().closeSync()
    return true
  } catch (error) {
    assert.ok(isVarveError(error, 'NOT_SUPPORTED'))
    return false
  }
}

/** The cursor gives the entries of the plain walk, and every one of them is found. */
function checkTable(table: TableReader, scan: TableScan, record: NewFile): void {
  const cursor = new TableCursor(table)
  const lookup = new PointLookup()
  let step = driveSync(() => cursor.first(), cursor)
  for (let more = scan.first(); more; more = scan.next()) {
    assert.equal(step, Step.moved)
    const key = cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd)
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    assert.equal(toHex(key), toHex(scan.cursor.keyBytes.slice(0, scan.cursor.keyLength - 8)))
    assert.ok(sequence >= record.smallestSequence && sequence <= record.largestSequence)
    checkLookup(table, lookup, key, sequence, cursor)
    checkSeek(table, key, sequence)
    step = driveSync(() => cursor.next(), cursor)
  }
  assert.equal(step, Step.ended)
}

function checkLookup(
  table: TableReader,
  lookup: PointLookup,
  key: Uint8Array,
  sequence: number,
  cursor: TableCursor,
): void {
  const type = cursor.trailerLow & 0xff
  const find = () => {
    while (table.get(lookup) === Step.needsBlock) lookup.wanted?.loadSync()
  }
  lookup.begin(key, 0, key.length, sequence)
  const isShown =
    type === ValueType.Value || type === ValueType.BlobIndex || type === ValueType.WideColumnEntity
  if (isShown) {
    find()
    assert.equal(lookup.state, type === ValueType.BlobIndex ? LookupState.blob : LookupState.value)
    assert.deepEqual(
      lookup.valueBytes.slice(lookup.valueStart, lookup.valueEnd),
      cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd),
    )
  } else if (type === ValueType.Deletion || type === ValueType.SingleDeletion) {
    find()
    assert.equal(lookup.state, LookupState.deleted)
  } else {
    assert.throws(find, (error: unknown) => isVarveError(error, 'NOT_SUPPORTED'))
  }
}

/** A reader right before an entry's sequence does not see it; one at it does. */
function checkSeek(table: TableReader, key: Uint8Array, sequence: number): void {
  const cursor = new TableCursor(table)
  const target = new SeekTarget().set(key, 0, key.length, sequence)
  driveSync(() => cursor.seek(target), cursor)
  assert.equal(sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh), sequence)
  driveSync(() => cursor.seekForPrev(target), cursor)
  const stands = () => toHex(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd)) === toHex(key)
  if (cursor.valid && stands()) assert.ok(sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh) > sequence)
  if (sequence === 0) return
  target.set(key, 0, key.length, sequence - 1)
  driveSync(() => cursor.seek(target), cursor)
  if (cursor.valid && stands()) assert.ok(sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh) < sequence)
  driveSync(() => cursor.seekForPrev(target), cursor)
  assert.ok(cursor.valid && stands())
}
