import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { makeSentinel } from '@varve/format/key'
import { type SketchedFile, testOptions, versionOf } from './fake-files.test-support.ts'
import { FakeTree } from './fake-tree.test-support.ts'
import type { LevelOptions } from './level-options.ts'
import { LeveledPicker } from './leveled-picker.ts'
import { ManualCompaction } from './manual-compaction.ts'
import type { ManualRange } from './picker.ts'
import { showCompaction as show } from './show-compaction.test-support.ts'

const dynamic: Partial<LevelOptions> = { levelCompactionDynamicLevelBytes: true }

function pickerOf(sketch: readonly (readonly SketchedFile[])[], options: Partial<LevelOptions> = {}) {
  return new LeveledPicker({ current: versionOf(sketch) }, { ...testOptions, ...options })
}

const wide: [string, string] = ['a', 'z']
const level0 = (count: number, more: Partial<SketchedFile> = {}): SketchedFile[] =>
  Array.from({ length: count }, (_, i) => ({ number: 100 - i, keys: wide, ...more }))

describe('level 0', () => {
  test('waits until it has files enough', () => {
    assert.equal(pickerOf([level0(3)]).needsCompaction(), false)
    assert.equal(pickerOf([level0(3)]).pick(), undefined)
  })

  test('goes to the base level with all that overlap there', () => {
    const base: SketchedFile[] = [
      { number: 1, keys: ['b', 'c'] },
      { number: 2, keys: ['x', 'zz'] },
    ]
    assert.equal(show(pickerOf([level0(4), base]).pick()), '0: 100 99 98 97, 1: 1 2 > 1')
  })

  test('goes straight to the last level of a young tree', () => {
    assert.equal(show(pickerOf([level0(4)], dynamic).pick()), '0: 100 99 98 97 > 6')
  })

  test('gives its oldest files by moving them, when they overlap nothing', () => {
    const files: SketchedFile[] = [
      { number: 13, keys: ['a', 'c'] },
      { number: 12, keys: ['m', 'n'] },
      { number: 11, keys: ['c', 'd'] },
      { number: 10, keys: ['a', 'b'] },
    ]
    const picker = pickerOf([files, [{ number: 1, keys: ['x', 'z'] }]])
    assert.equal(show(picker.pick()), '0: 10 11 12 > 1 moved')
  })

  test('is compacted within itself while its base level is busy', () => {
    const picker = pickerOf([level0(6), [{ number: 1, keys: wide, size: 50_000 }]])
    const down = picker.source.current.levels[1][0]
    down.beingCompacted = true
    assert.equal(show(picker.pick()), '0: 100 99 98 97 96 95 > 0')
    assert.equal(picker.pick(), undefined)
  })

  test('is compacted within itself when it is tiny beside its base level', () => {
    const picker = pickerOf([level0(4, { size: 10 }), [{ number: 1, keys: wide, size: 3900 }]])
    assert.equal(show(picker.pick()), '0: 100 99 98 97 > 0')
  })

  test('takes part in one compaction to the base level at a time', () => {
    const picker = pickerOf([[...level0(4), { number: 50, keys: ['zz', 'zzz'] }]])
    assert.equal(show(picker.pick()), '0: 100 99 98 97 > 1')
    assert.equal(picker.level0Busy, true)
    assert.equal(picker.pick(), undefined)
  })
})

describe('a level that is too large', () => {
  const two = (keys: string): [string, string] => [keys[0], keys[1]]

  test('gives up the file that overlaps least below', () => {
    const picker = pickerOf([
      [],
      [
        { number: 1, keys: two('ac'), size: 3000 },
        { number: 2, keys: two('eg'), size: 3000 },
      ],
      [
        { number: 3, keys: two('bc'), size: 9000 },
        { number: 4, keys: two('ef'), size: 500 },
      ],
    ])
    assert.equal(show(picker.pick()), '1: 2, 2: 4 > 2')
  })

  test('gives up first what is full of deletions', () => {
    const picker = pickerOf([
      [],
      [
        { number: 1, keys: two('ac'), size: 3000 },
        { number: 2, keys: two('eg'), size: 3000 },
      ],
      [
        { number: 3, keys: two('bc'), size: 900 },
        { number: 4, keys: two('ef'), size: 900 },
      ],
    ])
    picker.source.current.levels[1][1].compensatedSize = 9000
    assert.equal(show(picker.pick()), '1: 2, 2: 4 > 2')
  })

  test('moves a file that overlaps nothing below, with its neighbours', () => {
    const files = 'abcdef'.split('').map((letter, i): SketchedFile => {
      return { number: i + 1, keys: [`${letter}0`, `${letter}9`], size: 2000 }
    })
    assert.equal(show(pickerOf([[], files]).pick()), '1: 1 2 3 4 > 2 moved')
  })

  test('does not move a file onto too much of the level after the next', () => {
    const picker = pickerOf([
      [],
      [{ number: 1, keys: two('ac'), size: 5000 }],
      [],
      [{ number: 2, keys: two('ac'), size: 24_000 }],
    ])
    assert.equal(show(picker.pick()), '1: 1 > 2')
  })

  test('does not move a file where each level has a compression of its own', () => {
    const options: Partial<LevelOptions> = { compressionPerLevel: ['none', 'none', 'zstd'] }
    assert.equal(
      show(pickerOf([[], [{ number: 1, keys: two('ac'), size: 5000 }]], options).pick()),
      '1: 1 > 2',
    )
  })

  test('takes files along that share a user key', () => {
    const picker = pickerOf([
      [],
      [
        { number: 1, keys: two('ac'), size: 2500, smallestSequence: 50, largestSequence: 60 },
        { number: 2, keys: two('ce'), size: 2500, smallestSequence: 10, largestSequence: 20 },
        { number: 3, keys: two('gh'), size: 2500 },
      ],
      [
        { number: 4, keys: two('ab'), size: 10 },
        { number: 5, keys: two('gh'), size: 9000 },
      ],
    ])
    assert.equal(show(picker.pick()), '1: 1 2, 2: 4 > 2')
  })

  test('takes files along that add none of the next level', () => {
    const picker = pickerOf([
      [],
      [
        { number: 1, keys: two('ab'), size: 2500 },
        { number: 2, keys: two('cd'), size: 2500 },
      ],
      [{ number: 3, keys: two('ad'), size: 100 }],
    ])
    assert.equal(show(picker.pick()), '1: 1 2, 2: 3 > 2')
  })

  test('takes no file along that has the key which the files below end before', () => {
    const picker = pickerOf([
      [],
      [
        { number: 1, keys: two('ab'), size: 2500 },
        { number: 2, keys: two('cd'), size: 2500 },
      ],
      [
        // A range tombstone ends there.
        { number: 3, keys: two('ad'), largest: makeSentinel(encodeUtf8('d')), size: 100 },
        { number: 4, keys: two('de'), size: 9000 },
      ],
    ])
    assert.equal(show(picker.pick()), '1: 1, 2: 3 > 2')
  })

  test('is compacted at several places at once, never twice at one', () => {
    const level = (size: number, from: number): SketchedFile[] =>
      'adgjmp'.split('').map((letter, i) => {
        return { number: from + i, keys: [letter, String.fromCharCode(letter.charCodeAt(0) + 1)], size }
      })
    const picker = pickerOf([[], level(4000, 1), level(100, 11)])
    const seen: number[] = []
    for (let next = picker.pick(); next !== undefined; next = picker.pick()) {
      for (const { files } of next.inputs) seen.push(...files.map(({ number }) => number))
    }
    assert.ok(picker.runningCount > 2)
    assert.equal(new Set(seen).size, seen.length)
  })

  test('is free again when the compaction is released', () => {
    const picker = pickerOf([
      [],
      [{ number: 1, keys: two('ac'), size: 5000 }],
      [{ number: 2, keys: two('ac') }],
    ])
    const first = picker.pick()
    assert.equal(picker.pick(), undefined)
    first?.release()
    first?.release()
    assert.equal(show(picker.pick()), '1: 1, 2: 2 > 2')
  })
})

describe('what a compaction knows', () => {
  test('it is at the bottom when nothing below overlaps', () => {
    const above: SketchedFile[] = [{ number: 1, keys: ['a', 'c'], size: 5000 }]
    const at = (keys: [string, string], ...between: SketchedFile[][]) =>
      pickerOf([[], above, [{ keys: ['b', 'b'] }], ...between, [{ keys }]]).pick()
    assert.equal(at(['d', 'e'])?.bottommost, true)
    assert.equal(at(['c', 'e'])?.bottommost, false)
    assert.equal(at(['c', 'e'], [])?.bottommost, false)
    assert.equal(at(['c', 'e'], [], [])?.bottommost, false)
  })

  test('within level 0 it is at the bottom only with the oldest file and nothing below', () => {
    const picker = pickerOf([level0(7)])
    const all = picker.source.current.levels[0]
    const options = [all, all.slice(0, 6)].map(
      files => picker.begin([{ level: 0, files }], 0, 'manual', 0).bottommost,
    )
    assert.deepEqual(options, [true, false])
  })

  test('its outputs have the epoch of the oldest input', () => {
    const picker = pickerOf([level0(4), [{ keys: wide, epochNumber: 7 }]])
    const job = picker.pick()?.toJob({
      directory: '/db',
      snapshots: [3],
      table: {},
      fileNumbers: { first: 1, count: 2 },
      fileCreationTime: 9,
      paranoidFileChecks: false,
    })
    assert.equal(job?.output.epochNumber, 7)
    assert.equal(job?.runs.length, 5, 'each file of level 0 is a run')
    assert.deepEqual(structuredClone(job), job, 'it can be sent to a worker')
  })
})

describe('files that became worth rewriting', () => {
  test('at the bottom, when the snapshot that they kept versions for is closed', () => {
    const picker = pickerOf([[], [], [{ number: 5, keys: wide, smallestSequence: 0, largestSequence: 50 }]])
    assert.equal(picker.needsCompaction(), false)
    picker.noteOldestSnapshot(50)
    assert.equal(picker.needsCompaction(), false)
    picker.noteOldestSnapshot(51)
    assert.equal(show(picker.pick()), '2: 5 > 2')
  })

  test('at the bottom, but not when they have merge operands that keep their sequences, or may have some', () => {
    for (const more of [{ mergeOperands: 1 }, { isUnopened: true }]) {
      const picker = pickerOf([[], [{ number: 5, keys: wide, largestSequence: 50, ...more }]])
      picker.noteOldestSnapshot(100)
      assert.equal(picker.needsCompaction(), false)
    }
  })

  test('those that the MANIFEST marks', () => {
    const picker = pickerOf([
      [],
      [{ number: 5, keys: wide, needCompaction: true }],
      [{ number: 6, keys: wide }],
    ])
    assert.equal(show(picker.pick()), '1: 5, 2: 6 > 2')
  })
})

describe('a manual compaction', () => {
  function steps(
    sketch: readonly (readonly SketchedFile[])[],
    range: ManualRange,
    options: Partial<LevelOptions> = {},
  ) {
    const picker = pickerOf(sketch, options)
    const manual = new ManualCompaction(picker, picker.source, range, 1000)
    const step = manual.next()
    return typeof step === 'string' ? step : show(step)
  }

  test('merges all levels of a range at once when they are small', () => {
    const sketch = [level0(1), [{ number: 1, keys: wide }], [], [{ number: 2, keys: wide }]]
    assert.equal(steps(sketch, {}), '0: 100, 1: 1, 3: 2 > 3')
  })

  test('goes level by level, in pieces, when they are large', () => {
    const sketch = [
      [],
      [
        { number: 1, keys: ['a', 'b'] as [string, string], size: 15_000 },
        { number: 2, keys: ['c', 'd'] as [string, string], size: 15_000 },
      ],
      [{ number: 3, keys: ['a', 'b'] as [string, string], size: 5000 }],
    ]
    assert.equal(steps(sketch, {}), '1: 1, 2: 3 > 2')
  })

  test('leaves what is outside the range', () => {
    const sketch = [
      [],
      [
        { number: 1, keys: ['a', 'b'] as [string, string] },
        { number: 2, keys: ['c', 'd'] as [string, string] },
      ],
      [{ number: 3, keys: ['c', 'c'] as [string, string] }],
    ]
    const range = { smallest: Buffer.from('c'), largest: Buffer.from('e') }
    assert.equal(steps(sketch, range), '1: 2, 2: 3 > 2')
    assert.equal(steps(sketch, { smallest: Buffer.from('x') }), 'done')
  })

  test('rewrites the deepest level only when asked to', () => {
    const sketch = [[], [], [{ number: 3, keys: wide }]]
    assert.equal(steps(sketch, {}), 'done')
    assert.equal(steps(sketch, { rewriteBottommost: true }), '2: 3 > 2')
  })

  test('ends though there were flushes meanwhile', () => {
    const tree = new FakeTree(testOptions)
    const flush = (keys: string) => tree.flush([...keys].map(key => ({ key, remove: false })))
    // A snapshot keeps sequences in the last level: such files look as if they were worth rewriting.
    flush('ac')
    tree.takeSnapshot()
    flush('abc')
    const manual = tree.manual({ rewriteBottommost: true })
    let steps = 0
    for (let step = manual.next(); step !== 'done'; step = manual.next()) {
      assert.ok(step !== 'blocked' && ++steps < 20, 'it goes on and on')
      tree.start(step)
      tree.finishAll()
      if (steps === 1) flush('ac')
    }
    assert.equal(steps, 2)
    tree.check()
  })

  test('waits for a compaction that holds its files', () => {
    const picker = pickerOf([level0(4), [{ number: 1, keys: wide }]])
    picker.pick()
    assert.equal(new ManualCompaction(picker, picker.source, {}, 1000).next(), 'blocked')
  })
})
