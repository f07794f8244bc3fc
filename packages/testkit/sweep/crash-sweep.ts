/**
 * Loses power before each operation of each script that changes the disk, in each of the seven ways, and judges
 * what is left. The disk is recorded once per script and seed; a state is a copy of a moment.
 */
import { type CrashMode, crashModes, type SimulatedDisk } from '../disk/index.ts'
import { Random } from '../random.ts'
import { judge } from './judge.ts'
import { MetDisks } from './met-disks.ts'
import { recordScript, type Snapshot } from './recorder.ts'
import type { Script } from './script.ts'
import { scriptNamed, scripts } from './scripts.ts'
import { newTally, runCase, type SweepOptions, sample, type Tally } from './tally.ts'

/** A state: what `crash` makes of the snapshot `k` of a script that was played with a seed. */
export interface CrashCase {
  readonly script: Script
  readonly seed: number
  readonly k: number
  readonly mode: CrashMode
  readonly snapshot: Snapshot
}

export function crashAddress({ script, seed, k, mode }: Omit<CrashCase, 'snapshot'>): string {
  return `${script.name}:${seed}:${k}:${mode}`
}

/** The disk of the case, as the machine finds it. */
export function crashed({ seed, k, mode, snapshot }: CrashCase): SimulatedDisk {
  return snapshot.disk.crash(mode, new Random(seed).fork(k).fork(crashModes.indexOf(mode)))
}

/** Every state of every script, or of the one named, for one seed. */
export async function allCrashCases(seed: number, only?: string): Promise<CrashCase[]> {
  const cases: CrashCase[] = []
  for (const script of only === undefined ? scripts : [scriptNamed(only)]) {
    const snapshots = await recordScript(script, seed)
    for (const [k, snapshot] of snapshots.entries()) {
      for (const mode of crashModes) cases.push({ script, seed, k, mode, snapshot })
    }
  }
  return cases
}

/** Goes on with the next seed when one has not enough states. */
export async function crashSweep(options: SweepOptions): Promise<Tally> {
  const tally = newTally('crash')
  for (let seed = options.seed; tally.cases < options.cases && Date.now() < options.deadline; seed++) {
    let met = new MetDisks()
    let script: Script | undefined
    for (const item of sample(await allCrashCases(seed, options.script), options.cases - tally.cases)) {
      if (Date.now() >= options.deadline) break
      if (item.script !== script) met = new MetDisks()
      script = item.script
      await runCase(tally, crashAddress(item), options, () => judgeCase(item, met))
    }
  }
  return tally
}

function judgeCase(item: CrashCase, met?: MetDisks): Promise<string> {
  const { script, snapshot } = item
  return judge(crashed(item), script, snapshot.moment, snapshot.disk, met)
}

/** The case of an address again. */
export async function replayCrash(address: string): Promise<string> {
  return judgeCase(await crashCaseAt(address))
}

export async function crashCaseAt(address: string): Promise<CrashCase> {
  const [name, seed, k, mode] = address.split(':')
  const script = scriptNamed(name)
  const snapshot = (await recordScript(script, Number(seed)))[Number(k)]
  if (snapshot === undefined) throw new Error(`${name} has no moment ${k}`)
  return { script, seed: Number(seed), k: Number(k), mode: mode as CrashMode, snapshot }
}
