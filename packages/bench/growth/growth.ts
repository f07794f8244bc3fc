/** `--growth`: Varve and C++ RocksDB at several sizes. */
import { resolve } from 'node:path'
import { log } from '../run/measure.ts'
import { runChild } from '../run/run-child.ts'
import { inFreshDirectory } from '../run/run-job.ts'
import type { Settings } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { REFERENCE, SUBJECT } from '../systems/system.ts'
import { type GrowthPoint, type GrowthTask, medianPoint } from './point.ts'
import { measureRocksdb } from './rocksdb.ts'

const varveFile = new URL('./varve-child.ts', import.meta.url)

export interface GrowthPlan {
  sizes: readonly number[]
  repetitions: number
  settings: Settings
  directory: string
}

export interface Growth {
  points: GrowthPoint[]
  /** What was not measured, and why. */
  failures: string[]
}

/** Both systems at the first size, then both at the next. One that fails does not take the others' figures along. */
export async function measureGrowth(plan: GrowthPlan): Promise<Growth> {
  const missing = systemNamed(REFERENCE).missing()
  const points: GrowthPoint[] = []
  const failures: string[] = []
  const failed = (what: string, why: unknown) => {
    failures.push(`${what}: ${why instanceof Error ? why.message : why}`)
    log(`not run: ${failures.at(-1)}`)
  }
  if (missing !== undefined) failed(REFERENCE, missing)
  for (const keys of plan.sizes) {
    const taken = new Map<string, GrowthPoint[]>([[SUBJECT, []]])
    if (missing === undefined) taken.set(REFERENCE, [])
    for (let repetition = 1; repetition <= plan.repetitions; repetition++) {
      for (const [system, own] of taken) {
        try {
          own.push(await measureOnce(plan, system, keys, repetition))
        } catch (error) {
          failed(`${system} with ${keys.toLocaleString('en')} keys`, error)
        }
      }
    }
    for (const own of taken.values()) if (own.length > 0) points.push(medianPoint(own))
  }
  return { points, failures }
}

async function measureOnce(
  plan: GrowthPlan,
  system: string,
  keys: number,
  repetition: number,
): Promise<GrowthPoint> {
  const started = performance.now()
  const { seed, seconds } = plan.settings
  const point = await inFreshDirectory(resolve(plan.directory), directory => {
    const task: GrowthTask = { keys, seed: seed + repetition, seconds, directory }
    return system === SUBJECT ? measureVarve(task) : measureRocksdb(task)
  })
  const rates = Object.entries(point.rates).map(([name, rate]) => `${name} ${Math.round(rate / 1000)}`)
  const taken = ((performance.now() - started) / 1000).toFixed(0)
  log(
    `[${repetition}/${plan.repetitions}] ${keys.toLocaleString('en')} ${system}: thousands of ops/s: ${rates.join(', ')}; ${taken} s`,
  )
  return point
}

async function measureVarve(task: GrowthTask): Promise<GrowthPoint> {
  let point: GrowthPoint | undefined
  const failure = await runChild<GrowthPoint>(varveFile, task, message => {
    point = message
  })
  if (failure !== undefined || point === undefined) throw new Error(failure ?? 'Varve reported nothing')
  return point
}
