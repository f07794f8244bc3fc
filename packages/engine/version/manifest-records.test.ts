import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ByteWriter } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { encodeVersionEdit, type VersionEdit } from '@varve/format/manifest'
import { LogFramer } from '@varve/format/wal'
import { checkSyncedSize, readManifestRecords } from './manifest-records.ts'

/** The bytes of a MANIFEST, and where each record ends. */
function manifest(edits: readonly VersionEdit[]): { bytes: Uint8Array; ends: number[] } {
  const out = new ByteWriter()
  const framer = new LogFramer()
  const ends = edits.map(edit => {
    framer.frame(out, encodeVersionEdit(edit))
    return framer.position
  })
  return { bytes: out.take(), ends }
}

const three = manifest([{ lastSequence: 1 }, { lastSequence: 2 }, { lastSequence: 3 }])

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] ^= 0x10
  return copy
}

function read(bytes: Uint8Array, minimumSyncedSize = 0) {
  const records = readManifestRecords(bytes, 'MANIFEST-000005')
  checkSyncedSize(records.size, minimumSyncedSize, 'MANIFEST-000005')
  return records
}

function refuses(bytes: Uint8Array, offset: number, minimumSyncedSize = 0): void {
  assert.throws(
    () => read(bytes, minimumSyncedSize),
    error => isVarveError(error, 'CORRUPTION') && error.file === 'MANIFEST-000005' && error.offset === offset,
  )
}

describe('what a MANIFEST is believed', () => {
  test('whole records, wherever the file is cut off', () => {
    const [first, second, third] = three.ends
    for (let length = 0; length <= three.bytes.length; length++) {
      const records = readManifestRecords(three.bytes.subarray(0, length), 'm')
      const count = length >= third ? 3 : length >= second ? 2 : length >= first ? 1 : 0
      assert.equal(records.edits.length, count)
      assert.equal(records.size, [0, first, second, third][count])
    }
  })

  test('a flipped bit anywhere is corruption, with file and offset', () => {
    for (let at = 0; at < three.bytes.length; at++) {
      assert.throws(
        () => readManifestRecords(damaged(three.bytes, at), 'm'),
        error => isVarveError(error, 'CORRUPTION'),
      )
    }
    refuses(damaged(three.bytes, three.ends[0] + 8), three.ends[0])
  })

  test('a file that ends before what had been synced is corruption', () => {
    const [first, second] = three.ends
    refuses(three.bytes.subarray(0, second - 1), first, second)
    refuses(three.bytes.subarray(0, first), first, first + 1)
    assert.equal(read(three.bytes.subarray(0, second + 3), second).edits.length, 2)
  })

  test('zeros in the place of synced records are corruption', () => {
    const zeroed = three.bytes.slice().fill(0, three.ends[1])
    assert.equal(readManifestRecords(zeroed, 'm').edits.length, 2)
    refuses(zeroed, three.ends[1], three.ends[2])
  })

  test('a group takes effect together or not at all', () => {
    const group = [2, 1, 0].map(remainingInGroup => ({ lastSequence: 9, remainingInGroup }))
    const whole = manifest([{ lastSequence: 1 }, ...group])
    assert.equal(readManifestRecords(whole.bytes, 'm').edits.length, 4)
    const cut = readManifestRecords(whole.bytes.subarray(0, whole.ends[2]), 'm')
    assert.deepEqual([cut.edits.length, cut.size], [1, whole.ends[0]])
  })

  test('a group that is interrupted or counts wrongly is corruption', () => {
    const interrupted = manifest([{ remainingInGroup: 1 }, { lastSequence: 1 }])
    refuses(interrupted.bytes, interrupted.ends[0])
    const miscounted = manifest([{ remainingInGroup: 2 }, { remainingInGroup: 0 }])
    refuses(miscounted.bytes, miscounted.ends[0])
  })
})
