/**
 * Random operations against the model, for as many seeds as wanted.
 *
 *     node packages/testkit/model/main.ts [--runs 10] [--operations 5000] [--seed N]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomOpenOptions } from '../oracle/varve-options.ts'
import { freshSeed, Random } from '../random.ts'
import { runOperations } from './check-operations.ts'
import { ModelCheck } from './model-check.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    operations: { type: 'string', default: '5000' },
    seed: { type: 'string' },
  },
})

const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const runs = Number(values.runs)
let compared = 0
let failed = 0
for (let run = 0; run < runs; run++) {
  const directory = mkdtempSync(join(tmpdir(), 'varve-model-'))
  const check = new ModelCheck(directory, new Random(seed + run), randomOpenOptions)
  check.inline = run % 2 === 1
  try {
    await runOperations(check, Number(values.operations))
    compared += check.comparedRows
    rmSync(directory, { recursive: true })
  } catch (error) {
    failed++
    console.log(
      `FAILED --seed ${seed + run} --runs 1 in ${directory}: ${error instanceof Error ? error.stack : error}`,
    )
    await check.close().catch(reason => console.log(`it does not close either: ${reason}`))
  }
}
console.log(
  `model: ${runs} runs of ${values.operations} operations, ${compared} rows compared, ${failed} failed, seed ${seed}`,
)
process.exitCode = failed === 0 ? 0 : 1
