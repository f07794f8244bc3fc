import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashModes, Random, type SimulatedDisk } from '../disk/index.ts'
import {
  crashSweep,
  faultSweep,
  judge,
  recordScript,
  recoverySweep,
  replayCrash,
  replayFault,
  replayRecovery,
  Stage,
  SweepError,
  type SweepOptions,
  scriptNamed,
  scripts,
} from '../sweep/index.ts'
import { sample } from '../sweep/tally.ts'

function optionsFor(cases: number): { options: SweepOptions; failures: string[] } {
  const failures: string[] = []
  const report = (address: string, error: unknown): void => {
    failures.push(`${address}: ${error}`)
  }
  return { options: { cases, seed: 11, deadline: Number.POSITIVE_INFINITY, report }, failures }
}

test('power is lost at operations of every script, in every way: both bounds hold', async () => {
  const { options, failures } = optionsFor(200)
  const tally = await crashSweep(options)
  assert.deepEqual(failures, [])
  assert.equal(tally.cases, 200)
  const right = tally.counts.get('right') ?? 0
  const again = tally.counts.get('right, on a disk met before') ?? 0
  assert.ok(right + again > 190)
  assert.ok(right > 50, 'most are judged in full')
})

test('power is lost again in recoveries: both bounds hold', async () => {
  const { options, failures } = optionsFor(120)
  const tally = await recoverySweep(options)
  assert.deepEqual(failures, [])
  assert.equal(tally.cases, 120)
})

test('operations of every script fail: told or made up for, and nothing acknowledged is lost', async () => {
  const { options, failures } = optionsFor(60)
  const tally = await faultSweep(options)
  assert.deepEqual(failures, [])
  assert.ok((tally.counts.get('surfaced') ?? 0) > 45)
})

test('a case is repeated by its address', async () => {
  assert.equal(await replayCrash('puts:1:17:loseAll'), 'right')
  assert.equal(await replayRecovery('reopen:1:60:keepAll:5:tornWrite'), 'right')
  assert.equal(await replayFault('flush:2:60:EIO'), 'surfaced')
  await assert.rejects(replayCrash('puts:1:1000000:loseAll'), /no moment/)
})

test('the same seed gives the same moments', async () => {
  const script = scriptNamed('background')
  const moments = async () =>
    (await recordScript(script, 5)).map(({ operation, moment }) => [operation, moment.issued, moment.durable])
  assert.deepEqual(await moments(), await moments())
})

test('the sweep itself finds a disk whose syncs lie', async () => {
  const script = scriptNamed('puts')
  const stage = new Stage(script, 1)
  stage.onDisk = disk => disk.faults.add({ kind: 'lyingSync', times: Number.POSITIVE_INFINITY })
  const moments: { disk: SimulatedDisk; moment: ReturnType<Stage['moment']> }[] = []
  stage.disk.observe(() => moments.push({ disk: stage.disk.copy(), moment: stage.moment() }))
  await stage.play()
  let found = 0
  for (const { disk, moment } of sample(
    moments.filter(({ moment: { durable } }) => durable > 0),
    20,
  )) {
    try {
      await judge(disk.crash('loseAll', new Random(1)), script, moment, disk)
    } catch (error) {
      assert.ok(error instanceof SweepError)
      found++
    }
  }
  assert.equal(found, 20)
})

test('the sweep itself finds a write that is missing in the middle, and one that nobody asked for', async () => {
  const script = scriptNamed('puts')
  const snapshots = await recordScript(script, 1)
  const { disk, moment } = snapshots[Math.floor(snapshots.length / 2)]
  assert.equal(await judge(disk.crash('keepAll', new Random(1)), script, moment, disk), 'right')
  const tooMany = { ...moment, issued: moment.durable, durable: 0 }
  const last = snapshots[snapshots.length - 1]
  await assert.rejects(
    judge(last.disk.crash('keepAll', new Random(1)), script, tooMany, last.disk),
    SweepError,
  )
  const other = await recordScript(script, 2)
  const hole = { ...moment, history: other[other.length - 1].moment.history }
  await assert.rejects(judge(disk.crash('keepAll', new Random(1)), script, hole, disk), SweepError)
})

test('there are scripts for every part, and seven ways to lose power', () => {
  assert.ok(scripts.length >= 8)
  assert.equal(crashModes.length, 7)
})
