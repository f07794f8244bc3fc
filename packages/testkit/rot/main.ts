/**
 * Damages small databases in every way and looks what they do.
 *
 *     node packages/testkit/rot/main.ts flips  [--states 1000000] [--seed 1] [--seconds N] [--shards N]
 *     node packages/testkit/rot/main.ts losses [--states 20000] [--seed 1] [--seconds N] [--shards N]
 *     node packages/testkit/rot/main.ts flips --replay log-closed:flip:000003.log:17:
 *
 * `flips`: every bit of every byte of every log, MANIFEST, CURRENT and table, read without writing. `losses`: cut at
 * every length, files missing or swapped, sectors zeroed, swapped, stale and misdirected; opened for writing, too.
 * Another seed makes other databases.
 */
import { parseArgs } from 'node:util'
import type { SimulatedDisk } from '../disk/index.ts'
import { reportToParent, runShards, type ShardCounts, shardCount } from '../shards.ts'
import { newTally, runCase, sample } from '../sweep/tally.ts'
import { allFlips, allLosses, type Damage, damageAddress, damaged } from './damage.ts'
import { FIRST_SEED, rotDatabases } from './databases.ts'
import { sampleDatabases } from './samples.ts'
import { readDamaged, useDamaged } from './verdict.ts'

const SHOWN_MAX = 20

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    states: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    replay: { type: 'string' },
    shards: { type: 'string' },
    shard: { type: 'string', default: '0/1' },
  },
})
const isFlips = positionals[0] === 'flips'
if (!isFlips && positionals[0] !== 'losses') throw new Error('which? flips or losses')

const started = Date.now()
const shards = values.replay === undefined ? shardCount(values.shards) : 1
const { cases, all, databases, failed, ...counts } =
  shards > 1 ? await runShards(import.meta.filename, shards, shareOfShard) : await runOwnShare()
if (!reportToParent({ cases, all, databases, failed, ...counts })) {
  const seconds = (Date.now() - started) / 1000
  const kinds = Object.entries(counts)
    .sort()
    .map(([what, count]) => `${count} ${what}`)
  console.log(
    `${positionals[0]}: ${cases} cases of ${all} on ${databases} databases (${kinds.join(', ')}), ` +
      `${failed} failed, seed ${values.seed}, ${Math.round(seconds)} s, ${Math.round(cases / seconds)} a second`,
  )
}
process.exitCode = failed === 0 && cases > 0 ? 0 : 1

function shareOfShard(shard: number): string[] {
  const seconds = values.seconds === undefined ? [] : ['--seconds', values.seconds]
  const own = ['--states', values.states, '--seed', values.seed, '--shard', `${shard}/${shards}`]
  return [positionals[0], ...own, ...seconds]
}

/** Every so manieth case. What is the same for all shards is reported by the first. */
async function runOwnShare(): Promise<ShardCounts> {
  const [shard, of] = values.shard.split('/').map(Number)
  const seed = Number(values.seed)
  const databases = await rotDatabases(seed)
  if (seed === FIRST_SEED) databases.push(...(await sampleDatabases()))
  const all = databases.flatMap(isFlips ? allFlips : allLosses)
  const chosen =
    values.replay === undefined
      ? sample(all, Number(values.states)).filter((_, index) => index % of === shard)
      : all.filter(damage => damageAddress(damage) === values.replay)
  const tally = newTally(positionals[0])
  let shown = 0
  const options = {
    cases: chosen.length,
    seed: 1,
    deadline:
      values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000,
    report(address: string, error: unknown) {
      if (++shown > SHOWN_MAX) return
      console.log(
        `FAILED node packages/testkit/rot/main.ts ${tally.name} --seed ${values.seed} --replay ${address}`,
      )
      console.log(`       ${String(error instanceof Error ? error.stack : error).slice(0, 300)}`)
    },
  }
  for (const damage of chosen) {
    if (Date.now() >= options.deadline) break
    await runCase(tally, damageAddress(damage), options, () => verdictOf(damage, readDamaged))
    if (!isFlips) await runCase(tally, damageAddress(damage), options, () => verdictOf(damage, useDamaged))
  }
  const common = shard === 0 ? { all: all.length * (isFlips ? 1 : 2), databases: databases.length } : {}
  const { cases, failed, counts } = tally
  return Object.assign({ cases, failed }, common, Object.fromEntries(counts))
}

function verdictOf(
  damage: Damage,
  look: (disk: SimulatedDisk, damage: Damage) => Promise<string>,
): Promise<string> {
  return look(damaged(damage), damage)
}
