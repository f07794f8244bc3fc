/**
 * Fails each operation of each script in each way that fits it. What must come of it:
 *
 * - whoever asked is told, or nothing was lost by going on;
 * - what was acknowledged can be read, also while the database takes no writes;
 * - a crash right then keeps both bounds: no acknowledgement rests on a sync that failed;
 * - a file whose sync failed is neither written nor synced again;
 * - without the cause the database resumes, on the spot, with all that was acknowledged and nothing that was not,
 *   and from then on all of it is on disk.
 *
 * Disks that fill up (`full`) have a capacity instead of a failing operation: `k` is in steps of 256 bytes.
 */
import {
  crashModes,
  describeOperation,
  type Fault,
  type FaultKind,
  fitsFault,
  type Operation,
  type SimulatedDisk,
} from '../disk/index.ts'
import { Random } from '../random.ts'
import type { Moment } from './history.ts'
import { judge } from './judge.ts'
import { MetDisks } from './met-disks.ts'
import type { Script } from './script.ts'
import { scriptNamed, scripts } from './scripts.ts'
import { Stage, SweepError, type World } from './stage.ts'
import { count, newTally, runCase, type SweepOptions, sample, type Tally } from './tally.ts'

/** A fault by the name it has in addresses. `full` and `-sticky` last until the stage takes them away. */
type FaultName = FaultKind | 'ENOSPC-sticky' | 'EIO-sticky' | 'full'

const faultNames: readonly FaultName[] = [
  'EIO',
  'EIO-sticky',
  'ENOSPC',
  'ENOSPC-sticky',
  'EMFILE',
  'EACCES',
  'shortRead',
  'shortWrite',
  'syncExt4',
  'syncXfs',
  'syncBtrfs',
]

const CAPACITY_STEP = 256

/** What a fault has left behind shows soon, if at all; one case in so many is played to the end of its script all the same. */
const ROUNDS_AFTER_FAULT = 6
const WHOLE_EVERY = 8
/** Cases that lose power right after the database has resumed too, and not only at the failure and at the end. */
const RESUMED_EVERY = 3

interface FaultCase {
  readonly script: Script
  readonly seed: number
  readonly k: number
  readonly fault: FaultName
}

/** In odd seeds the seed also decides the order of events; in even ones it is the order of the calls. */
function worldOf(seed: number): World {
  return seed % 2 === 1 ? 'simulated' : 'plain'
}

export async function faultSweep(options: SweepOptions): Promise<Tally> {
  const tally = newTally('fault')
  for (let seed = options.seed; tally.cases < options.cases && Date.now() < options.deadline; seed++) {
    let met = new MetDisks()
    let script: Script | undefined
    for (const item of sample(await allFaultCases(seed, options.script), options.cases - tally.cases)) {
      if (Date.now() >= options.deadline) break
      const address = `${item.script.name}:${item.seed}:${item.k}:${item.fault}`
      if (item.script !== script) met = new MetDisks()
      script = item.script
      await runCase(tally, address, options, () => runFault(item, tally, met))
    }
  }
  return tally
}

export function replayFault(address: string): Promise<string> {
  const [name, seed, k, fault] = address.split(':')
  const item = { script: scriptNamed(name), seed: Number(seed), k: Number(k), fault: fault as FaultName }
  return runFault(item, newTally('fault'))
}

/** Not those that go over to another disk: operations are numbered per disk. */
const faultScripts = scripts.filter(({ name }) => !/^(crashes|kills)/.test(name))

async function allFaultCases(seed: number, only?: string): Promise<FaultCase[]> {
  const cases: FaultCase[] = []
  for (const script of only === undefined ? faultScripts : [scriptNamed(only)]) {
    const operations: Operation[] = []
    const stage = new Stage(script, seed, worldOf(seed))
    let largest = 0
    let disks = 0
    stage.onDisk = disk => {
      if (++disks > 1)
        throw new Error(`${script.name} goes over to another disk, and its name does not say so`)
      disk.observe(operation => {
        operations.push(operation)
        largest = Math.max(largest, disk.usedBytes)
      })
    }
    await stage.play()
    for (const [index, operation] of operations.entries()) {
      for (const fault of faultNames) {
        if (fitsFault(kindOf(fault), operation)) cases.push({ script, seed, k: index + 1, fault })
      }
    }
    // What is reserved behind a log comes in megabytes, and is done without; budgets below it are the interesting ones.
    const budgets = Math.min(512, Math.ceil(largest / CAPACITY_STEP))
    for (let k = 1; k <= budgets; k++) cases.push({ script, seed, k, fault: 'full' })
  }
  return cases
}

function kindOf(name: FaultName): FaultKind {
  if (name === 'ENOSPC-sticky' || name === 'full') return 'ENOSPC'
  return name === 'EIO-sticky' ? 'EIO' : name
}

async function runFault(item: FaultCase, tally: Tally, met?: MetDisks): Promise<string> {
  const stage = new Stage(item.script, item.seed, worldOf(item.seed))
  const moments: { disk: SimulatedDisk; moment: Moment; when: string }[] = []
  const watch = new Watch()
  if (item.k % WHOLE_EVERY !== 0) stage.roundsAfterFault = ROUNDS_AFTER_FAULT
  stage.onDisk = disk => {
    arm(disk, item)
    disk.observe(operation => watch.see(operation, disk))
  }
  const judgesResumed = item.k % RESUMED_EVERY === 0
  stage.onFailure = when => {
    if (when === 'failed' || judgesResumed)
      moments.push({ disk: stage.disk.copy(), moment: stage.moment(), when })
  }
  await stage.play()
  if (watch.complaint !== undefined) throw new SweepError(watch.complaint)
  if (!stage.isBitten)
    return item.fault === 'full' ? 'void: the disk was large enough' : 'void: the fault did not bite'
  moments.push({ disk: stage.disk.copy(), moment: stage.moment(), when: 'closed' })
  const random = new Random(item.seed).fork(item.k)
  for (const { disk, moment, when } of moments) {
    const mode = when === 'failed' ? random.pick(crashModes) : 'loseAll'
    try {
      const judgement = await judge(disk.crash(mode, random.fork(1)), item.script, moment, disk, met)
      if (judgement !== 'right') count(tally, `of them ${judgement}`)
    } catch (error) {
      throw new SweepError(`a crash (${mode}) when it had ${when}: ${error}`, { cause: error })
    }
    count(tally, 'crashes after faults')
  }
  return stage.failures.length > 0 ? 'surfaced' : 'absorbed'
}

function arm(disk: SimulatedDisk, { fault, k }: FaultCase): void {
  if (fault === 'full') {
    disk.capacity = k * CAPACITY_STEP
    return
  }
  const times = fault.endsWith('-sticky') ? Number.POSITIVE_INFINITY : 1
  const armed: Fault = { kind: kindOf(fault), from: k, times }
  disk.faults.add(armed)
}

/** Sees to it that a file whose sync has failed is left alone. */
class Watch {
  complaint: string | undefined = undefined
  private readonly failedSyncs = new Set<string>()
  private bites = 0
  private last: Operation | undefined = undefined

  see(operation: Operation, disk: SimulatedDisk): void {
    this.noteFailedSync(disk)
    const { kind, path } = operation
    if (kind === 'create' || kind === 'unlink' || kind === 'rename') this.failedSyncs.delete(path)
    // Who opens the database anew cannot know; it writes what it reads to files of its own.
    if (kind === 'lock') this.failedSyncs.clear()
    if ((kind === 'sync' || kind === 'write') && this.failedSyncs.has(path)) {
      this.complaint ??= `${describeOperation(operation)}, though a sync of it has failed`
    }
    this.last = operation
  }

  /** Whether the operation before this one was a sync that went wrong. */
  private noteFailedSync({ faults }: SimulatedDisk): void {
    if (faults.bites > this.bites && this.last?.kind === 'sync') this.failedSyncs.add(this.last.path)
    this.bites = faults.bites
  }
}
