/**
 * The README's table of features.
 *
 *     node tools/features/main.ts              is the table what the list says, and are all files there?
 *     node tools/features/main.ts --write      writes the table
 *     node tools/features/main.ts --ran        ... and did the tests run and pass? After `npm test`, which keeps the counts
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judge, type TestRun } from './evidence.ts'
import { features } from './list.ts'
import { renderTable, tableIn, withTable } from './table.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = join(root, 'README.md')
const counts = join(root, '.features-ran.json')

const problems: string[] = []
const table = renderTable(features)
if (process.argv.includes('--write')) writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), table))
if (tableIn(readFileSync(readme, 'utf8')) !== table)
  problems.push('the table in README.md is stale: node tools/features/main.ts --write')
for (const { name, tests, cpp = [], guide } of features) {
  for (const path of [...tests, ...cpp, ...(guide === undefined ? [] : [guide])])
    if (!existsSync(join(root, path))) problems.push(`${name}: there is no ${path}`)
}
if (process.argv.includes('--ran')) {
  const run: TestRun = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : {}
  const verdict = judge(features, run)
  problems.push(...verdict.problems)
  for (const what of verdict.notRun) console.log(`features: not run beside C++ RocksDB: ${what}`)
}
for (const problem of problems) console.log(`features: ${problem}`)
console.log(`features: ${features.length} rows, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
