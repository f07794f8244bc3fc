/**
 * Cross-checks with C++ RocksDB, in both directions.
 *
 *     node packages/testkit/oracle/main.ts [--directories 200] [--newest 50] [--num 20000] [--rounds 10]
 *                                          [--jobs 2] [--seed N] [--only INDEX] [--directory DIR]
 *
 * `--directories` go between Varve and the installed C++ tools, `--newest` between Varve and each newer RocksDB
 * that a registry has (newest.ts). `--num` is the number of keys of the db_bench grid: a million in the long
 * form. Ends with 1 when a check failed. What cannot run here is said, and not counted as passed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freshSeed, Random } from '../random.ts'
import { type Check, runCampaign, type Tally } from './campaign.ts'
import { benchGrid, benchRecipe, dataModelRecipes, ldbRecipe, styleRecipes } from './cpp-recipes.ts'
import { fromCpp, fromVarve, pingPong } from './directions.ts'
import { newestChecks } from './newest.ts'
import { checkRefusal, refusals } from './refusals.ts'
import { requireTool } from './tools.ts'

const { values } = parseArgs({
  options: {
    directories: { type: 'string', default: '200' },
    newest: { type: 'string', default: '50' },
    num: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '2' },
    seed: { type: 'string' },
    only: { type: 'string' },
    directory: { type: 'string' },
  },
})

const random = new Random(values.seed === undefined ? freshSeed() : Number(values.seed))
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'varve-oracle-'))

/** Of so many directories: the grid, the refusals, and the rest shared out. */
function installedChecks(count: number): Check[] {
  const num = Number(values.num)
  const checks: Check[] = [...benchGrid(num), ...styleRecipes(num), ...dataModelRecipes(num)].map(recipe => ({
    name: recipe.name,
    run: (directory, random) => fromCpp(directory, recipe, random),
  }))
  for (const refusal of refusals) {
    checks.push({
      name: `refusal of ${refusal.name}`,
      async run(directory) {
        await checkRefusal(directory, refusal)
        return { rows: 0, tables: 0 }
      },
    })
  }
  const rounds = Number(values.rounds)
  const turns: readonly ((index: number) => Check)[] = [
    () => ({
      name: 'C++ to Varve, db_bench',
      run: (dir, random) => fromCpp(dir, benchRecipe(Number(values.num)), random),
    }),
    () => ({ name: 'C++ to Varve, ldb', run: (dir, random) => fromCpp(dir, ldbRecipe(300), random) }),
    () => ({ name: 'Varve to C++', run: (dir, random) => fromVarve(dir, random) }),
    () => ({ name: 'Varve to C++', run: (dir, random) => fromVarve(dir, random) }),
    index =>
      index % 3 === 0
        ? { name: `ping-pong of ${rounds} rounds`, run: (dir, random) => pingPong(dir, random, rounds) }
        : { name: 'Varve to C++', run: (dir, random) => fromVarve(dir, random) },
  ]
  for (let i = 0; checks.length < count; i++)
    checks.push(turns[i % turns.length](Math.floor(i / turns.length)))
  return checks.slice(0, count)
}

async function runAll(title: string, checks: readonly Check[]): Promise<Tally> {
  const only = values.only === undefined ? {} : { only: Number(values.only) }
  const options = {
    random,
    directory: join(directory, title.replaceAll(/[^a-z0-9.]+/gi, '-')),
    jobs: Number(values.jobs),
    log: console.log,
    ...only,
  }
  const tally = await runCampaign(checks, options)
  const counts = `${tally.passed} passed, ${tally.failed} failed, ${tally.rows} rows compared, ${tally.tables} tables verified`
  console.log(`oracle: ${title}: ${checks.length} directories, ${counts}, seed ${random.seed}`)
  return tally
}

let failed = 0
let notRun = 0
const tools = ['ldb', 'sst_dump', 'db_bench']
if (tools.every(tool => requireTool(tool))) {
  failed += (await runAll('RocksDB 7.8.3 tools', installedChecks(Number(values.directories)))).failed
} else notRun += Number(values.directories)
for (const newest of await newestChecks(Number(values.newest))) {
  if ('reason' in newest) {
    console.log(`not run: ${newest.title}: ${newest.reason}`)
    notRun += Number(values.newest)
  } else {
    failed += (await runAll(newest.title, newest.checks)).failed
    newest.stop()
  }
}
console.log(`oracle: ${failed} failed, ${notRun} directories not run`)
if (failed === 0 && values.directory === undefined) rmSync(directory, { recursive: true })
process.exitCode = failed === 0 ? 0 : 1
