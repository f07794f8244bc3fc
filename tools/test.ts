/**
 * `npm test`: every test, on Node's own runner, a file a core and two at least. What is compiled is kept for the next
 * process: most files start several. For some of the tests: `node --test FILE ...`.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = ['packages/*/**/*.test.ts', 'tools/**/*.test.ts']
const runner = [
  '--test',
  '--test-timeout=300000',
  `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`,
  '--test-reporter=spec',
  '--test-reporter-destination=stdout',
]
const record = [
  '--test-reporter=./tools/features/reporter.ts',
  '--test-reporter-destination=.features-ran.json',
]

const { status, error } = spawnSync(process.execPath, [...runner, ...record, ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled') },
})
if (error !== undefined) throw error
process.exitCode = status ?? 1
