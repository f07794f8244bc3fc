import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

test("the README's example runs as it stands and prints what it put in", t => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  assert.ok(example, 'the README has an example')
  const directory = mkdtempSync(join(tmpdir(), 'varve-readme-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const program = example.replace("'./data'", JSON.stringify(join(directory, 'data')))
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '--no-warnings', '-'], {
    cwd: root,
    input: program,
    encoding: 'utf8',
  })
  assert.equal(run.stderr, '')
  assert.equal(run.stdout, 'Ada\nuser:2 Grace\nuser:1 Ada\n')
  assert.equal(run.status, 0)
})
