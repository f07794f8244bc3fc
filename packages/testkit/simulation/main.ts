/**
 * Simulated lives until so many virtual operations have happened. Every tenth seed is played twice and must give the
 * same trace. One process a core, each with seeds of its own. `--stop` ends at the first failing life (in one process).
 *
 *     node packages/testkit/simulation/main.ts [--operations 10000000] [--seed N] [--seconds N] [--shards N]
 *         [--stop] [--replay SEED]
 */
import { parseArgs } from 'node:util'
import {
  reportToParent,
  runShards,
  SEEDS_PER_SHARD,
  type ShardCounts,
  seedOf,
  shardCount,
  shareOf,
} from '../shards.ts'
import { simulateLife } from './campaign.ts'

const REPLAY_EVERY = 10
const SHOWN_MAX = 20

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    stop: { type: 'boolean', default: false },
    shards: { type: 'string' },
    replay: { type: 'string' },
  },
})

if (values.replay !== undefined) console.log(await simulateLife(Number(values.replay)))
else await main()

async function main(): Promise<void> {
  const started = Date.now()
  const first = seedOf(values.seed)
  const shards = values.stop ? 1 : shardCount(values.shards)
  const totals =
    shards > 1 ? await runShards(import.meta.filename, shards, shareOfShard) : await campaign(first, started)
  if (!reportToParent(totals)) {
    const { events, lives, failures, replayed, failed } = totals
    console.log(
      `simulation: ${events} virtual operations in ${lives} lives, ${failures} failed operations lived through, ` +
        `${replayed} seeds replayed to the same trace, ${failed} failed, seed ${first}, ${Math.round((Date.now() - started) / 1000)} s`,
    )
  }
  process.exitCode = totals.failed === 0 ? 0 : 1

  function shareOfShard(shard: number): string[] {
    const operations = shareOf(Number(values.operations), shard, shards)
    const own = ['--operations', String(operations), '--seed', String(first + shard * SEEDS_PER_SHARD)]
    return [...own, ...(values.seconds === undefined ? [] : ['--seconds', values.seconds])]
  }
}

async function campaign(first: number, started: number): Promise<ShardCounts> {
  const deadline =
    values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000
  const totals = { lives: 0, events: 0, failures: 0, replayed: 0, failed: 0 }
  for (let seed = first; totals.events < Number(values.operations) && Date.now() < deadline; seed++) {
    if (values.stop && totals.failed > 0) break
    totals.lives++
    try {
      const life = await simulateLife(seed)
      totals.events += life.events
      totals.failures += life.failures
      if (seed % REPLAY_EVERY !== 0) continue
      totals.replayed++
      const again = await simulateLife(seed)
      if (again.hash !== life.hash) throw new Error('the same seed gave another trace')
    } catch (error) {
      if (++totals.failed > SHOWN_MAX) continue
      console.log(`FAILED node packages/testkit/simulation/main.ts --replay ${seed}`)
      console.log(`       ${String(error).slice(0, 400)}`)
    }
  }
  return totals
}
