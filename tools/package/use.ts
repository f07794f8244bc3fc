/**
 * The packages, used by somebody who has only what npm gives: built, packed, installed into an empty folder, and their
 * READMEs' examples run there without a word on standard error, on every Node that is promised.
 *
 *     node tools/package/use.ts [--node 22.22.0 --node 24.6.0]
 *
 * And on the Node that runs this.
 */
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../tidy.ts'
import { buildPackages } from './build.ts'
import { exampleOf } from './examples.ts'
import { installNode, oldestNodes } from './nodes.ts'
import { type PackedPackage, packPackages, runNpm } from './pack.ts'
import { User } from './user.ts'

/** How compilers look for declarations; libraries' are checked, too. */
const RESOLUTIONS = [
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
] as const

/** What a user might write, beyond the examples. */
const PROGRAMS = join(import.meta.dirname, 'programs')
const programs = readdirSync(PROGRAMS)

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: [...oldestNodes] } },
})
const { devDependencies: developedWith } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const work = mkdtempSync(join(tmpdir(), 'varve-packages-'))
try {
  const built = join(work, 'built')
  buildPackages(built)
  const packed = packPackages(built)
  const nodes = values.node.map(version => ({ version, folder: installNode(version, work) }))
  const present = { version: process.versions.node, folder: dirname(process.execPath) }
  const used = [...nodes, present].filter(({ folder }) => folder !== undefined)
  for (const { version, folder } of used) useOn(version, folder, packed)
  const versions = used.map(({ version }) => version).join(', ')
  console.log(`packages: ${packed.length} installed and used on Node ${versions}, 0 failed`)
} finally {
  rmSync(work, { recursive: true })
}

function useOn(version: string, nodeFolder: string | undefined, packed: readonly PackedPackage[]): void {
  const user = new User(install(version, packed), nodeFolder)
  user.expect('node --version', user.run('node', '--version'), `v${version}\n`)
  for (const name of ['engine', 'server', 'testkit']) user.runModule(`${name}.ts`, exampleOf(name, 'ts'))
  for (const program of programs)
    user.runModule(program, { code: readFileSync(join(PROGRAMS, program), 'utf8'), printed: '' })
  readTable(user)
  runCommands(user)
  for (const [module, resolution] of RESOLUTIONS) {
    const settings = ['--strict', '--noEmit', '--target', 'es2024', '--types', 'node']
    const files = ['engine.ts', 'server.ts', ...programs]
    user.run('tsc', ...settings, '--module', module, '--moduleResolution', resolution, ...files)
  }
}

/** Into a folder of its own, whose path it gives. */
function install(name: string, packed: readonly PackedPackage[]): string {
  const home = join(work, name)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
  const wanted = [
    ...packed.map(({ file }) => file),
    ...['typescript', '@types/node'].map(name => `${name}@${developedWith[name]}`),
  ]
  runNpm(['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', ...wanted], home)
  return home
}

/** Of the database that the engine's example has left. */
function readTable(user: User): void {
  const [table] = globSync('data/*.sst', { cwd: user.home })
  const dump = user.runModule('format.ts', exampleOf('format', 'ts'), table)
  if (!dump.includes('user:2')) throw new Error(`the dump of ${table} does not name its rows: ${dump}`)
}

function runCommands(user: User): void {
  const { code, printed } = exampleOf('cli', 'sh')
  const outputs = code
    .trim()
    .split('\n')
    .map(line => {
      const [command, ...args] = line.split(' ')
      return user.run(command, ...args)
    })
  user.expect('the commands of the page', outputs.join(''), printed)
}
