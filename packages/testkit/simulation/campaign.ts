/**
 * The whole engine in the simulated world, one random life after another: writes, flushes, compactions, families
 * that come and go, reopenings, kills, losses of power and failing operations, in an order that the seed decides.
 */
import { crashModes, type FaultKind, type SimulatedDisk } from '../disk/index.ts'
import { Random } from '../random.ts'
import { judge, randomScript, Stage } from '../sweep/index.ts'

const ROUNDS = 80

const faults: readonly FaultKind[] = [
  'EIO',
  'ENOSPC',
  'EMFILE',
  'EACCES',
  'shortWrite',
  'syncExt4',
  'syncXfs',
  'syncBtrfs',
]

export interface Life {
  /** File operations, timers, turns and jobs. */
  readonly events: number
  /** Of everything that happened, in order. */
  readonly hash: string
  readonly failures: number
}

/** Plays one life; throws a `SweepError` when anything is not as it must be. */
export async function simulateLife(seed: number): Promise<Life> {
  const random = new Random(seed).fork(8)
  const script = randomScript(seed, ROUNDS)
  const stage = new Stage(script, seed)
  const isFaulty = random.chance(0.6)
  // Who keeps logs at recovery relies on syncs; one that failed in an earlier process says nothing to the next.
  const sparesSyncs = script.options.avoidFlushDuringRecovery === true
  const arm = (disk: SimulatedDisk): void => {
    if (!isFaulty) return
    disk.faults.add({
      kind: random.pick(faults),
      from: disk.operationCount + random.below(600),
      matches: ({ kind }) => !sparesSyncs || kind !== 'sync',
    })
  }
  stage.onDisk = arm
  stage.onFailure = when => {
    if (when === 'resumed') arm(stage.disk)
  }
  await stage.play()
  stage.disk.faults.lift()
  await judge(stage.disk.crash(random.pick(crashModes), random), script, stage.moment(), stage.disk)
  const events = stage.traces.reduce((sum, trace) => sum + trace.events, 0)
  return { events, hash: stage.traces.map(({ hash }) => hash).join(' '), failures: stage.failures.length }
}
