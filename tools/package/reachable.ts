/** Which modules a package needs, so that neither tests nor the programs of this repository are published with it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const REFERENCES = [
  /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g,
  // Modules that threads and processes are started with.
  /\bnew URL\('(\.{1,2}\/[^']+\.ts)', import\.meta\.url\)/g,
]

/** `entries` and all that they refer to by relative paths, in order. */
export function reachableModules(entries: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (file: string) => {
    if (found.has(file)) return
    found.add(file)
    const source = readFileSync(file, 'utf8')
    for (const reference of REFERENCES)
      for (const [, path] of source.matchAll(reference)) visit(join(dirname(file), path))
  }
  for (const entry of entries) visit(entry)
  return [...found].sort()
}
