/**
 * Damages small databases in every way and looks what they do.
 *
 *     node packages/testkit/rot/main.ts flips  [--states 300000] [--seconds N]
 *     node packages/testkit/rot/main.ts losses [--states 20000] [--seconds N]
 *     node packages/testkit/rot/main.ts flips --replay log-closed:flip:000003.log:17:
 *
 * `flips`: every bit of every byte of every log, MANIFEST, CURRENT and table, read without writing. `losses`: cut at
 * every length, files missing or swapped, sectors zeroed, swapped, stale and misdirected; opened for writing, too.
 */
import { parseArgs } from 'node:util'
import type { SimulatedDisk } from '../disk/index.ts'
import { newTally, runCase, sample } from '../sweep/tally.ts'
import { allFlips, allLosses, type Damage, damageAddress, damaged } from './damage.ts'
import { rotDatabases } from './databases.ts'
import { readDamaged, useDamaged } from './verdict.ts'

const SHOWN_MAX = 20

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    states: { type: 'string', default: '20000' },
    seconds: { type: 'string' },
    replay: { type: 'string' },
  },
})
const isFlips = positionals[0] === 'flips'
if (!isFlips && positionals[0] !== 'losses') throw new Error('which? flips or losses')

const started = Date.now()
const databases = await rotDatabases()
const cases = databases.flatMap(isFlips ? allFlips : allLosses)
const tally = newTally(positionals[0])
const chosen =
  values.replay === undefined
    ? sample(cases, Number(values.states))
    : cases.filter(damage => damageAddress(damage) === values.replay)
let shown = 0
const options = {
  cases: chosen.length,
  seed: 1,
  deadline: values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000,
  report(address: string, error: unknown) {
    if (++shown > SHOWN_MAX) return
    console.log(`FAILED node packages/testkit/rot/main.ts ${tally.name} --replay ${address}`)
    console.log(`       ${String(error instanceof Error ? error.stack : error).slice(0, 300)}`)
  },
}
for (const damage of chosen) {
  if (Date.now() >= options.deadline) break
  await runCase(tally, damageAddress(damage), options, () => verdictOf(damage, readDamaged))
  if (!isFlips) await runCase(tally, damageAddress(damage), options, () => verdictOf(damage, useDamaged))
}

const seconds = (Date.now() - started) / 1000
const counts = [...tally.counts].sort().map(([what, count]) => `${count} ${what}`)
console.log(
  `${tally.name}: ${tally.cases} cases of ${cases.length * (isFlips ? 1 : 2)} on ${databases.length} databases (${counts.join(', ')}), ` +
    `${tally.failed} failed, ${Math.round(seconds)} s, ${Math.round(tally.cases / seconds)} a second`,
)
process.exitCode = tally.failed === 0 && tally.cases > 0 ? 0 : 1

function verdictOf(
  damage: Damage,
  look: (disk: SimulatedDisk, damage: Damage) => Promise<string>,
): Promise<string> {
  return look(damaged(damage), damage)
}
