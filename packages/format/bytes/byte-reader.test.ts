import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVarveError } from '../errors/index.ts'
import { ByteReader } from './index.ts'

/** Over these bytes, in an array that has more of them before and behind. */
function reader(...bytes: number[]): ByteReader {
  return new ByteReader(Uint8Array.of(0xaa, ...bytes, 0xbb), 1, 1 + bytes.length, 'some file', 1000)
}

const corruptAt = (offset: number) => (error: unknown) =>
  isVarveError(error, 'CORRUPTION') && error.file === 'some file' && error.offset === offset

test('bytes are taken up to the end and not one further', () => {
  assert.deepEqual([...reader(1, 2, 3).take(3)], [1, 2, 3])
  assert.throws(() => reader(1, 2, 3).take(4), corruptAt(1001))
  assert.throws(() => reader(1, 2, 3).take(2 ** 31), corruptAt(1001))
  assert.equal(reader().take(0).length, 0)
})

test('bytes behind a length that runs past the end are corrupt, never cut to what is there', () => {
  assert.deepEqual([...reader(2, 7, 8).lengthPrefixed()], [7, 8])
  assert.throws(() => reader(3, 7, 8).lengthPrefixed(), corruptAt(1002))
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f, 1).lengthPrefixed(), corruptAt(1006))
})

test('numbers of fixed width do not take a byte that is not theirs', () => {
  for (const read of ['uint8', 'uint16', 'uint32', 'uint64'] as const) {
    const width = Number(read.slice(4)) / 8
    const whole = new Array<number>(width).fill(0)
    assert.equal(reader(...whole)[read](), 0)
    assert.throws(() => reader(...whole.slice(1))[read](), corruptAt(1001))
  }
})
