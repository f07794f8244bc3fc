/** `--amplification`: what a load of updates makes Varve and C++ RocksDB write, and keep, in each style of compaction. */
import { resolve } from 'node:path'
import { log } from '../run/measure.ts'
import { runChild } from '../run/run-child.ts'
import { inFreshDirectory } from '../run/run-job.ts'
import { systemNamed } from '../systems/index.ts'
import { REFERENCE } from '../systems/system.ts'
import { type AmplificationPoint, type AmplificationTask, styles } from './point.ts'
import { updateRocksdb } from './rocksdb.ts'

const varveFile = new URL('./varve-child.ts', import.meta.url)

export interface AmplificationPlan {
  keys: number
  writes: number
  seed: number
  directory: string
}

export interface Amplification {
  points: AmplificationPoint[]
  /** Why there is nothing of C++ RocksDB. */
  missing: string | undefined
}

/** Both systems in the first style, then both in the next. */
export async function measureAmplification(plan: AmplificationPlan): Promise<Amplification> {
  const missing = systemNamed(REFERENCE).missing()
  const measures = missing === undefined ? [updateVarve, updateRocksdb] : [updateVarve]
  const points: AmplificationPoint[] = []
  for (const style of styles) {
    for (const measure of measures) {
      const point = await inFreshDirectory(resolve(plan.directory), directory =>
        measure({ ...plan, style, directory }),
      )
      points.push(point)
      const { system, writeAmplification, settledRate } = point
      log(`${style} ${system}: wrote ${writeAmplification.toFixed(2)}x, ${Math.round(settledRate)} puts/s`)
    }
  }
  return { points, missing }
}

async function updateVarve(task: AmplificationTask): Promise<AmplificationPoint> {
  let point: AmplificationPoint | undefined
  const failure = await runChild<AmplificationPoint>(varveFile, task, message => {
    point = message
  })
  if (failure !== undefined || point === undefined) throw new Error(failure ?? 'Varve reported nothing')
  return point
}
