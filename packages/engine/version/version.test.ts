import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import fc from 'fast-check'
import { versionOf } from '../compaction/fake-files.test-support.ts'
import { SeekTarget } from '../cursor/index.ts'
import { coversUserKey, findFile } from './version.ts'

/** Disjoint ranges of keys of four letters, long enough that prefix words alone do not decide. */
const levels = fc
  .uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 2, maxLength: 40 })
  .map(numbers =>
    numbers.sort((a, b) => a - b).map(number => `a-long-prefix-${String(number).padStart(3, '0')}`),
  )
  .map(keys =>
    Array.from({ length: keys.length >> 1 }, (_, i): [string, string] => [keys[2 * i], keys[2 * i + 1]]),
  )
const someKey = fc
  .integer({ min: -1, max: 1000 })
  .map(number => `a-long-prefix-${String(number).padStart(3, '0')}`)

function target(key: string, sequence: number): SeekTarget {
  const bytes = encodeUtf8(key)
  return new SeekTarget().set(bytes, 0, bytes.length, sequence)
}

describe('files are found by key', () => {
  test('as a walk through all of them would find them', () => {
    fc.assert(
      fc.property(levels, someKey, someKey, (ranges, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const version = versionOf([[], ranges.map(keys => ({ keys }))])
        const files = version.levels[1]
        const inRange = files.filter((_, i) => ranges[i][1] >= low && ranges[i][0] <= high)
        assert.deepEqual(version.filesOverlapping(1, encodeUtf8(low), encodeUtf8(high)), inRange)
        assert.equal(version.overlaps(1, encodeUtf8(low), encodeUtf8(high)), inRange.length > 0)
        assert.deepEqual(
          version.filesOverlapping(1, undefined, encodeUtf8(high)),
          files.filter((_, i) => ranges[i][0] <= high),
        )
        const found = findFile(files, target(a, Number.MAX_SAFE_INTEGER))
        const first = ranges.findIndex(([, largest]) => largest >= a)
        assert.equal(found, first < 0 ? files.length : first)
        if (first >= 0) assert.equal(coversUserKey(files[first], target(a, 1)), ranges[first][0] <= a)
      }),
    )
  })

  test('a key whose versions end one file and begin the next is found by sequence', () => {
    const version = versionOf([
      [],
      [
        { keys: ['a', 'k'], smallestSequence: 50, largestSequence: 60 },
        { keys: ['k', 'z'], smallestSequence: 10, largestSequence: 40 },
      ],
    ])
    assert.equal(findFile(version.levels[1], target('k', 55)), 0)
    assert.equal(findFile(version.levels[1], target('k', 50)), 0)
    assert.equal(findFile(version.levels[1], target('k', 49)), 1)
  })

  test('level 0 gives every file that overlaps, newest first', () => {
    const version = versionOf([[{ keys: ['a', 'c'] }, { keys: ['x', 'z'] }, { keys: ['b', 'y'] }]])
    const [first, , third] = version.levels[0]
    assert.deepEqual(version.filesOverlapping(0, encodeUtf8('c'), encodeUtf8('d')), [first, third])
  })
})
