import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLOCK_LENGTH } from '@varve/format/wal'
import fc from 'fast-check'
import { decodeEvidence, type Evidence, encodeEvidence, findEvidence } from './evidence.ts'
import { FakeFile } from './fake-file.ts'
import { WalWriter } from './index.ts'

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const evidences: fc.Arbitrary<Evidence> = fc.record({
  walNumber: number,
  walSynced: number,
  manifestNumber: number,
  manifestSynced: number,
  previousNumber: number,
  previousSize: number,
})

test('evidence is read back as it was written', () => {
  fc.assert(
    fc.property(evidences, evidence => {
      assert.deepEqual(decodeEvidence(encodeEvidence(evidence)), { ...evidence })
    }),
  )
})

test('damaged or foreign log data is not evidence', () => {
  fc.assert(
    fc.property(evidences, fc.nat(), (evidence, at) => {
      const bytes = encodeEvidence(evidence)
      const bit = at % (bytes.length * 8)
      bytes[bit >> 3] ^= 1 << (bit & 7)
      assert.equal(decodeEvidence(bytes), undefined)
      assert.equal(decodeEvidence(bytes.subarray(0, bit >> 3)), undefined)
    }),
  )
  assert.equal(decodeEvidence(new TextEncoder().encode('varve\x01 is what somebody else wrote')), undefined)
})

test('evidence is found in unframed bytes, also where the end of a block cuts it', () => {
  const evidence = {
    walNumber: 7,
    walSynced: 20,
    manifestNumber: 5,
    manifestSynced: 99,
    previousNumber: 0,
    previousSize: 0,
  }
  const payload = encodeEvidence(evidence)
  for (let gap = -2; gap < payload.length + 12; gap++) {
    const file = new FakeFile()
    const writer = new WalWriter(file, 7)
    writer.appendSync(new Uint8Array(BLOCK_LENGTH - 14 - payload.length + gap).fill(0x76))
    writer.appendSync(payload)
    const found: Evidence[] = []
    findEvidence(file.bytes, 1, file.bytes.length, 7, one => found.push(one))
    assert.deepEqual(found, [evidence], `gap ${gap}`)
    findEvidence(file.bytes, 1, file.bytes.length, 8, () => assert.fail('evidence of another log'))
  }
})

test('evidence about bytes behind itself is not believed', () => {
  const bytes = encodeEvidence({ walNumber: 7, walSynced: 50, manifestNumber: 5, manifestSynced: 99 })
  findEvidence(bytes, 0, bytes.length, 7, () => assert.fail('it cannot know that'))
})
