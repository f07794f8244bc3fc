/** `--latency`: how long puts and gets take at a fixed rate while compactions run, and how long the event loop is blocked. */
import { join, resolve } from 'node:path'
import { log } from '../run/measure.ts'
import { runChild } from '../run/run-child.ts'
import { inFreshDirectory } from '../run/run-job.ts'
import type { Settings } from '../settings.ts'
import type { LatencyFigures } from './figures.ts'

const childFile = new URL('./latency-child.ts', import.meta.url)

/** Small, so that there are many flushes, compactions and new tables in a minute. */
export const LATENCY_BUFFER_BYTES: number = 4 * 2 ** 20
export const LATENCY_TABLE_BYTES: number = 8 * 2 ** 20
export const LATENCY_LEVEL_BYTES: number = 16 * 2 ** 20

export interface LatencyPlan {
  settings: Settings
  /** Operations per second. */
  rate: number
  directory: string
}

export interface LatencyTask {
  step: 'load' | 'paced'
  keys: number
  rate: number
  seconds: number
  seed: number
  directory: string
}

export async function measureLatency({ settings, rate, directory }: LatencyPlan): Promise<LatencyFigures> {
  const { num: keys, seconds, seed } = settings
  return inFreshDirectory(resolve(directory), async parent => {
    const task = { keys, rate, seconds, seed, directory: join(parent, 'varve') }
    log(`loading ${keys.toLocaleString('en')} keys`)
    await runStep({ ...task, step: 'load' })
    log(`${rate.toLocaleString('en')} operations a second for ${seconds} s`)
    const figures = await runStep({ ...task, step: 'paced' })
    if (figures === undefined) throw new Error('the load reported nothing')
    return figures
  })
}

async function runStep(task: LatencyTask): Promise<LatencyFigures | undefined> {
  let figures: LatencyFigures | undefined
  const failure = await runChild<LatencyFigures | 'loaded'>(childFile, task, message => {
    if (message !== 'loaded') figures = message
  })
  if (failure !== undefined) throw new Error(failure)
  return figures
}
