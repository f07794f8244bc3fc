/**
 * Cross-checks with C++ RocksDB, in both directions.
 *
 *     node packages/testkit/oracle/main.ts [--directories 200] [--library 60] [--newest 50] [--num 20000] [--rounds 10]
 *                                          [--jobs 2] [--shards N] [--seed N] [--only INDEX] [--directory DIR]
 *
 * `--directories` go between Varve and the installed C++ tools, `--library` between Varve and RocksDB's library, for what
 * the tools have no command for (rocks.ts), `--newest` between Varve and each newer RocksDB
 * that a registry has (newest.ts). `--num` is the number of keys of the db_bench grid: a million in the long
 * form. Runs one process a core unless told otherwise, each with `--jobs` checks at a time, for what takes longest is to start the
 * tools. Ends with 1 when a check failed. What cannot run here is said, and not counted as passed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../random.ts'
import { reportToParent, runShards, type ShardCounts, seedOf, shardCount } from '../shards.ts'
import { type Check, runCampaign } from './campaign.ts'
import { benchGrid, benchRecipe, dataModelRecipes, ldbRecipe, styleRecipes } from './cpp-recipes.ts'
import { fromCpp, fromVarve, pingPong } from './directions.ts'
import { exchangeEntities } from './entities.ts'
import { newestChecks } from './newest.ts'
import { exchangeOrders } from './orders.ts'
import { checkRefusal, refusals } from './refusals.ts'
import { buildRocks } from './rocks.ts'
import { exchangeTimestamps } from './timestamps.ts'
import { isInstalled } from './tools.ts'
import { wholeDirectoryChecks } from './whole-directories.ts'

const { values } = parseArgs({
  options: {
    directories: { type: 'string', default: '200' },
    library: { type: 'string', default: '60' },
    newest: { type: 'string', default: '50' },
    num: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '2' },
    shards: { type: 'string' },
    /** Of a shard: `1/2` has every second check, from the second on. */
    part: { type: 'string', default: '0/1' },
    seed: { type: 'string' },
    only: { type: 'string' },
    directory: { type: 'string' },
  },
})

const random = new Random(seedOf(values.seed))
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'varve-oracle-'))
const [part, parts] = values.part.split('/').map(Number)

/** Checks of one kind, or why there are none of them. */
type Kind = { title: string } & ({ checks: Check[]; stop?(): void } | { reason: string; count: number })

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
    index => wholeDirectoryChecks[index % wholeDirectoryChecks.length],
  ]
  for (let i = 0; checks.length < count; i++)
    checks.push(turns[i % turns.length](Math.floor(i / turns.length)))
  return checks.slice(0, count)
}

function libraryChecks(program: string, count: number): Check[] {
  const kinds: readonly Check[] = [
    { name: 'other comparators', run: (dir, random) => exchangeOrders(program, dir, random) },
    { name: 'entities', run: (dir, random) => exchangeEntities(program, dir, random) },
    { name: 'timestamps', run: (dir, random) => exchangeTimestamps(program, dir, random) },
  ]
  return Array.from({ length: count }, (_, index) => kinds[index % kinds.length])
}

/** One kind after another: what they need is got when their turn comes. */
async function* kinds(): AsyncGenerator<Kind> {
  const directories = Number(values.directories)
  const tools = ['ldb', 'sst_dump', 'db_bench']
  const title = 'RocksDB 7.8.3 tools'
  const missing = tools.filter(tool => !isInstalled(tool))
  if (missing.length > 0) yield { title, reason: `${missing.join(', ')} not installed`, count: directories }
  else yield { title, checks: installedChecks(directories) }
  const library = Number(values.library)
  const rocks = await buildRocks()
  const ofLibrary =
    'program' in rocks ? { checks: libraryChecks(rocks.program, library) } : { ...rocks, count: library }
  yield { title: 'RocksDB 7.8.3 library', ...ofLibrary }
  const newest = Number(values.newest)
  for (const found of await newestChecks(newest))
    yield 'reason' in found ? { ...found, count: newest } : found
}

/** All that falls to this part, counted as `title: what`. */
async function runPart(): Promise<ShardCounts> {
  const counts: ShardCounts = {}
  for await (const kind of kinds()) {
    const count = (what: string, number: number) => (counts[`${kind.title}: ${what}`] = number)
    if ('reason' in kind) {
      if (part === 0) console.log(`not run: ${kind.title}: ${kind.reason}`)
      if (part === 0) count('not run', kind.count)
      continue
    }
    const { passed, failed, rows, tables } = await runChecks(kind.title, kind.checks)
    kind.stop?.()
    count('passed', passed)
    count('failed', failed)
    count('rows compared', rows)
    count('tables verified', tables)
  }
  return counts
}

function runChecks(title: string, checks: readonly Check[]) {
  const isOwn = (index: number) =>
    values.only === undefined ? index % parts === part : index === Number(values.only)
  const own = join(directory, title.replaceAll(/[^a-z0-9.]+/gi, '-'))
  return runCampaign(checks, { random, directory: own, jobs: Number(values.jobs), isOwn, log: console.log })
}

/** What the shards share is there before they look for it. */
async function prepare(): Promise<void> {
  for await (const kind of kinds()) if ('checks' in kind) kind.stop?.()
}

function argumentsOf(shard: number, shards: number): string[] {
  const own = { ...values, seed: String(random.seed), directory, part: `${shard}/${shards}` }
  return Object.entries(own).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

const shards = values.only === undefined ? shardCount(values.shards) : 1
if (shards > 1) await prepare()
const counts =
  shards > 1
    ? await runShards(import.meta.filename, shards, shard => argumentsOf(shard, shards))
    : await runPart()
const failed = Object.entries(counts).reduce(
  (sum, [name, count]) => sum + (name.endsWith(': failed') ? count : 0),
  0,
)
if (!reportToParent(counts)) {
  const titles = [...new Set(Object.keys(counts).map(name => name.slice(0, name.lastIndexOf(':'))))]
  const total = (what: string) => titles.reduce((sum, title) => sum + (counts[`${title}: ${what}`] ?? 0), 0)
  for (const title of titles) {
    const counted = Object.entries(counts).filter(([name]) => name.startsWith(`${title}: `))
    const text = counted.map(([name, number]) => `${number} ${name.slice(title.length + 2)}`).join(', ')
    console.log(`oracle: ${title}: ${text}, seed ${random.seed}`)
  }
  console.log(
    `oracle: ${total('passed')} directories, ${total('rows compared')} rows compared, ${total('tables verified')} tables verified, ` +
      `${failed} failed, ${total('not run')} not run`,
  )
  if (failed === 0 && values.directory === undefined) rmSync(directory, { recursive: true })
}
process.exitCode = failed === 0 ? 0 : 1
