import assert from 'node:assert/strict'
import test from 'node:test'
import { findings, readSources, root, type Source } from './tidy.ts'

const about = (...sources: Source[]) => findings(sources).map(({ message }) => message)

test('the checkout keeps its own rules', () => {
  assert.deepEqual(findings(readSources(root)), [])
})

test('a package may not import one that stands above it', () => {
  const [message] = about({ path: 'packages/format/a/index.ts', text: "import { open } from 'varve'\n" })
  assert.match(message, /format may not import varve/)
})

test('the engine may not reach past its seams', () => {
  const [message] = about({ path: 'packages/engine/index.ts', text: 'export const now = Date.now()\n' })
  assert.match(message, /runtime\.clock\.now/)
})

test('format may not need Node', () => {
  const [message] = about({
    path: 'packages/format/a/index.ts',
    text: "import { readFileSync } from 'node:fs'\n",
  })
  assert.match(message, /browser/)
})

test('a swallowed error is found', () => {
  const [message] = about({ path: 'packages/cli/main.ts', text: 'try { go() } catch {}\n' })
  assert.match(message, /handling the error/)
})

test('a page has one title', () => {
  const [message] = about({ path: 'docs/a.md', text: '# One\n\n# Two\n' })
  assert.match(message, /2 titles/)
})

test('a file that nothing imports is found', () => {
  const [message] = about(
    { path: 'packages/cli/main.ts', text: "import { a } from './a.ts'\n" },
    { path: 'packages/cli/a.ts', text: 'export const a = 1\n' },
    { path: 'packages/cli/b.ts', text: 'export const b = 1\n' },
  )
  assert.match(message, /nothing imports it/)
})
