/**
 * What dense version edits may cost, counted. A megabyte of records of a few bytes took half a second while each
 * name in them went through a `TextDecoder` and each empty field got a view of its own.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CorruptionError } from '../errors/index.ts'
import { decodeVersionEdit, encodeVersionEdit, type NewFile } from './index.ts'

/** How often `decodeVersionEdit` decodes text and makes views of its input. */
function costOf(t: TestContext, bytes: Uint8Array): { texts: number; views: number } {
  const decode = t.mock.method(TextDecoder.prototype, 'decode')
  const subarray = t.mock.method(bytes, 'subarray')
  decodeVersionEdit(bytes)
  const cost = { texts: decode.mock.callCount(), views: subarray.mock.callCount() }
  decode.mock.restore()
  return cost
}

/** `count` files that differ in their numbers and have all else in common, as in a MANIFEST's snapshot. */
function manyFiles(count: number, checksumName: string): Uint8Array {
  const key = new Uint8Array(9)
  const file = { level: 6, size: 1000, smallest: key, largest: key, smallestSequence: 1, largestSequence: 1 }
  const newFiles = Array.from(
    { length: count },
    (_, number): NewFile => ({ ...file, number, fileChecksumName: checksumName }),
  )
  return encodeVersionEdit({ newFiles })
}

test('names cost no TextDecoder, however many there are', t => {
  for (const name of ['checksum', 'prüfsumme']) assert.equal(costOf(t, manyFiles(1000, name)).texts, 0)
})

test('an empty field costs no view', t => {
  const field = encodeVersionEdit({ fullHistoryTsLow: new Uint8Array(0) })
  const bytes = new Uint8Array(1000 * field.length)
  for (let at = 0; at < bytes.length; at += field.length) bytes.set(field, at)
  assert.deepEqual(costOf(t, bytes), { texts: 0, views: 0 })
})

test('a name is not taken for the one before it, though the buffer is used again', () => {
  const buffer = new Uint8Array(5)
  for (const comparator of ['one', 'two', 'two', 'one', 'eno']) {
    buffer.set(encodeVersionEdit({ comparator }))
    assert.equal(decodeVersionEdit(buffer).comparator, comparator)
  }
})

test('a record of a megabyte of unknown fields is refused before they are all read', () => {
  const fields = Array.from({ length: 1001 }, () => ({ tag: 0, value: new Uint8Array(0) }))
  const key = new Uint8Array(9)
  const file = {
    level: 0,
    number: 1,
    size: 1,
    smallest: key,
    largest: key,
    smallestSequence: 0,
    largestSequence: 0,
  }
  const edit = (count: number) =>
    encodeVersionEdit({ newFiles: [{ ...file, otherFields: fields.slice(0, count) }] })
  assert.equal(decodeVersionEdit(edit(1000)).newFiles?.[0].otherFields?.length, 1000)
  assert.throws(() => decodeVersionEdit(edit(1001)), CorruptionError)
})
