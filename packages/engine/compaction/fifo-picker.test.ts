import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SketchedFile, testOptions, versionOf } from './fake-files.test-support.ts'
import { FifoPicker } from './fifo-picker.ts'
import type { LevelOptions } from './level-options.ts'
import { showCompaction as show } from './show-compaction.test-support.ts'

const NOW = 1_000_000
const wide: [string, string] = ['a', 'z']

function pickerOf(
  sketch: readonly SketchedFile[][],
  maxTableFilesSize: number,
  more: Partial<LevelOptions> = {},
) {
  const compactionOptionsFifo = { maxTableFilesSize, allowCompaction: false }
  const options: LevelOptions = { ...testOptions, compactionStyle: 'fifo', compactionOptionsFifo, ...more }
  return new FifoPicker({ current: versionOf(sketch) }, options, () => NOW)
}

/** Level 0 with these sizes, newest first, numbered from 100 down. */
const level0 = (...sizes: number[]): SketchedFile[] =>
  sizes.map((size, i) => ({ number: 100 - i, size, keys: wide }))

/** Level 0 with files of these ages in seconds. */
const aged = (...ages: (number | undefined)[]): SketchedFile[] =>
  ages.map((age, i) => ({
    number: 100 - i,
    size: 10,
    ...(age === undefined ? {} : { fileCreationTime: NOW - age }),
  }))

describe('fifo compaction by size', () => {
  const cases: [sizes: number[], most: number, expected: string | undefined][] = [
    [[], 10, undefined],
    [[10, 20, 30], 60, undefined],
    [[10, 20, 30], 59, '0: 98 dropped'],
    [[10, 20, 30], 30, '0: 98 dropped'],
    [[10, 20, 30], 29, '0: 99 98 dropped'],
    [[10, 20, 30], 9, '0: 100 99 98 dropped'],
  ]
  for (const [sizes, most, expected] of cases) {
    test(`${sizes.join(', ')} bytes where ${most} may be: ${expected ?? 'nothing goes'}`, () => {
      const picker = pickerOf([level0(...sizes)], most)
      assert.equal(picker.needsCompaction(), expected !== undefined)
      const compaction = picker.pick()
      assert.equal(show(compaction), expected)
      if (compaction === undefined) return
      assert.equal(compaction.reason, 'total size')
      assert.deepEqual(compaction.editWithoutJob()?.newFiles, undefined)
    })
  }

  test('one at a time', () => {
    const picker = pickerOf([level0(10, 20, 30)], 40)
    const first = picker.pick()
    assert.equal(picker.pick(), undefined)
    first?.release()
    assert.equal(show(picker.pick()), '0: 98 dropped')
  })
})

describe('fifo compaction by age', () => {
  const picks = (files: SketchedFile[], most = 1000) => pickerOf([files], most, { ttl: 60 }).pick()

  test('drops what is older than the ttl', () => {
    assert.equal(show(picks(aged(1, 59, 60))), undefined)
    assert.equal(show(picks(aged(1, 60, 61))), '0: 98 dropped')
    assert.equal(picks(aged(1, 60, 61))?.reason, 'ttl')
    assert.equal(show(picks(aged(99, 99, 99))), '0: 100 99 98 dropped')
  })

  test('never a file before an older one, and none that does not say how old it is', () => {
    assert.equal(show(picks(aged(1, 99, 5))), undefined)
    assert.equal(show(picks(aged(1, 99, undefined))), undefined)
  })

  test('and more when all are still too large', () => {
    assert.equal(show(picks(aged(1, 2, 61), 15)), '0: 99 98 dropped')
    assert.equal(picks(aged(1, 2, 61), 15)?.reason, 'total size')
  })

  test('is due when the first file gets too old', () => {
    assert.equal(pickerOf([aged(10, 30)], 1000, { ttl: 60 }).nextDue(), NOW + 31)
    assert.equal(pickerOf([aged(10, 30)], 1000).nextDue(), undefined)
  })
})

describe('what another style has left in deeper levels', () => {
  const deep: SketchedFile[] = [
    { number: 1, keys: ['a', 'b'], size: 100, fileCreationTime: NOW - 99 },
    { number: 2, keys: ['c', 'd'], size: 100, fileCreationTime: NOW - 99 },
    { number: 3, keys: ['e', 'f'], size: 100, fileCreationTime: NOW - 1 },
  ]

  test('goes first, by size or by age', () => {
    assert.equal(show(pickerOf([level0(50), [], deep], 260).pick()), '2: 1 dropped')
    assert.equal(show(pickerOf([level0(50), [], deep], 200).pick()), '2: 1 2 dropped')
    assert.equal(show(pickerOf([aged(99), [], deep], 1000, { ttl: 60 }).pick()), '2: 1 2 dropped')
  })

  test('keeps level 0 from going before it', () => {
    assert.equal(show(pickerOf([aged(99), [], deep.slice(2)], 1000, { ttl: 60 }).pick()), undefined)
  })

  test('a key that two files share goes from both', () => {
    const shared: SketchedFile[] = [
      { number: 1, keys: ['a', 'c'], size: 100, smallestSequence: 50, largestSequence: 60 },
      { number: 2, keys: ['c', 'd'], size: 100, smallestSequence: 10, largestSequence: 20 },
    ]
    assert.equal(show(pickerOf([[], shared], 150).pick()), '1: 1 2 dropped')
  })
})

describe('small files under fifo', () => {
  const merging = { maxTableFilesSize: 1e6, allowCompaction: true }
  const picks = (sizes: number[], compactionOptionsFifo = merging) =>
    show(pickerOf([level0(...sizes)], 1e6, { compactionOptionsFifo }).pick())

  test('are merged when there are as many as the trigger says', () => {
    assert.equal(picks([10, 10, 10]), undefined)
    assert.equal(picks([10, 10, 10, 10]), '0: 100 99 98 97 > 0')
    assert.equal(picks([10, 10, 10, 10], { ...merging, allowCompaction: false }), undefined)
  })

  test('not with files that are large beside them, nor when they are as large as memtables', () => {
    assert.equal(picks([10, 10, 10, 10, 5000]), '0: 100 99 98 97 > 0')
    assert.equal(picks([1000, 1000, 1000, 1000]), undefined)
  })

  test('after what has to go', () => {
    assert.equal(
      picks([10, 10, 10, 10, 10], { maxTableFilesSize: 45, allowCompaction: true }),
      '0: 96 dropped',
    )
  })
})

test('a manual fifo compaction does what is due, and no more', () => {
  const steps = pickerOf([level0(10, 20, 30)], 40).manual({}, 1000)
  const step = steps.next()
  assert.equal(typeof step === 'string' ? step : show(step), '0: 98 dropped')
  assert.equal(steps.next(), 'done')
  assert.equal(
    pickerOf([level0(10, 20)], 40)
      .manual({}, 1000)
      .next(),
    'done',
  )
})
