import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testOptions, versionOf } from './fake-files.test-support.ts'
import { levelScores, levelSizes, pendingCompactionBytes, targetFileSize } from './level-sizes.ts'

const dynamic = { ...testOptions, levelCompactionDynamicLevelBytes: true }

/** A version whose levels have these sizes, level 0 in files of 1000 bytes. */
function sized(...bytes: number[]) {
  return versionOf(
    bytes.map((size, level) => {
      if (size === 0) return []
      return level === 0 ? Array.from({ length: size / 1000 }, () => ({ size: 1000 })) : [{ size }]
    }),
  )
}

describe('static level sizes', () => {
  test('grow by the multiplier from level 1 on', () => {
    const { baseLevel, maxBytes } = levelSizes(sized(0), testOptions)
    assert.equal(baseLevel, 1)
    assert.deepEqual(maxBytes.slice(1, 4), [4000, 40_000, 400_000])
  })

  test('level 0 scores by its files, deeper levels by their bytes', () => {
    const version = sized(2000, 8000, 10_000)
    const scores = levelScores(version, testOptions, levelSizes(version, testOptions))
    assert.deepEqual(scores.slice(0, 3), [
      { level: 1, score: 2 },
      { level: 0, score: 0.5 },
      { level: 2, score: 0.25 },
    ])
  })

  test('files being compacted do not count', () => {
    const version = sized(0, 8000)
    version.levels[1][0].beingCompacted = true
    assert.equal(levelScores(version, testOptions, levelSizes(version, testOptions))[0].score, 0)
  })
})

describe('dynamic level sizes', () => {
  test('level 0 goes straight to the last level of an empty tree', () => {
    assert.equal(levelSizes(sized(4000), dynamic).baseLevel, 6)
  })

  test('the base level moves up when the last level has outgrown it', () => {
    assert.equal(levelSizes(sized(0, 0, 0, 0, 0, 0, 3900), dynamic).baseLevel, 6)
    assert.equal(levelSizes(sized(0, 0, 0, 0, 0, 0, 39_000), dynamic).baseLevel, 5)
    assert.equal(levelSizes(sized(0, 0, 0, 0, 0, 3900, 39_000), dynamic).baseLevel, 5)
    assert.equal(levelSizes(sized(0, 0, 0, 0, 0, 39_000, 390_000), dynamic).baseLevel, 4)
  })

  test('each level may hold a tenth of the one below it, and no less than the base', () => {
    const { baseLevel, maxBytes } = levelSizes(sized(0, 0, 0, 0, 3000, 30_000, 300_000), dynamic)
    assert.equal(baseLevel, 4)
    assert.deepEqual(maxBytes.slice(4), [4000, 30_000, 300_000])
  })

  test('levels that a shrunken tree no longer needs are drained', () => {
    const version = sized(0, 0, 0, 10, 10, 10, 300)
    const sizes = levelSizes(version, dynamic)
    assert.equal(sizes.lowestUnnecessaryLevel, 5)
    const scores = levelScores(version, dynamic, sizes)
    assert.deepEqual(
      scores.filter(({ score }) => score >= 1).map(({ level }) => level),
      [3, 4, 5],
    )
  })

  test('level 0 comes before the base level when it is larger', () => {
    const version = sized(20_000, 0, 0, 0, 0, 6000, 30_000)
    assert.equal(levelScores(version, dynamic, levelSizes(version, dynamic))[0].level, 0)
  })

  test('a single level below level 0 works', () => {
    const two = versionOf([[{}, {}, {}, {}], [{ size: 100_000 }]], 2)
    const sizes = levelSizes(two, { ...dynamic, numLevels: 2 })
    assert.equal(sizes.baseLevel, 1)
    assert.deepEqual(
      levelScores(two, dynamic, sizes).map(({ level }) => level),
      [0],
    )
  })
})

describe('bytes that wait for compaction', () => {
  test('none while every level is within its size', () => {
    const version = sized(3000, 3000, 30_000)
    assert.equal(pendingCompactionBytes(version, testOptions, levelSizes(version, testOptions)), 0)
  })

  test('level 0 and what it is merged with, once there are files enough', () => {
    const version = sized(4000, 3000, 0)
    assert.equal(pendingCompactionBytes(version, testOptions, levelSizes(version, testOptions)), 7000)
  })

  test('what a level has too much, times what it is merged with below', () => {
    const version = sized(0, 8000, 16_000)
    assert.equal(pendingCompactionBytes(version, testOptions, levelSizes(version, testOptions)), 4000 * 3)
  })
})

test('table sizes grow by their multiplier from the base level on', () => {
  const options = { ...testOptions, targetFileSizeMultiplier: 2 }
  assert.deepEqual(
    [0, 1, 2, 3].map(level => targetFileSize(level, 1, options)),
    [1000, 1000, 2000, 4000],
  )
  const from4 = { ...options, levelCompactionDynamicLevelBytes: true }
  assert.deepEqual(
    [0, 4, 5, 6].map(level => targetFileSize(level, 4, from4)),
    [1000, 1000, 2000, 4000],
  )
})
