import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs the first example of a page as it stands, but for its directory, and gives what it prints. */
function outputOfExample(t: TestContext, page: string): string {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(page) ?? []
  assert.ok(example, 'the page has an example')
  const directory = mkdtempSync(join(tmpdir(), 'varve-readme-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const program = example.replace("'./data'", JSON.stringify(join(directory, 'data')))
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '--no-warnings', '-'], {
    cwd: root,
    input: program,
    encoding: 'utf8',
  })
  assert.equal(run.stderr, '')
  assert.equal(run.status, 0)
  return run.stdout
}

test("the README's example runs as it stands and prints what it put in", t => {
  const page = readFileSync(join(root, 'README.md'), 'utf8')
  assert.equal(outputOfExample(t, page), 'Ada\nuser:2 Grace\nuser:1 Ada\n')
})

for (const guide of ['views-and-indexes.md', 'blob-files.md']) {
  test(`the example of ${guide} prints what the guide says`, t => {
    const page = readFileSync(join(root, 'docs/guide', guide), 'utf8')
    const [, printed] = /```\n([\s\S]*?)```/.exec(page.slice(page.indexOf('```\n\n```') + 4)) ?? []
    assert.equal(outputOfExample(t, page), printed)
  })
}

for (const name of ['compaction', 'memory']) {
  test(`the example of the guide to ${name} prints what the guide says`, t => {
    const page = readFileSync(join(root, `docs/guide/${name}.md`), 'utf8')
    const [, printed] = /\nprints\n\n```\n([\s\S]*?)```/.exec(page) ?? []
    assert.equal(outputOfExample(t, page), printed)
  })
}
