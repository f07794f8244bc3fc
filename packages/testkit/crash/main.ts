/**
 * Kills a real process under load with -9, again and again, and checks what is left each time.
 *
 *     node packages/testkit/crash/main.ts [--cycles 30] [--seed N] [--cpp-every 5] [--directory DIR]
 *
 * A database lives for ten cycles, most of them in shared memory and every fifth on disk. Ends with 1 when a
 * write was lost, a hole was found, or a check failed; the directory is then kept.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contents } from '../oracle/cpp-checks.ts'
import { requireTool } from '../oracle/tools.ts'
import { emptyContents } from '../oracle/varve-side.ts'
import { freshSeed, Random } from '../random.ts'
import { type CycleResult, runCycle } from './cycle.ts'
import { crashRun, families } from './workload.ts'

const CYCLES_PER_DATABASE = 10

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '30' },
    seed: { type: 'string' },
    'cpp-every': { type: 'string', default: '5' },
    directory: { type: 'string' },
  },
})

const random = new Random(values.seed === undefined ? freshSeed() : Number(values.seed))
const cppEvery = Number(values['cpp-every'])
const withCpp = cppEvery > 0 && ['ldb', 'sst_dump'].every(tool => requireTool(tool))

function freshDirectory(database: number): string {
  const memory = values.directory ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
  return join(mkdtempSync(join(database % 5 === 4 ? tmpdir() : memory, 'varve-crash-')), 'db')
}

const results: CycleResult[] = []
let failed = 0
let checkedInCpp = 0
let directory = ''
let contents: Contents = emptyContents([])
const cycles = Number(values.cycles)
for (let cycle = 0; cycle < cycles; cycle++) {
  if (cycle % CYCLES_PER_DATABASE === 0) {
    if (directory !== '') rmSync(join(directory, '..'), { recursive: true })
    directory = freshDirectory(cycle / CYCLES_PER_DATABASE)
    contents = emptyContents(families)
  }
  const own = random.fork(cycle)
  const isCppsTurn = withCpp && cycle % cppEvery === cppEvery - 1
  try {
    results.push(await runCycle(crashRun(directory, own), contents, own, isCppsTurn))
    if (isCppsTurn) checkedInCpp++
  } catch (error) {
    failed++
    console.log(
      `FAILED cycle ${cycle} in ${directory} (--seed ${random.seed}): ${error instanceof Error ? error.stack : error}`,
    )
    break
  }
}
if (failed === 0) rmSync(join(directory, '..'), { recursive: true })

const sum = (of: (result: CycleResult) => number) => results.reduce((total, result) => total + of(result), 0)
const slowest = Math.max(0, ...results.map(({ reopenMs }) => reopenMs))
const opening = sum(({ killedWhile }) => (killedWhile === 'opening' ? 1 : 0))
console.log(
  `crash: ${results.length} cycles of ${cycles} (${opening} killed while opening), ${sum(({ acknowledged }) => acknowledged)} acknowledged writes, ` +
    `${sum(({ unacknowledgedKept }) => unacknowledgedKept)} more kept, ${checkedInCpp} directories checked in C++, slowest reopening ${Math.round(slowest)} ms, ` +
    `${failed} failed, seed ${random.seed}`,
)
process.exitCode = failed === 0 && results.length === cycles ? 0 : 1
