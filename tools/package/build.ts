/**
 * What is published, made from the sources:
 *
 *     <package>/package.json    exports lead to what is compiled
 *     <package>/**.js, **.d.ts  each where its source is in the repository
 *     <package>/src/**.ts       the sources, where the maps of the declarations lead
 *     <package>/README.md, LICENSE
 *
 * tsc writes `./x.js` for an import of `./x.ts`; here follow the modules that are named as URLs, for threads and processes.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { root } from '../tidy.ts'
import { entriesOf, type Manifest, publishedManifest } from './manifest.ts'
import { reachableModules } from './reachable.ts'

/** In the order in which they need each other. */
export const publishedPackages = ['format', 'engine', 'server', 'cli', 'testkit'] as const

const packages = join(root, 'packages')

/** Makes a folder for each published package in `target`, which is empty. */
export function buildPackages(target: string): void {
  const modules = publishedPackages.flatMap(name => reachableModules(entryFiles(name)))
  compile(modules, target, packages)
  for (const name of publishedPackages) completePackage(name, target)
  for (const module of modules) copySource(module, target)
}

export function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
}

function entryFiles(name: string): string[] {
  const cwd = join(packages, name)
  return entriesOf(manifestOf(name)).flatMap(pattern => {
    const files = globSync(pattern, { cwd })
    if (files.length === 0)
      throw new Error(`${name}/package.json names ${pattern}, and there is no such file`)
    return files.map(file => join(cwd, file))
  })
}

/** Puts what tsc makes of `files` where they lie below `rootDir`. */
export function compile(files: readonly string[], outDir: string, rootDir: string): void {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    declarationMap: true,
    rewriteRelativeImportExtensions: true,
    rootDir,
    outDir,
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const project = join(outDir, 'tsconfig.json')
  const settings = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }
  mkdirSync(outDir, { recursive: true })
  writeFileSync(project, JSON.stringify(settings))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status, stdout, error } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`tsc: ${stdout}`)
}

function completePackage(name: string, target: string): void {
  const folder = join(target, name)
  const manifest = publishedManifest(manifestOf(name))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  cpSync(join(packages, name, 'README.md'), join(folder, 'README.md'))
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
}

function copySource(module: string, target: string): void {
  const [name, ...path] = relative(packages, module).split(sep)
  const folder = join(target, name)
  const source = join(folder, 'src', ...path)
  mkdirSync(dirname(source), { recursive: true })
  cpSync(module, source)

  const output = join(folder, ...path).replace(/\.ts$/, '')
  renameUrls(`${output}.js`)
  edit(`${output}.d.ts.map`, text => {
    const map = JSON.parse(text) as { sources: string[] }
    map.sources = [relative(dirname(output), source).split(sep).join('/')]
    return JSON.stringify(map)
  })
}

/** What tsc leaves as it is: modules that threads and processes are started with. */
export function renameUrls(file: string): void {
  edit(file, text =>
    text.replace(/(new URL\('\.{1,2}\/[^']+)\.ts', import\.meta\.url\)/g, "$1.js', import.meta.url)"),
  )
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8')
  const after = change(before)
  if (after !== before) writeFileSync(file, after)
}
