/**
 * The house rules that a machine can check. `npm test` runs them through tidy.test.ts; `node tools/tidy.ts`
 * prints the findings alone. Each finding says what to do instead.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Source {
  /** Relative to the root, with forward slashes. */
  path: string
  text: string
}

export interface Finding {
  path: string
  line: number
  message: string
}

type Rule = (sources: readonly Source[]) => Finding[]

/** Which packages a package may import, by folder name. The engine's inner door, `varve/internal`, is open to some only. */
const mayImport: Record<string, readonly string[]> = {
  format: [],
  engine: ['@varve/format'],
  server: ['varve', '@varve/format'],
  cli: ['varve', 'varve/internal', '@varve/format', '@varve/server'],
  testkit: ['varve', 'varve/internal', '@varve/format', '@varve/server'],
  bench: ['varve', 'varve/internal', '@varve/format', '@varve/testkit'],
}

/** Only tests may import the test kit (and the benchmarks, which are a test of speed). */
const testOnly = '@varve/testkit'

/** Names that reach past the seams, and what to use instead. */
const bannedInEngine: readonly [pattern: RegExp, instead: string][] = [
  [
    /from 'node:(fs|fs\/promises|worker_threads|os|child_process|sqlite)'/,
    'the file system and runtime given to open()',
  ],
  [/\bDate\.now\(|\bnew Date\(\)/, 'runtime.clock.now()'],
  [/\bperformance\.now\(/, 'runtime.clock.monotonic()'],
  [/\bMath\.random\(|(?<!\.)\brandomBytes\(\d|\brandomUUID\(/, 'runtime.randomBytes()'],
  [/\b(setTimeout|setInterval|setImmediate)\(/, 'runtime.setTimer() or runtime.nextTurn()'],
]

/** Where the engine touches the world. */
const adapters = [/^packages\/engine\/runtime\//, /^packages\/engine\/fs\/(node-|lock|holder)/]

const bannedEverywhere: readonly [pattern: RegExp, instead: string][] = [
  [/^(?!\s*(?:\*|\/\/)).*(?::|<|\bas) any\b(?! \w)/, 'a type, or unknown'],
  [/\bas unknown as\b/, 'a type guard'],
  [/\b(it|test|describe)\.(skip|todo|only)\(/, 'a test that runs, or none'],
  [/catch(?: *\([^)]*\))? *\{\s*\}/, 'handling the error, or letting it pass'],
  [/\b(TODO|FIXME|XXX)\b/, 'an issue, or doing it'],
  [/^export \* from/, 'listing the exports by name'],
]

const isTest = (path: string) => /\.test(-support)?\.ts$|\/test\/|^packages\/(testkit|bench)\//.test(path)

function codeFiles(sources: readonly Source[]): Source[] {
  return sources.filter(
    ({ path }) => path.endsWith('.ts') && !path.endsWith('.generated.ts') && !path.includes('/kernels/'),
  )
}

/** Lines that match a pattern, one finding each. */
function search({ path, text }: Source, pattern: RegExp, message: string): Finding[] {
  const findings: Finding[] = []
  text.split('\n').forEach((line, index) => {
    if (pattern.test(line)) findings.push({ path, line: index + 1, message })
  })
  return findings
}

function importsOf(text: string): string[] {
  const specifiers: string[] = []
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\}\s*)?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'|new URL\(\s*'([^']+)',\s*import\.meta\.url/g
  for (const match of text.matchAll(pattern)) specifiers.push(match[1] ?? match[2] ?? match[3] ?? match[4])
  return specifiers
}

const importDirections: Rule = sources =>
  codeFiles(sources).flatMap(({ path, text }) => {
    const folder = /^packages\/([^/]+)\//.exec(path)?.[1]
    if (folder === undefined) return []
    return importsOf(text).flatMap(specifier => {
      const wanted = /^(@varve\/[a-z]+|varve\/internal|varve)(?:\/|$)/.exec(specifier)?.[1]
      if (wanted === undefined || (mayImport[folder] ?? []).includes(wanted)) return []
      if (wanted === testOnly && isTest(path)) return []
      if (isTest(path) && wanted !== testOnly && folder !== 'format') return []
      return [
        { path, line: 1, message: `${folder} may not import ${specifier}; see the map in ARCHITECTURE.md` },
      ]
    })
  })

const seams: Rule = sources =>
  codeFiles(sources)
    .filter(
      ({ path }) =>
        path.startsWith('packages/engine/') && !isTest(path) && !adapters.some(adapter => adapter.test(path)),
    )
    .flatMap(source =>
      bannedInEngine.flatMap(([pattern, instead]) =>
        search(source, pattern, `reaches past the seam; use ${instead}`),
      ),
    )

const formatIsPure: Rule = sources =>
  codeFiles(sources)
    .filter(
      ({ path }) =>
        path.startsWith('packages/format/') &&
        !isTest(path) &&
        !/\/(compress\/.*node.*|dump\/golden)\.ts$/.test(path),
    )
    .flatMap(source =>
      search(source, /from 'node:/, 'format must run in a browser; use Uint8Array and plain JavaScript'),
    )

const noShortcuts: Rule = sources =>
  codeFiles(sources)
    .filter(({ path }) => !path.startsWith('tools/tidy'))
    .flatMap(source =>
      bannedEverywhere.flatMap(([pattern, instead]) => search(source, pattern, `use ${instead} instead`)),
    )

const oneTitlePerPage: Rule = sources =>
  sources
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      const titles = text
        .replace(/```[\s\S]*?```/g, '')
        .split('\n')
        .filter(line => /^# /.test(line)).length
      return titles === 1 ? [] : [{ path, line: 1, message: `has ${titles} titles (# ...); a page has one` }]
    })

/** Files that nothing reaches from a package's doors, tests or scripts. */
const noDeadFiles: Rule = sources => {
  const files = new Map(codeFiles(sources).map(source => [source.path, source]))
  const reached = new Set<string>()
  const pending = [...files.keys()].filter(path => isDoor(path, sources))
  while (pending.length > 0) {
    const path = pending.pop()
    if (path === undefined || reached.has(path)) continue
    reached.add(path)
    for (const specifier of importsOf(files.get(path)?.text ?? '')) {
      if (!specifier.startsWith('.')) continue
      const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/')
      if (files.has(target)) pending.push(target)
    }
  }
  return [...files.keys()]
    .filter(path => !reached.has(path))
    .map(path => ({ path, line: 1, message: 'nothing imports it; delete it or import it' }))
}

/** Package entries, tests, tools, and programs that a package.json or the CI script starts. */
function isDoor(path: string, sources: readonly Source[]): boolean {
  if (
    /^tools\/|\.test\.ts$|^packages\/[^/]+\/(index|internal|main)\.ts$|^packages\/(testkit|bench)\/([^/]+\/)?main\.ts$|^packages\/format\/[^/]+\/index\.ts$/.test(
      path,
    )
  )
    return true
  return sources.some(
    ({ path: other, text }) =>
      /package\.json$|^\.ci\//.test(other) && text.includes(path.replace(/^packages\/[^/]+\//, '')),
  )
}

const rules: readonly Rule[] = [
  importDirections,
  seams,
  formatIsPure,
  noShortcuts,
  oneTitlePerPage,
  noDeadFiles,
]

/** What the rules have against these sources. */
export function findings(sources: readonly Source[]): Finding[] {
  return rules.flatMap(rule => rule(sources))
}

/** Every text file of the checkout that git knows or would add. */
export function readSources(root: string): Source[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed
    .split('\n')
    .filter(
      path =>
        /\.(ts|md|json|mjs)$|^\.ci\//.test(path) &&
        !path.startsWith('testdata/') &&
        !path.endsWith('package-lock.json'),
    )
    .flatMap(path => {
      try {
        return [{ path, text: readFileSync(join(root, path), 'utf8') }]
      } catch (error) {
        // Deleted in the working tree and not yet in the index.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      }
    })
}

export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

if (import.meta.main) {
  const found = findings(readSources(root))
  for (const { path, line, message } of found) console.log(`${path}:${line}: ${message}`)
  console.log(found.length === 0 ? 'tidy: nothing found' : `tidy: ${found.length} findings`)
  process.exitCode = found.length === 0 ? 0 : 1
}
