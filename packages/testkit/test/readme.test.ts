import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))

test("the example of the test kit's README runs as it stands", () => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${here}/README.md`, 'utf8')) ?? []
  assert.ok(example, 'the README has an example')
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '--no-warnings', '-'], {
    cwd: here,
    input: example,
    encoding: 'utf8',
  })
  assert.equal(run.stderr, '')
  assert.equal(run.stdout, 'no money is lost\n')
})
