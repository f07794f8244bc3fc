/** `npm run check`: formatting, lint, types and the house rules, each to its end, so that one run tells all. */
import { spawnSync } from 'node:child_process'
import { root } from './tidy.ts'

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit'],
  ['house rules', 'node', 'tools/tidy.ts'],
  ['table of features', 'node', 'tools/features/main.ts'],
]

const failed = checks.filter(([name, command, ...args]) => {
  console.log(`== ${name}`)
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (run.error !== undefined) throw run.error
  return run.status !== 0
})
console.log(
  failed.length === 0 ? 'check: all well' : `check: failed: ${failed.map(([name]) => name).join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1
