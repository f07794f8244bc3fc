/**
 * The sweeps: crashes and faults at every operation of the scripts.
 *
 *     node packages/testkit/sweep/main.ts crash|recovery|fault [--states 2000] [--seed N] [--seconds N] [--shards N]
 *         [--script puts] [--stop]
 *     node packages/testkit/sweep/main.ts crash --replay puts:1:17:loseAll
 *
 * Runs one process a core unless told otherwise; each has a share of the states, and seeds of its own. `--script`
 * plays only that one, `--stop` ends at the first failing case (in one process). Prints what was counted, the seed,
 * and for each failing case the command that repeats it. Ends with 1 when there was one.
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
import { crashSweep, faultSweep, recoverySweep, replayCrash, replayFault, replayRecovery } from './index.ts'
import type { SweepOptions, Tally } from './tally.ts'

/** Failing cases that are shown; the others are counted. */
const SHOWN_MAX = 20

const sweeps: Record<
  string,
  { run(options: SweepOptions): Promise<Tally>; replay(address: string): Promise<string> }
> = {
  crash: { run: crashSweep, replay: replayCrash },
  recovery: { run: recoverySweep, replay: replayRecovery },
  fault: { run: faultSweep, replay: replayFault },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    states: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    script: { type: 'string' },
    stop: { type: 'boolean', default: false },
    shards: { type: 'string' },
    replay: { type: 'string' },
  },
})
const [name] = positionals
const sweep = sweeps[name]
if (sweep === undefined) throw new Error(`which sweep? ${Object.keys(sweeps).join(', ')}`)

if (values.replay !== undefined) {
  console.log(`${values.replay}: ${await sweep.replay(values.replay)}`)
} else {
  const started = Date.now()
  const seed = seedOf(values.seed)
  const shards = values.stop ? 1 : shardCount(values.shards)
  const { cases, failed, ...counts } =
    shards > 1 ? await runShards(import.meta.filename, shards, shareOfShard) : await runSweep()
  if (!reportToParent({ cases, failed, ...counts })) {
    const seconds = (Date.now() - started) / 1000
    const kinds = Object.entries(counts)
      .sort()
      .map(([what, count]) => `${count} ${what}`)
    console.log(
      `${name} sweep: ${cases} cases (${kinds.join(', ')}), ${failed} failed, seed ${seed}, ` +
        `${Math.round(seconds)} s, ${Math.round(cases / seconds)} a second`,
    )
  }
  process.exitCode = failed === 0 && cases > 0 ? 0 : 1

  function shareOfShard(shard: number): string[] {
    const states = shareOf(Number(values.states), shard, shards)
    const own = ['--states', String(states), '--seed', String(seed + shard * SEEDS_PER_SHARD)]
    const seconds = values.seconds === undefined ? [] : ['--seconds', values.seconds]
    return [name, ...own, ...seconds, ...(values.script === undefined ? [] : ['--script', values.script])]
  }

  async function runSweep(): Promise<ShardCounts> {
    let shown = 0
    const options = {
      cases: Number(values.states),
      seed,
      deadline:
        values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000,
      script: values.script,
      report(address: string, error: unknown) {
        if (values.stop) options.deadline = 0
        if (++shown > SHOWN_MAX) return
        console.log(`FAILED node packages/testkit/sweep/main.ts ${name} --replay ${address}`)
        console.log(`       ${String(error).slice(0, 400)}`)
      },
    }
    const tally = await sweep.run(options)
    return { cases: tally.cases, failed: tally.failed, ...Object.fromEntries(tally.counts) }
  }
}
