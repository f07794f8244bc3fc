/**
 * Loses power again while the database recovers from a loss of power: before each operation of the recovery that
 * changes the disk. The bounds are still those of the first.
 */
import { type CrashMode, crashModes } from '../disk/index.ts'
import { Random } from '../random.ts'
import { allCrashCases, type CrashCase, crashAddress, crashCaseAt, crashed } from './crash-sweep.ts'
import { judge, recover } from './judge.ts'
import { MetDisks } from './met-disks.ts'
import { recordOn, type Snapshot } from './recorder.ts'
import { count, newTally, runCase, type SweepOptions, sample, type Tally } from './tally.ts'

/** About how many operations of a recovery change the disk: how many first states are wanted for so many cases. */
const USUAL_OPERATIONS = 30

export async function recoverySweep(options: SweepOptions): Promise<Tally> {
  const tally = newTally('recovery')
  for (let seed = options.seed; tally.cases < options.cases && Date.now() < options.deadline; seed++) {
    const wanted = Math.ceil((options.cases - tally.cases) / USUAL_OPERATIONS)
    for (const [index, item] of sample(await allCrashCases(seed, options.script), wanted).entries()) {
      if (tally.cases >= options.cases || Date.now() >= options.deadline) break
      await sweepRecovery(item, index, tally, options)
    }
  }
  return tally
}

/** All moments of one recovery, the second crash each time in another mode. */
async function sweepRecovery(
  item: CrashCase,
  index: number,
  tally: Tally,
  options: SweepOptions,
): Promise<void> {
  let snapshots: Snapshot[]
  try {
    snapshots = await recordRecovery(item)
  } catch {
    // The first sweep is there to judge this state.
    count(tally, 'first state does not recover')
    return
  }
  const met = new MetDisks()
  for (const [k, snapshot] of snapshots.entries()) {
    if (tally.cases >= options.cases || Date.now() >= options.deadline) return
    const mode = crashModes[(k + index) % crashModes.length]
    const address = `${crashAddress(item)}:${k}:${mode}`
    await runCase(tally, address, options, () => judgeSecond(item, snapshot, k, mode, met))
  }
}

function recordRecovery(item: CrashCase): Promise<Snapshot[]> {
  const disk = crashed(item)
  return recordOn(disk, item.snapshot.moment, () => recover(disk, item.script))
}

function judgeSecond(
  item: CrashCase,
  { disk, moment }: Snapshot,
  k: number,
  mode: CrashMode,
  met?: MetDisks,
): Promise<string> {
  const random = new Random(item.seed).fork(item.k).fork(k).fork(crashModes.indexOf(mode))
  return judge(disk.crash(mode, random), item.script, moment, disk, met)
}

export async function replayRecovery(address: string): Promise<string> {
  const parts = address.split(':')
  const item = await crashCaseAt(parts.slice(0, 4).join(':'))
  const k = Number(parts[4])
  const snapshot = (await recordRecovery(item))[k]
  if (snapshot === undefined) throw new Error(`the recovery has no moment ${k}`)
  return judgeSecond(item, snapshot, k, parts[5] as CrashMode)
}
