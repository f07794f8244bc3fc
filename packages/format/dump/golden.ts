/**
 * For tests: compares lines with a file under golden/, or rewrites the file when REWRITE_GOLDEN=1 is set.
 * Read the difference before committing it.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `url` names the golden file: new URL('./golden/table.txt', import.meta.url). */
export function matchGolden(url: URL, lines: readonly string[]): void {
  const path = fileURLToPath(url)
  const actual = `${lines.join('\n')}\n`
  if (process.env['REWRITE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, actual)
    return
  }
  assert.equal(actual, readFileSync(path, 'utf8'), `${path} differs; REWRITE_GOLDEN=1 rewrites it`)
}
