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

/** Both systems at the first size, then both at the next. */
export async function measureGrowth(plan: GrowthPlan): Promise<GrowthPoint[]> {
  const missing = systemNamed(REFERENCE).missing()
  if (missing !== undefined) log(`not run: ${REFERENCE}: ${missing}`)
  const points: GrowthPoint[] = []
  for (const keys of plan.sizes) {
    const taken = new Map<string, GrowthPoint[]>([[SUBJECT, []]])
    if (missing === undefined) taken.set(REFERENCE, [])
    for (let repetition = 1; repetition <= plan.repetitions; repetition++) {
      for (const [system, own] of taken) own.push(await measureOnce(plan, system, keys, repetition))
    }
    for (const own of taken.values()) points.push(medianPoint(own))
  }
  return points
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
