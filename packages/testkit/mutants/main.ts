/**
 * Deliberate bugs, each of which a test must find. Ends with 1 when one survives.
 *
 *     node packages/testkit/mutants/main.ts [--only M7,M9] [--rotating 20 [--seed N]] [--list] [--table]
 *
 * `--rotating`: so many, others with each seed, until all have had their turn; the seed is the number of the day unless
 * given. `--list` says what they are and what has none; `--table` prints the outcome as Markdown.
 */
import { parseArgs } from 'node:util'
import { absent, mutantNamed, mutants } from './list.ts'
import type { Mutant } from './mutant.ts'
import { Judge, rotation, type Verdict } from './verdict.ts'

const MILLISECONDS_A_DAY = 24 * 60 * 60 * 1000

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rotating: { type: 'string' },
    seed: { type: 'string' },
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? Math.floor(Date.now() / MILLISECONDS_A_DAY) : Number(values.seed)

if (values.list) list()
else await runAll(chosen())

function chosen(): readonly Mutant[] {
  if (values.only !== undefined) return values.only.split(',').map(mutantNamed)
  return values.rotating === undefined ? mutants : rotation(mutants, Number(values.rotating), seed)
}

function list(): void {
  for (const { id, what, file, killers } of mutants)
    console.log(`${id}  ${what}\n    ${file}; ${killers.join('; ')}`)
  console.log('\nwithout a mutant:')
  for (const { id, why } of absent) console.log(`${id}  ${why}`)
  console.log(`\n${mutants.length} mutants, ${absent.length} classes without one`)
}

async function runAll(wanted: readonly Mutant[]): Promise<void> {
  const judge = new Judge()
  const verdicts: Verdict[] = []
  for (const mutant of wanted) {
    const verdict = await judge.judge(mutant)
    verdicts.push(verdict)
    report(verdict)
  }
  if (values.table) printTable(verdicts)
  const killed = verdicts.filter(({ fate }) => fate === 'killed').sort((a, b) => a.seconds - b.seconds)
  const median = killed[killed.length >> 1]
  const slowest = killed.at(-1)
  const others = (['survived', 'stale', 'not reached', 'killer is broken'] as const).map(
    fate => `${verdicts.filter(verdict => verdict.fate === fate).length} ${fate}`,
  )
  console.log(
    `mutants: ${killed.length} of ${wanted.length} killed, ${others.join(', ')}, ` +
      `median ${median?.seconds.toFixed(1)} s, slowest ${slowest?.mutant.id} ${slowest?.seconds.toFixed(1)} s, seed ${seed}`,
  )
  process.exitCode = killed.length === wanted.length ? 0 : 1
}

function report({ mutant, fate, killer, seconds, complaint }: Verdict): void {
  console.log(`${fate === 'killed' ? 'killed' : fate.toUpperCase()} ${mutant.id}: ${mutant.what}`)
  console.log(`       by ${killer}, ${seconds.toFixed(1)} s: ${complaint.slice(0, 200)}`)
  console.log(`       node packages/testkit/mutants/main.ts --only ${mutant.id}`)
}

function printTable(verdicts: readonly Verdict[]): void {
  console.log('\n| mutant | what | killed by | seconds |\n|---|---|---|--:|')
  for (const { mutant, fate, killer, seconds, complaint } of verdicts) {
    const by = killer
      .replace('packages/testkit/', '')
      .replace('packages/', '')
      .replace(/ --test-name-pattern=\S+/, '')
    const test = fate !== 'killed' ? ` **(${fate})**` : killer.includes('.test.ts') ? `: ${complaint}` : ''
    console.log(`| ${mutant.id} | ${mutant.what} | \`${by}\`${test} | ${seconds.toFixed(1)} |`)
  }
  console.log('')
}
