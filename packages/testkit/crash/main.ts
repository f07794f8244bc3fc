/**
 * Kills a real process under load with -9, again and again, and checks what is left each time.
 *
 *     node packages/testkit/crash/main.ts [--cycles 30] [--seed N] [--cpp-every 5] [--directory DIR] [--shards N]
 *
 * Runs one process a core unless told otherwise; each has a share of the cycles, and seeds of its own. A database
 * lives for ten cycles, most of them in shared memory and every fifth on disk. Ends with 1 when a write was lost, a
 * hole was found, or a check failed; the directory is then kept.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contents } from '../oracle/cpp-checks.ts'
import { requireTool } from '../oracle/tools.ts'
import { emptyContents } from '../oracle/varve-side.ts'
import { Random } from '../random.ts'
import {
  reportToParent,
  runShards,
  SEEDS_PER_SHARD,
  type ShardCounts,
  seedOf,
  shardCount,
  shareOf,
} from '../shards.ts'
import { runCycle } from './cycle.ts'
import { crashRun, families } from './workload.ts'

const CYCLES_PER_DATABASE = 10

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '30' },
    seed: { type: 'string' },
    'cpp-every': { type: 'string', default: '5' },
    directory: { type: 'string' },
    shards: { type: 'string' },
  },
})

const seed = seedOf(values.seed)
const shards = shardCount(values.shards)
const totals = shards > 1 ? await runShards(import.meta.filename, shards, shareOfShard) : await runCycles()
if (!reportToParent(totals)) {
  const { cycles, opening, acknowledged, unacknowledgedKept, checkedInCpp, failed } = totals
  console.log(
    `crash: ${cycles} cycles of ${values.cycles} (${opening} killed while opening), ${acknowledged} acknowledged writes, ` +
      `${unacknowledgedKept} more kept, ${checkedInCpp} directories checked in C++, ${failed} failed, seed ${seed}`,
  )
}
process.exitCode = totals.failed === 0 && totals.cycles === Number(values.cycles) ? 0 : 1

function shareOfShard(shard: number): string[] {
  const cycles = shareOf(Number(values.cycles), shard, shards)
  const own = ['--cycles', String(cycles), '--seed', String(seed + shard * SEEDS_PER_SHARD)]
  const directory = values.directory === undefined ? [] : ['--directory', values.directory]
  return [...own, '--cpp-every', values['cpp-every'], ...directory]
}

/** Until the first that fails. */
async function runCycles(): Promise<ShardCounts> {
  const totals = { cycles: 0, opening: 0, acknowledged: 0, unacknowledgedKept: 0, checkedInCpp: 0, failed: 0 }
  const random = new Random(seed)
  const cppEvery = Number(values['cpp-every'])
  const withCpp = cppEvery > 0 && ['ldb', 'sst_dump'].every(tool => requireTool(tool))
  let directory = ''
  let contents: Contents = emptyContents([])
  for (let cycle = 0; cycle < Number(values.cycles) && totals.failed === 0; cycle++) {
    if (cycle % CYCLES_PER_DATABASE === 0) {
      if (directory !== '') rmSync(join(directory, '..'), { recursive: true })
      directory = freshDirectory(cycle / CYCLES_PER_DATABASE)
      contents = emptyContents(families)
    }
    const own = random.fork(cycle)
    const isCppsTurn = withCpp && cycle % cppEvery === cppEvery - 1
    try {
      const result = await runCycle(crashRun(directory, own), contents, own, isCppsTurn)
      totals.cycles++
      totals.acknowledged += result.acknowledged
      totals.unacknowledgedKept += result.unacknowledgedKept
      if (result.killedWhile === 'opening') totals.opening++
      if (isCppsTurn) totals.checkedInCpp++
    } catch (error) {
      totals.failed++
      const reason = error instanceof Error ? error.stack : error
      console.log(`FAILED cycle ${cycle} in ${directory}: ${reason}`)
      console.log(
        `  node packages/testkit/crash/main.ts --shards 1 --cycles ${cycle + 1} --seed ${seed} --cpp-every ${cppEvery}`,
      )
    }
  }
  if (totals.failed === 0 && directory !== '') rmSync(join(directory, '..'), { recursive: true })
  return totals
}

function freshDirectory(database: number): string {
  const memory = values.directory ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
  return join(mkdtempSync(join(database % 5 === 4 ? tmpdir() : memory, 'varve-crash-')), 'db')
}
