/**
 * Metamorphic runs: what a database answers must not depend on its options.
 *
 *     node packages/testkit/metamorphic/main.ts [--runs 200] [--operations 1000] [--sets 5] [--seed N] [--seconds N]
 *     node packages/testkit/metamorphic/main.ts --replay '{"seed":1,"operations":1000,...}'
 *
 * Prints what was exercised, and for each failing case the command that plays it again, made small. Ends with 1 when
 * there was one, and when a kind of step or an option set was never played though there were runs enough.
 */
import { parseArgs } from 'node:util'
import { freshSeed } from '../random.ts'
import { campaign, type Tally } from './campaign.ts'
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
    replay: { type: 'string' },
  },
})

if (values.replay !== undefined) await replay(values.replay)
else await run()

async function replay(text: string): Promise<void> {
  const found = parseCase(text)
  const difference = await playCase(found)
  console.log(describeCase(found, difference))
  process.exitCode = difference === undefined ? 0 : 1
}

async function run(): Promise<void> {
  const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
  const started = performance.now()
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
  printTally(tally)
  console.log(
    `metamorphic: ${tally.runs} runs of ${values.operations} operations under ${values.sets} option sets each ` +
      `(${tally.sets.size} distinct), ${kinds.length - tally.missing.length} kinds, ${tally.compared} results compared, ` +
      `${tally.differences} differences, seed ${seed}, ${Math.round((performance.now() - started) / 1000)} s`,
  )
  const isVoid = tally.missing.length > 0
  if (isVoid) console.log(`void: never played: ${tally.missing.join(', ')}`)
  process.exitCode = tally.differences > 0 || isVoid ? 1 : 0
}

function printTally({ kinds: counts, worlds, plays, work }: Tally): void {
  console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '))
  const places = [...worlds].map(([name, count]) => `${count} ${name}`).join(', ')
  const { flushes, compactions, trivialMoves } = work
  console.log(
    `${plays} plays (${places}): ${flushes} flushes, ${compactions} compactions, ${trivialMoves} trivial moves`,
  )
}
