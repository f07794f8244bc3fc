/**
 * Metamorphic runs: what a database answers must not depend on its options.
 *
 *     node packages/testkit/metamorphic/main.ts [--runs 200] [--operations 1000] [--sets 5] [--seed N] [--seconds N]
 *         [--shards N]
 *     node packages/testkit/metamorphic/main.ts --replay '{"seed":1,"operations":1000,...}'
 *
 * Runs one process a core unless told otherwise; each has a share of the runs, and seeds of its own. Prints what was
 * exercised, and for each failing case the command that plays it again, made small. Ends with 1 when there was one,
 * and when a kind of step was never played.
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
import { campaign } from './campaign.ts'
import { describeCase, parseCase, playCase } from './case.ts'
import { kinds } from './history.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    operations: { type: 'string', default: '1000' },
    sets: { type: 'string', default: '5' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    'reduce-seconds': { type: 'string', default: '60' },
    shards: { type: 'string' },
    replay: { type: 'string' },
  },
})

const KIND = 'kind '
const WORLD = 'world '
const SET = 'set '

if (values.replay !== undefined) await replay(values.replay)
else await run()

async function replay(text: string): Promise<void> {
  const found = parseCase(text)
  const difference = await playCase(found)
  console.log(describeCase(found, difference))
  process.exitCode = difference === undefined ? 0 : 1
}

async function run(): Promise<void> {
  const seed = seedOf(values.seed)
  const started = performance.now()
  const shards = shardCount(values.shards)
  const counts =
    shards > 1
      ? await runShards(import.meta.filename, shards, shareOfShard)
      : await runCampaign(seed, started)
  const missing = kinds.filter(({ name }) => counts[KIND + name] === undefined)
  if (!reportToParent(counts)) {
    print(counts)
    console.log(
      `metamorphic: ${counts.runs} runs of ${values.operations} operations under ${values.sets} option sets each ` +
        `(${named(counts, SET).length} distinct), ${kinds.length - missing.length} kinds, ${counts.compared} results compared, ` +
        `${counts.differences} differences, seed ${seed}, ${Math.round((performance.now() - started) / 1000)} s`,
    )
    if (missing.length > 0) console.log(`void: never played: ${missing.map(({ name }) => name).join(', ')}`)
  }
  process.exitCode = counts.differences > 0 || missing.length > 0 ? 1 : 0

  function shareOfShard(shard: number): string[] {
    const runs = shareOf(Number(values.runs), shard, shards)
    const own = ['--runs', String(runs), '--seed', String(seed + shard * SEEDS_PER_SHARD)]
    const same = ['--operations', values.operations, '--sets', values.sets]
    const seconds = values.seconds === undefined ? [] : ['--seconds', values.seconds]
    return [...own, ...same, ...seconds, '--reduce-seconds', values['reduce-seconds']]
  }
}

async function runCampaign(seed: number, started: number): Promise<ShardCounts> {
  const tally = await campaign({
    runs: Number(values.runs),
    operations: Number(values.operations),
    sets: Number(values.sets),
    seed,
    deadline:
      values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000,
    reduceMs: Number(values['reduce-seconds']) * 1000,
    report: text => console.log(text),
  })
  const { runs, plays, compared, differences, work } = tally
  return {
    ...{ runs, plays, compared, differences, ...work },
    ...prefixed(KIND, tally.kinds),
    ...prefixed(WORLD, tally.worlds),
    ...prefixed(SET, tally.sets),
  }
}

/** Names of kinds, worlds and option sets that were played, each beside how often. */
function prefixed(prefix: string, counts: ReadonlyMap<string, number>): ShardCounts {
  return Object.fromEntries(
    [...counts].filter(([, count]) => count > 0).map(([name, count]) => [prefix + name, count]),
  )
}

function named(counts: ShardCounts, prefix: string): [name: string, count: number][] {
  return Object.entries(counts)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, count]) => [name.slice(prefix.length), count])
}

function print(counts: ShardCounts): void {
  console.log(
    named(counts, KIND)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  )
  const places = named(counts, WORLD).map(([name, count]) => `${count} ${name}`)
  const { plays, flushes, compactions, trivialMoves } = counts
  console.log(
    `${plays} plays (${places.join(', ')}): ${flushes} flushes, ${compactions} compactions, ${trivialMoves} trivial moves`,
  )
}
