/** Tables that RocksDB took into a database from outside: their entries are written with sequence 0, and count as another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8, toHex } from '@varve/format/bytes'
import { sequenceOfTrailer, ValueType } from '@varve/format/key'
import { tableName } from '@varve/format/names'
import { type InternalCursor, SeekTarget, Step } from '../cursor/cursor.ts'
import { driveSync } from '../cursor/driver.ts'
import { type FakeEntry, FakeRun } from '../cursor/fake-run.test-support.ts'
import { LookupState, PointLookup } from '../cursor/point-lookup.ts'
import { TableCursor } from './table-cursor.ts'
import { TableReader } from './table-reader.ts'
import { addTable, ingestTable, MemoryFiles } from './tables.test-support.ts'

/** Of more than 32 bits. */
const SEQUENCE = 2 ** 40 + 1000
const TYPES = [ValueType.Value, ValueType.Deletion, ValueType.Merge, ValueType.Value]

/** Keys that begin others: a reader that took one for the other was a bug of RocksDB's until 6.10. */
const entries: readonly FakeEntry[] = Array.from({ length: 200 }, (_, i) => ({
  key: encodeUtf8(`key${'x'.repeat(i % 5)}${i % 40}`.slice(0, 3 + (i % 8))),
  sequence: SEQUENCE,
  type: TYPES[i % TYPES.length],
  value: encodeUtf8(`value ${i}`),
})).filter(({ key }, i, all) => all.findIndex(other => toHex(other.key) === toHex(key)) === i)

/** Ingested with a range deletion, which takes nothing of its own table away. */
function openIngested(): TableReader {
  const fs = new MemoryFiles()
  const written = entries.map(entry => ({ ...entry, sequence: 0 }))
  const deleted = { start: encodeUtf8('key1'), end: encodeUtf8('key3'), sequence: 0 }
  const record = ingestTable(fs, addTable(fs, 7, written, { blockSize: 100 }, deleted), SEQUENCE)
  return TableReader.openSync(fs, `/db/${tableName(7)}`, record, {})
}

test('a cursor in an ingested table moves like one over entries of its sequence', () => {
  const cursor = new TableCursor(openIngested())
  const model = new FakeRun([...entries])
  const targets = entries.flatMap(({ key }) => {
    const target = () => new SeekTarget()
    const at = [0, SEQUENCE - 1, SEQUENCE, SEQUENCE + 1].map(sequence =>
      target().set(key, 0, key.length, sequence),
    )
    return [...at, target().setBefore(key, 0, key.length), target().setAfter(key, 0, key.length)]
  })
  for (const target of targets) {
    const both = (move: (run: InternalCursor) => Step) => {
      const expected = move(model)
      assert.equal(
        driveSync(() => move(cursor), cursor),
        expected,
      )
      if (expected === Step.moved) assert.equal(spelled(cursor), spelled(model))
      return expected
    }
    if (both(run => run.seek(target)) === Step.moved) both(run => run.next())
    if (both(run => run.seekForPrev(target)) === Step.moved) both(run => run.prev())
  }
})

test('a lookup in an ingested table finds each key once, and nothing when its reader is older', () => {
  const table = openIngested()
  const lookup = new PointLookup()
  const find = () => {
    let step = table.get(lookup)
    for (; step === Step.needsBlock; step = table.get(lookup)) lookup.wanted?.loadSync()
    return step
  }
  for (const { key, type } of entries) {
    lookup.begin(key, 0, key.length, SEQUENCE - 1)
    assert.equal(find(), Step.ended)
    assert.equal(lookup.state, LookupState.none)
    for (const sequence of [SEQUENCE, SEQUENCE + 1]) {
      lookup.begin(key, 0, key.length, sequence)
      assert.equal(find(), Step.moved)
      if (type === ValueType.Value) assert.equal(lookup.state, LookupState.value)
      if (type === ValueType.Deletion) assert.equal(lookup.state, LookupState.deleted)
      if (type !== ValueType.Merge) continue
      assert.equal(lookup.state, LookupState.merging)
      // What it is merged into is not here, but may be deleted here.
      find()
      assert.equal(lookup.operands.length, 1)
    }
  }
})

test('a range deletion of an ingested table is as new as its entries', () => {
  const table = openIngested()
  const lookup = new PointLookup()
  const covering = (key: string, sequence: number) => {
    lookup.begin(encodeUtf8(key), 0, key.length, sequence)
    while (table.get(lookup) === Step.needsBlock) lookup.wanted?.loadSync()
    return lookup.covered
  }
  assert.equal(covering('key2-of-another-table', SEQUENCE), SEQUENCE)
  assert.equal(covering('key2-of-another-table', SEQUENCE - 1), 0)
  assert.equal(covering('key3-of-another-table', SEQUENCE), 0)
})

function spelled(run: InternalCursor): string {
  const key = toHex(run.keyBytes.slice(run.keyStart, run.keyEnd))
  const value = toHex(run.valueBytes.slice(run.valueStart, run.valueEnd))
  return `${key} ${sequenceOfTrailer(run.trailerLow, run.trailerHigh)} ${run.trailerLow & 0xff} ${value}`
}
