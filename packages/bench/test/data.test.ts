import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { KeyRing, missingKeys } from '../data/keys.ts'
import { Permutation } from '../data/permutation.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'

test('keys are db_bench’s: the number in eight bytes, then zeros as text', () => {
  assert.equal(new KeyRing().key(0x01020304).toString('latin1'), '\0\0\0\0\x01\x02\x03\x0400000000')
  assert.equal(missingKeys().key(7).length, 17)
})

test('a key stays as it is while a thousand more are made', () => {
  const ring = new KeyRing()
  const first = ring.key(42)
  for (let i = 0; i < 1000; i++) ring.key(i)
  assert.deepEqual(first, new KeyRing().key(42))
})

test('values have 100 bytes of which half are new', () => {
  const pool = new ValuePool(1)
  const values = Buffer.concat(Array.from({ length: 1000 }, () => pool.next()))
  assert.equal(values.length, 100_000)
  const packed = deflateRawSync(values).length
  assert.ok(packed > 35_000 && packed < 55_000, `${packed} bytes`)
})

test('random numbers fill their range evenly and repeat with their seed', () => {
  const random = new Random(7)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) counts[random.below(10)]++
  for (const count of counts) assert.ok(count > 9000 && count < 11_000, `${counts}`)
  assert.deepEqual(
    [new Random(7).below(1e9), new Random(7).below(1e9)],
    [new Random(7).below(1e9), new Random(7).below(1e9)],
  )
})

test('a permutation gives every number once, and not in order', () => {
  for (const count of [1, 2, 3, 100, 4096, 5000]) {
    const permutation = new Permutation(count, 3)
    const numbers = Array.from({ length: count }, () => permutation.next())
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    )
  }
  const permutation = new Permutation(5000, 3)
  const numbers = Array.from({ length: 5000 }, () => permutation.next())
  const ascents = numbers.filter((number, i) => i > 0 && number > numbers[i - 1]).length
  assert.ok(ascents > 2000 && ascents < 3000, `${ascents} ascents`)
})
