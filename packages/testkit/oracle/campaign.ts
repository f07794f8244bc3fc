/**
 * Runs many checks, each in a directory of its own, a few at a time, and counts. A check that fails leaves its
 * directory and says how to run it alone; one that passes leaves nothing.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../random.ts'
import type { Checked } from './cpp-checks.ts'

export interface Check {
  name: string
  /** Throws when the two sides do not agree. */
  run(directory: string, random: Random): Promise<Checked>
}

export interface Tally {
  passed: number
  failed: number
  rows: number
  tables: number
}

export interface CampaignOptions {
  random: Random
  /** Where the directories of the checks are made. */
  directory: string
  /** Checks at a time. */
  jobs: number
  /** Which checks, by their index. */
  isOwn(index: number): boolean
  log(line: string): void
}

export async function runCampaign(checks: readonly Check[], options: CampaignOptions): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, rows: 0, tables: 0 }
  mkdirSync(options.directory, { recursive: true })
  const waiting = [...checks.entries()].filter(([index]) => options.isOwn(index))
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await runOne(next[0], next[1], options, tally)
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, worker))
  return tally
}

async function runOne(index: number, check: Check, options: CampaignOptions, tally: Tally): Promise<void> {
  const directory = join(options.directory, String(index))
  rmSync(directory, { recursive: true, force: true })
  try {
    const { rows, tables } = await check.run(directory, options.random.fork(index))
    tally.passed++
    tally.rows += rows
    tally.tables += tables
    rmSync(directory, { recursive: true, force: true })
  } catch (error) {
    tally.failed++
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    options.log(`FAILED ${index} ${check.name} (--seed ${options.random.seed} --only ${index}): ${reason}`)
  }
}
