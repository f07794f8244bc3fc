import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { buildPackages, manifestOf, publishedPackages } from './build.ts'
import { exampleOf } from './examples.ts'
import { type Manifest, publishedManifest } from './manifest.ts'
import { User } from './user.ts'

const work = mkdtempSync(join(tmpdir(), 'varve-build-'))
after(() => rmSync(work, { recursive: true }))
buildPackages(work)

function filesOf(name: string, pattern: string): string[] {
  const cwd = join(work, name)
  return globSync(pattern, { cwd, exclude: ['src/**'] }).map(file => join(cwd, file))
}

/** What `import` and `from` name in compiled modules and declarations. */
function* specifiersOf(file: string): Generator<string> {
  const names = /(?:\bfrom |^import |\bimport\()'([^']+)'/gm
  for (const [, name] of readFileSync(file, 'utf8').matchAll(names)) yield name
}

function isThere(file: string, specifier: string, dependencies: Record<string, string>): boolean {
  if (specifier.startsWith('#') || isBuiltin(specifier)) return true
  const [, dependency = ''] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? []
  if (!specifier.startsWith('.')) return dependency in dependencies
  // Declarations keep the names of sources; compilers look beside them.
  const target = file.endsWith('.d.ts') ? specifier.replace(/\.ts$/, '.d.ts') : specifier
  return existsSync(join(dirname(file), target))
}

test('what is published leads to compiled files and their declarations, never to sources', () => {
  assert.deepEqual(
    publishedManifest({
      name: 'a',
      version: '1.0.0',
      bin: { a: './main.ts' },
      exports: { '.': './index.ts', './*': './*/index.ts' },
      imports: { '#codecs': { node: './node.ts', default: './none.ts' } },
    }),
    {
      name: 'a',
      version: '1.0.0',
      bin: { a: './main.js' },
      exports: {
        '.': { types: './index.d.ts', default: './index.js' },
        './*': { types: './*/index.d.ts', default: './*/index.js' },
        './package.json': './package.json',
      },
      imports: { '#codecs': { node: './node.js', default: './none.js' } },
    },
  )
})

for (const name of publishedPackages) {
  test(`${name} is published whole: every module that a module of it names is there, or of a dependency`, () => {
    const { dependencies = {} } = manifestOf(name)
    const modules = [...filesOf(name, '**/*.js'), ...filesOf(name, '**/*.d.ts')]
    assert.ok(modules.length >= 10)
    let named = 0
    for (const file of modules) {
      for (const specifier of specifiersOf(file)) {
        assert.ok(isThere(file, specifier, dependencies), `${file} imports ${specifier}`)
        named++
      }
    }
    assert.ok(named > modules.length)
  })

  test(`${name} is published without tests, with its sources, a page and a license`, () => {
    assert.deepEqual(filesOf(name, '**/*.test.*'), [])
    for (const file of ['README.md', 'LICENSE']) assert.ok(existsSync(join(work, name, file)))
    for (const file of filesOf(name, '**/*.d.ts.map')) {
      const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] }
      for (const source of sources)
        assert.ok(existsSync(join(dirname(file), source)), `${file} leads to ${source}`)
    }
  })
}

test('the packages work from where they are installed, with threads, as their pages say', () => {
  const installed = join(work, 'node_modules')
  for (const folder of publishedPackages) {
    const { name } = JSON.parse(readFileSync(join(work, folder, 'package.json'), 'utf8')) as Manifest
    mkdirSync(dirname(join(installed, name)), { recursive: true })
    symlinkSync(join(work, folder), join(installed, name), 'junction')
  }
  const user = new User(work)
  user.runModule('engine.ts', exampleOf('engine', 'ts'))
  user.runModule('testkit.ts', exampleOf('testkit', 'ts'))
  const threads = readFileSync(join(import.meta.dirname, 'programs/threads.ts'), 'utf8')
  user.runModule('threads.ts', { code: threads, printed: '' })
})
