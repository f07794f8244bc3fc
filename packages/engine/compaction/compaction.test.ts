import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { testOptions } from './fake-files.test-support.ts'
import { FakeTree } from './fake-tree.test-support.ts'
import type { LevelOptions } from './level-options.ts'

const small: LevelOptions = {
  ...testOptions,
  level0FileNumCompactionTrigger: 2,
  targetFileSizeBase: 500,
  maxBytesForLevelBase: 1000,
  maxBytesForLevelMultiplier: 3,
  maxCompactionBytes: 5000,
}

const keys = fc.integer({ min: 0, max: 60 }).map(number => `k${String(number).padStart(2, '0')}`)
const operation = fc.record({ key: keys, remove: fc.nat(3).map(choice => choice === 0) })

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('flush'),
      operations: fc.array(operation, { minLength: 1, maxLength: 12, size: 'max' }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('start') }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('finish'), which: fc.nat(), success: fc.nat(5).map(n => n > 0) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close'), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('manual'),
      smallest: fc.option(keys, { nil: undefined }),
      largest: fc.option(keys, { nil: undefined }),
      rewriteBottommost: fc.boolean(),
    }),
  },
)
type Action = {
  do: string
  operations?: { key: string; remove: boolean }[]
  which?: number
  success?: boolean
  smallest?: string
  largest?: string
  rewriteBottommost?: boolean
}

/** Far above what any of these trees needs: reaching it means that compactions go round in circles. */
const MOST_STEPS = 2000

function runManual(tree: FakeTree, { smallest, largest, rewriteBottommost = false }: Action): void {
  const manual = tree.manual({
    ...(smallest === undefined ? {} : { smallest: Buffer.from(smallest) }),
    ...(largest === undefined ? {} : { largest: Buffer.from(largest) }),
    rewriteBottommost,
  })
  for (let steps = 0; ; steps++) {
    assert.ok(steps < MOST_STEPS, 'the manual compaction does not end')
    const step = manual.next()
    if (step === 'done') return
    if (step === 'blocked') {
      assert.ok(tree.running.length > 0, 'blocked by nothing')
      tree.finish(0)
    } else {
      tree.start(step)
      tree.finish(tree.running.length - 1)
    }
  }
}

function perform(tree: FakeTree, action: Action): void {
  const { which = 0 } = action
  if (action.do === 'flush') tree.flush(action.operations ?? [])
  else if (action.do === 'start') tree.startPicked()
  else if (action.do === 'snapshot') tree.takeSnapshot()
  else if (action.do === 'manual') runManual(tree, action)
  else if (action.do === 'finish' && tree.running.length > 0)
    tree.finish(which % tree.running.length, action.success)
  else if (action.do === 'close' && tree.snapshots.length > 0)
    tree.closeSnapshot(which % tree.snapshots.length)
}

function settle(tree: FakeTree): void {
  tree.finishAll()
  for (let steps = 0; tree.startPicked(); steps++) {
    assert.ok(steps < MOST_STEPS, 'compactions do not come to rest')
    tree.finishAll()
  }
  tree.check()
  assert.ok(!tree.picker.needsCompaction(), 'there is work that cannot be picked')
}

const fifo = { maxTableFilesSize: 1e9, allowCompaction: true }

function universal(
  style: Partial<LevelOptions['compactionOptionsUniversal']>,
  more: Partial<LevelOptions> = {},
): Partial<LevelOptions> {
  const compactionOptionsUniversal = { ...testOptions.compactionOptionsUniversal, ...style }
  return { compactionStyle: 'universal', compactionOptionsUniversal, ...more }
}

const shapes: [string, Partial<LevelOptions>][] = [
  ['static sizes', {}],
  ['dynamic sizes', { levelCompactionDynamicLevelBytes: true }],
  ['three levels', { numLevels: 3, levelCompactionDynamicLevelBytes: true }],
  ['two levels', { numLevels: 2 }],
  ['small compactions', { maxCompactionBytes: 800 }],
  ['a compression for each level', { compressionPerLevel: ['none', 'none', 'lz4'] }],
  ['universal', universal({}, { level0FileNumCompactionTrigger: 3 })],
  ['universal, in one level', universal({}, { numLevels: 1, level0FileNumCompactionTrigger: 4 })],
  ['universal, in two levels', universal({ maxSizeAmplificationPercent: 1000 }, { numLevels: 2 })],
  ['universal, never for space', universal({ maxSizeAmplificationPercent: 1e6, maxMergeWidth: 3 })],
  ['universal, runs of similar size', universal({ stopStyle: 'similarSize', sizeRatio: 20 })],
  ['universal, moving', universal({ allowTrivialMove: true, maxSizeAmplificationPercent: 50 })],
  ['universal, wide', universal({ minMergeWidth: 4 }, { level0FileNumCompactionTrigger: 5 })],
  ['fifo, merging', { compactionStyle: 'fifo', compactionOptionsFifo: fifo, writeBufferSize: 1e6 }],
]

describe('compactions side by side, with flushes and snapshots coming and going', () => {
  for (const [name, shape] of shapes) {
    test(`no reader ever sees a difference: ${name}`, () => {
      fc.assert(
        fc.property(fc.array(action, { minLength: 20, maxLength: 100, size: 'max' }), actions => {
          const tree = new FakeTree({ ...small, ...shape })
          for (const [index, each] of actions.entries()) {
            perform(tree, each)
            if (index % 3 === 0) tree.check()
          }
          settle(tree)
        }),
        { numRuns: 20 },
      )
    })
  }

  for (const [style, shape] of [
    ['leveled', {}],
    ['leveled with dynamic sizes', { levelCompactionDynamicLevelBytes: true }],
    ['universal', universal({})],
    ['universal that may move', universal({ allowTrivialMove: true })],
  ] as const) {
    test(`a manual compaction of everything leaves one version of each key, in one level: ${style}`, () => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 60, size: 'max' }), actions => {
          const tree = new FakeTree({ ...small, ...shape })
          for (const each of actions) perform(tree, each)
          tree.finishAll()
          while (tree.snapshots.length > 0) tree.closeSnapshot(0)
          runManual(tree, { do: 'manual', rewriteBottommost: true })
          tree.check()
          const used = tree.version.levels.filter(files => files.length > 0)
          assert.ok(used.length <= 1)
          assert.ok(used.flat().every(file => file.largestSequence === 0))
        }),
        { numRuns: 20 },
      )
    })
  }

  test('a tree goes from style to style', () => {
    const styles = [{}, universal({}), { levelCompactionDynamicLevelBytes: true }, shapes.at(-1)?.[1] ?? {}]
    fc.assert(
      fc.property(
        fc.array(fc.record({ style: fc.nat(3), actions: fc.array(action, { maxLength: 30, size: 'max' }) })),
        lives => {
          const tree = new FakeTree(small)
          for (const { style, actions } of lives) {
            tree.finishAll()
            tree.use({ ...small, ...styles[style] })
            for (const each of actions) perform(tree, each)
            tree.check()
          }
          settle(tree)
        },
      ),
      { numRuns: 30 },
    )
  })
})
