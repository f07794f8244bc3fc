import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SketchedFile, testOptions, versionOf } from './fake-files.test-support.ts'
import type { LevelOptions } from './level-options.ts'
import { showCompaction as show } from './show-compaction.test-support.ts'
import { UniversalPicker } from './universal-picker.ts'

type Style = Partial<LevelOptions['compactionOptionsUniversal']>

const wide: [string, string] = ['a', 'z']
const NOW = 1_000_000

/** Sizes of the files of level 0, newest first, and of deeper levels by their number. */
interface Runs {
  level0: readonly number[]
  deeper?: Record<number, number>
}

/** Files of level 0 are numbered from 100 down, a level's only file has the level's number. */
function sketchOf({ level0, deeper = {} }: Runs): SketchedFile[][] {
  const sketch: SketchedFile[][] = [level0.map((size, i) => ({ number: 100 - i, size, keys: wide }))]
  for (const [level, size] of Object.entries(deeper)) {
    while (sketch.length <= Number(level)) sketch.push([])
    sketch[Number(level)].push({ number: Number(level), size, keys: wide })
  }
  return sketch
}

function pickerOf(sketch: readonly SketchedFile[][], style: Style = {}, more: Partial<LevelOptions> = {}) {
  const options: LevelOptions = {
    ...testOptions,
    compactionStyle: 'universal',
    level0FileNumCompactionTrigger: 3,
    compactionOptionsUniversal: { ...testOptions.compactionOptionsUniversal, ...style },
    ...more,
  }
  return new UniversalPicker({ current: versionOf(sketch, options.numLevels) }, options, () => NOW)
}

const noSpace: Style = { maxSizeAmplificationPercent: 1e6 }

const cases: [name: string, runs: Runs, style: Style, expected: string | undefined, reason?: string][] = [
  ['fewer runs than the trigger wait', { level0: [10, 10] }, {}, undefined],
  ['deeper levels count as runs', { level0: [10, 10], deeper: { 4: 1 } }, {}, '0: 100 99, 4: 4 > 6'],
  [
    'all newer runs reach twice the oldest: everything goes to the last level',
    { level0: [50, 150], deeper: { 6: 100 } },
    {},
    '0: 100 99, 6: 6 > 6',
    'size amplification',
  ],
  [
    'they do not quite reach it',
    { level0: [50, 149], deeper: { 6: 100 } },
    {},
    '0: 99, 6: 6 > 6',
    'size ratio',
  ],
  [
    'the percentage is the option’s',
    { level0: [20, 31], deeper: { 6: 100 } },
    { maxSizeAmplificationPercent: 51 },
    '0: 100 99, 6: 6 > 6',
    'size amplification',
  ],
  [
    'a run no larger than the newer one goes with it',
    { level0: [100, 90, 5000, 90_000] },
    noSpace,
    '0: 100 99 > 0',
    'size ratio',
  ],
  ['one percent larger still goes', { level0: [100, 101, 5000] }, noSpace, '0: 100 99 > 0', 'size ratio'],
  ['two percent larger do not', { level0: [100, 102, 5000] }, noSpace, undefined],
  ['unless that is allowed', { level0: [100, 102, 5000] }, { ...noSpace, sizeRatio: 2 }, '0: 100 99 > 0'],
  ['sizes add up', { level0: [10, 10, 20, 40, 900] }, noSpace, '0: 100 99 98 97 > 0', 'size ratio'],
  [
    'only the last one counts for similar sizes',
    { level0: [10, 10, 20, 40, 900] },
    { ...noSpace, stopStyle: 'similarSize' },
    '0: 100 99 > 0',
    'size ratio',
  ],
  [
    'and it must not be much larger than the next',
    { level0: [100, 10, 10, 900] },
    { ...noSpace, stopStyle: 'similarSize' },
    '0: 99 98 > 0',
    'size ratio',
  ],
  ['the stretch may begin later', { level0: [10, 100, 90, 5000] }, noSpace, '0: 99 98 > 0', 'size ratio'],
  [
    'too few that are alike for the least width: as many as are too many',
    { level0: [100, 90, 5000, 90_000] },
    { ...noSpace, minMergeWidth: 3 },
    undefined,
  ],
  [
    'no more than the greatest width',
    { level0: [9, 9, 9, 9] },
    { ...noSpace, maxMergeWidth: 3 },
    '0: 100 99 98 > 0',
  ],
  [
    'too many runs: the newest, as many as it takes',
    { level0: [1, 10, 100, 1000, 10_000] },
    noSpace,
    '0: 100 99 98 > 0',
    'sorted runs',
  ],
  [
    'just above the next older run',
    { level0: [9, 9], deeper: { 4: 900 } },
    noSpace,
    '0: 100 99 > 3',
    'size ratio',
  ],
  ['which may be level 0', { level0: [9, 9], deeper: { 1: 900 } }, noSpace, '0: 100 99 > 0', 'size ratio'],
  [
    'a deeper level goes along',
    { level0: [9, 9], deeper: { 3: 9, 5: 900 } },
    noSpace,
    '0: 100 99, 3: 3 > 4',
    'size ratio',
  ],
  [
    'the oldest too: to the last level',
    { level0: [9, 9], deeper: { 2: 9 } },
    noSpace,
    '0: 100 99, 2: 2 > 6',
    'size ratio',
  ],
]

describe('what universal compaction merges', () => {
  for (const [name, runs, style, expected, reason] of cases) {
    test(name, () => {
      const picker = pickerOf(sketchOf(runs), style)
      assert.equal(picker.needsCompaction(), expected !== undefined)
      const compaction = picker.pick()
      assert.equal(show(compaction), expected)
      if (reason !== undefined) assert.equal(compaction?.reason, reason)
    })
  }

  test('in one level everything stays there', () => {
    const picker = pickerOf(sketchOf({ level0: [100, 150, 100] }), {}, { numLevels: 1 })
    assert.equal(show(picker.pick()), '0: 100 99 98 > 0')
  })

  test('runs that are compacted are left out, and others are merged beside them', () => {
    const picker = pickerOf(sketchOf({ level0: [7, 7, 1000, 900, 90_000] }), noSpace, {
      level0FileNumCompactionTrigger: 2,
    })
    picker.source.current.levels[0][3].beingCompacted = true
    assert.equal(show(picker.pick()), '0: 100 99 > 0')
    assert.equal(picker.pick(), undefined)
  })

  test('a level of which one file is compacted is left out as a whole', () => {
    const level: SketchedFile[] = [
      { number: 1, keys: ['a', 'b'], size: 10 },
      { number: 2, keys: ['c', 'd'], size: 10 },
    ]
    const picker = pickerOf([...sketchOf({ level0: [9, 9] }), [], level], noSpace)
    picker.source.current.levels[2][1].beingCompacted = true
    assert.equal(show(picker.pick()), '0: 100 99 > 1')
  })
})

describe('what universal compaction may drop', () => {
  const oldest: SketchedFile[] = [{ number: 6, size: 90_000, keys: ['k', 'l'] }]
  const above = (keys: [string, string]) => {
    const level0 = [100, 99].map(number => ({ number, keys, size: 10 }))
    return pickerOf([level0, [], [], [], [], [], oldest], noSpace).pick()
  }

  test('nothing for good, while the oldest run is not part of it', () => {
    assert.equal(above(['a', 'z'])?.outputLevel, 5)
    assert.equal(above(['a', 'z'])?.bottommost, false)
    assert.equal(pickerOf(sketchOf({ level0: [9, 9, 900] }), noSpace).pick()?.bottommost, false)
  })

  test('everything, when no older run has any of the keys or the oldest run is part of it', () => {
    assert.equal(above(['a', 'b'])?.bottommost, true)
    assert.equal(pickerOf(sketchOf({ level0: [90, 90, 90] })).pick()?.bottommost, true)
    assert.equal(pickerOf(sketchOf({ level0: [90, 90, 90] }), {}, { numLevels: 1 }).pick()?.bottommost, true)
  })

  test('sequences go only in deeper levels: by them older versions of RocksDB order level 0', () => {
    const context = {
      directory: '/db',
      snapshots: [],
      table: {},
      fileNumbers: { first: 1, count: 9 },
      fileCreationTime: NOW,
      paranoidFileChecks: false,
    }
    for (const [numLevels, zeroSequences] of [
      [1, false],
      [7, true],
    ] as const) {
      const job = pickerOf(sketchOf({ level0: [90, 90, 90] }), {}, { numLevels })
        .pick()
        ?.toJob(context)
      assert.equal(job?.rules.zeroSequences, zeroSequences)
      assert.equal(job?.output.epochNumber, 998, 'that of the oldest input')
    }
  })
})

describe('universal compaction by age', () => {
  const aged = (...ages: number[]) => [
    ages.map((age, i) => ({ number: 100 - i, keys: wide, size: 10 ** i, fileCreationTime: NOW - age })),
  ]
  const picks = (ages: number[], busy: number[] = [], ttl = 60) => {
    const picker = pickerOf(aged(...ages), noSpace, { ttl })
    for (const index of busy) picker.source.current.levels[0][index].beingCompacted = true
    return show(picker.pick())
  }

  test('merges everything when something is older than the ttl', () => {
    assert.equal(picks([1, 60]), undefined)
    assert.equal(picks([1, 61]), '0: 100 99 > 6')
    assert.equal(picks([61, 1]), '0: 100 99 > 6')
    assert.equal(picks([1, 61], [], 0), undefined)
  })

  test('from the oldest run up to one that is compacted, if that helps', () => {
    assert.equal(picks([61, 1, 1], [0]), '0: 99 98 > 6')
    assert.equal(picks([61, 1], [0]), undefined)
    assert.equal(picks([1, 61], [0]), '0: 99 > 6')
  })

  test('is due when the first file gets too old', () => {
    assert.equal(pickerOf(aged(10, 30, 99), {}, { ttl: 60 }).nextDue(), NOW + 31)
    assert.equal(pickerOf(aged(10), {}).nextDue(), undefined)
  })
})

describe('compression and moves', () => {
  const compressionOf = (runs: Runs, style: Style) => {
    const picker = pickerOf(sketchOf(runs), style)
    return picker.pick()?.compression({ ...testOptions, compression: 'zstd' })
  }

  test('an output above enough compressed data is not compressed', () => {
    const runs: Runs = { level0: [10, 10], deeper: { 6: 980 } }
    assert.equal(compressionOf(runs, { ...noSpace, compressionSizePercent: 97 }), 'none')
    assert.equal(compressionOf(runs, { ...noSpace, compressionSizePercent: 99 }), 'zstd')
    assert.equal(compressionOf(runs, noSpace), 'zstd')
    assert.equal(compressionOf({ level0: [9, 9, 9] }, { compressionSizePercent: 0 }), 'zstd')
  })

  const apart: SketchedFile[][] = [
    [
      { number: 3, keys: ['a', 'b'], size: 100 },
      { number: 2, keys: ['e', 'f'], size: 100 },
    ],
    [],
    [{ number: 1, keys: ['c', 'd'], size: 100 }],
  ]

  test('runs that do not overlap are moved if that is allowed', () => {
    assert.equal(show(pickerOf(apart, { allowTrivialMove: true }).pick()), '0: 3 2, 2: 1 > 6 moved')
    assert.equal(show(pickerOf(apart).pick()), '0: 3 2, 2: 1 > 6')
  })

  test('runs that share a key are not', () => {
    const meeting = [apart[0], [], [{ number: 1, keys: ['b', 'd'] as [string, string], size: 100 }]]
    assert.equal(show(pickerOf(meeting, { allowTrivialMove: true }).pick()), '0: 3 2, 2: 1 > 6')
  })
})

describe('a manual universal compaction', () => {
  const manual = (runs: Runs, range: { smallest?: Uint8Array; rewriteBottommost?: boolean } = {}) =>
    pickerOf(sketchOf(runs)).manual(range, 1000)

  test('merges all runs, whatever they are, once', () => {
    const steps = manual({ level0: [1], deeper: { 3: 900 } })
    const step = steps.next()
    assert.equal(typeof step === 'string' ? step : show(step), '0: 100, 3: 3 > 6')
    assert.equal(steps.next(), 'done')
  })

  test('has nothing to do where nothing is, and where everything is one run', () => {
    assert.equal(manual({ level0: [] }).next(), 'done')
    assert.equal(manual({ level0: [1, 1] }, { smallest: Buffer.from('zz') }).next(), 'done')
    assert.equal(manual({ level0: [], deeper: { 6: 9 } }).next(), 'done')
    assert.notEqual(manual({ level0: [], deeper: { 6: 9 } }, { rewriteBottommost: true }).next(), 'done')
  })

  test('waits for compactions that have some of the runs', () => {
    const picker = pickerOf(sketchOf({ level0: [9, 9, 9000] }), noSpace)
    const running = picker.pick()
    assert.equal(picker.manual({}, 1000).next(), 'blocked')
    running?.release()
    assert.notEqual(picker.manual({}, 1000).next(), 'blocked')
  })
})
