import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { concatBytes, fromHex, toHex } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { attempt, surviveDamage } from '../test/hostile.ts'
import { loadVectors } from '../test/vectors.ts'
import { BatchCursor, BatchEncoder, BatchTag, batchTagName } from './index.ts'

type Operation = [
  name: string,
  columnFamily: number,
  key: string | null,
  value: string | null,
  sequence: number | null,
]

interface LogVector {
  records?: { batchHex?: string; sequence?: number; count?: number; ops?: Operation[] }[]
}

const batches = Object.values(loadVectors<Record<string, LogVector>>('wal')).flatMap(({ records = [] }) =>
  records.flatMap(({ batchHex, sequence = 0, count = 0, ops = [] }) =>
    batchHex === undefined ? [] : [{ bytes: fromHex(batchHex), sequence, count, ops }],
  ),
)

/** The records of a batch in the words of the vectors: the short name, then what the record says. */
function operationsOf(cursor: BatchCursor): Operation[] {
  const operations: Operation[] = []
  while (cursor.next()) {
    const {
      tag,
      columnFamily,
      keyStart,
      keyEnd,
      valueStart,
      valueEnd,
      recordSequence,
      recordStart,
      position,
    } = cursor
    const slices = position === recordStart + 1 ? 0 : valueStart > keyEnd ? 2 : 1
    operations.push([
      batchTagName(tag),
      columnFamily,
      slices > 0 ? toHex(cursor.bytes.subarray(keyStart, keyEnd)) : null,
      slices > 1 ? toHex(cursor.bytes.subarray(valueStart, valueEnd)) : null,
      cursor.counted ? recordSequence : null,
    ])
  }
  return operations
}

function decodeAll(bytes: Uint8Array): Operation[] {
  return operationsOf(new BatchCursor(bytes))
}

test('every batch that RocksDB wrote is read as it was meant', () => {
  assert.equal(batches.length, 19)
  for (const { bytes, sequence, count, ops } of batches) {
    const cursor = new BatchCursor(bytes)
    assert.equal(cursor.sequence, sequence)
    assert.equal(cursor.count, count)
    assert.deepEqual(operationsOf(cursor), ops)
  }
})

const bytes = fc.uint8Array({ maxLength: 300 })
const columnFamily = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff }))
const operation = fc.oneof(
  fc.tuple(fc.constant('putRecord' as const), columnFamily, bytes, bytes),
  fc.tuple(fc.constant('merge' as const), columnFamily, bytes, bytes),
  fc.tuple(fc.constant('deleteRange' as const), columnFamily, bytes, bytes),
  fc.tuple(fc.constant('putEntity' as const), columnFamily, bytes, bytes),
  fc.tuple(fc.constant('deleteRecord' as const), columnFamily, bytes, fc.constant(new Uint8Array())),
  fc.tuple(fc.constant('singleDelete' as const), columnFamily, bytes, fc.constant(new Uint8Array())),
  fc.tuple(fc.constant('logData' as const), fc.constant(0), bytes, fc.constant(new Uint8Array())),
)
const tagOf = {
  putRecord: BatchTag.Put,
  merge: BatchTag.Merge,
  deleteRange: BatchTag.DeleteRange,
  putEntity: BatchTag.PutEntity,
  deleteRecord: BatchTag.Delete,
  singleDelete: BatchTag.SingleDelete,
  logData: BatchTag.LogData,
}

function encode(
  encoder: BatchEncoder,
  [method, family, key, value]: typeof operation extends fc.Arbitrary<infer T> ? T : never,
) {
  if (method === 'logData') encoder.logData(key)
  else if (method === 'deleteRecord' || method === 'singleDelete') encoder[method](family, key)
  else encoder[method](family, key, value)
}

test('what was encoded is decoded', () => {
  const encoder = new BatchEncoder(16)
  const cursor = new BatchCursor(new BatchEncoder().finish(0))
  fc.assert(
    fc.property(fc.array(operation), fc.maxSafeNat(), (operations, sequence) => {
      encoder.clear()
      for (const each of operations) encode(encoder, each)
      const batch = encoder.finish(sequence)
      cursor.open(batch, 0, batch.length)
      assert.equal(cursor.sequence, sequence)
      let counted = 0
      for (const [method, family, key, value] of operations) {
        assert.ok(cursor.next())
        assert.equal(cursor.tag, tagOf[method])
        assert.equal(cursor.columnFamily, family)
        assert.deepEqual(cursor.key(), key)
        assert.deepEqual(cursor.value(), value)
        assert.equal(cursor.recordSequence, sequence + counted)
        if (cursor.counted) counted++
      }
      assert.equal(cursor.next(), false)
      assert.equal(cursor.count, counted)
    }),
  )
})

test('a group of batches is one batch with the records of all', () => {
  const group = new BatchEncoder()
  const single = new BatchEncoder()
  const all = new BatchEncoder()
  for (let i = 0; i < 5; i++) {
    single.clear()
    for (const encoder of [single, all]) {
      encoder.putRecord(i, Uint8Array.of(i), new Uint8Array(i * 40))
      encoder.logData(Uint8Array.of(1, 2, 3))
    }
    if (i % 2 === 0) group.append(single.finish(0))
    else group.appendEncoder(single)
  }
  assert.deepEqual(group.finish(77), all.finish(77))
  assert.equal(group.count, 5)
})

test('a column family id of zero behind a tag is read as the default column family', () => {
  const batch = concatBytes(new BatchEncoder().finish(1).slice(), fromHex('0500' + '016b' + '0176'))
  batch[8] = 1
  assert.deepEqual(decodeAll(batch), [['Put', 0, '6b', '76', 1]])
})

test('every operation gets its short tag, whatever column family it is for', () => {
  for (const [name, code] of Object.entries(BatchTag)) {
    const twin = /^ColumnFamily(.*)$/.exec(name)?.[1]
    if (twin === undefined) continue
    const batch = concatBytes(new BatchEncoder().finish(1).slice(), Uint8Array.of(code, 9, 0, 0))
    batch[8] = 1
    const cursor = new BatchCursor(/Delete$/.test(name) ? batch.subarray(0, batch.length - 1) : batch)
    assert.ok(cursor.next())
    assert.equal(batchTagName(cursor.tag), twin)
    assert.equal(cursor.rawTag, code)
    assert.equal(cursor.columnFamily, 9)
    assert.equal(cursor.next(), false)
  }
})

test('a count that is not the number of operations is corrupt', () => {
  const encoder = new BatchEncoder()
  encoder.putRecord(0, Uint8Array.of(1), Uint8Array.of(2))
  for (const count of [0, 2, 0xff]) {
    const batch = encoder.finish(1).slice()
    batch[8] = count
    assert.throws(() => decodeAll(batch), CorruptionError)
  }
})

test('an unknown tag is corrupt and says where it is', () => {
  const batch = concatBytes(new BatchEncoder().finish(1), Uint8Array.of(0x14))
  const cursor = new BatchCursor(batch, '000004.log', 100)
  assert.throws(
    () => cursor.next(),
    (error: unknown) =>
      error instanceof CorruptionError && error.offset === 112 && error.file === '000004.log',
  )
})

test('a sequence number above 2^53 - 1 is refused', () => {
  const batch = new Uint8Array(12)
  batch[6] = 0x20
  assert.ok(attempt(batch, decodeAll))
})

test('damage is a corruption or another batch, never anything else', () => {
  for (const { bytes } of batches) surviveDamage(bytes, decodeAll)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void attempt(bytes, decodeAll)))
})
