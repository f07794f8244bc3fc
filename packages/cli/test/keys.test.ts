/** put, get, delete and scan, as scripts rely on them. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { endOf } from '../exit.ts'
import { createProgram } from '../program.ts'
import { runVarve, scratch, varve } from './run-varve.ts'

it('merges operands as the database says, and deletes ranges', async context => {
  const db = join(await scratch(context), 'db')
  await varve(['put', db, 'log', 'one', '-o', 'mergeOperator=stringappend'])
  assert.equal(await varve(['merge', db, 'log', 'two']), '')
  assert.equal(await varve(['get', db, 'log']), 'one,two\n')
  for (const key of ['a', 'b', 'c']) await varve(['put', db, key, key])
  assert.equal(await varve(['delete-range', db, 'a', 'c']), '')
  assert.equal(await varve(['scan', db, '--keys-only']), 'c\nlog\n')
  await varve(['compact', db])
  const removed = await runVarve(['delete-range', db, 'a', 'm', '--files-only'])
  assert.match(removed.stderr, /^removed 1 files, \d+ bytes\n$/)
  assert.equal(await varve(['scan', db, '--keys-only']), '')
})

it('stores a key for a time, shows when it is over, and copies it with that', async context => {
  const directory = await scratch(context)
  const db = join(directory, 'db')
  const before = Date.now()
  assert.equal(await varve(['put', db, 'a', '1', '--ttl', '2h']), '')
  assert.equal(await varve(['put', db, 'b', '2']), '')
  assert.equal(await varve(['put', db, 'c', '3', '--ttl', '1ms', '--cf', 'short']), '')
  assert.equal(await varve(['get', db, 'a']), '1\n')
  const [first, second] = (await varve(['scan', db, '--json'])).trim().split('\n')
  const { expiresAt, ...row } = JSON.parse(first)
  assert.deepEqual(row, { key: 'a', value: '1' })
  assert.ok(expiresAt >= before + 7_200_000 && expiresAt <= Date.now() + 7_200_000)
  assert.equal(second, '{"key":"b","value":"2"}')
  assert.equal(await varve(['scan', db]), 'a\t1\nb\t2\n')
  await new Promise(resolve => setTimeout(resolve, 2))
  assert.equal(await varve(['scan', db, '--cf', 'short']), '')
  const dumped = await varve(['dump', db])
  const copy = join(directory, 'copy')
  await varve(['load', copy, '--format', 'ndjson', '-o', 'expiringKeys=true'], dumped)
  assert.equal(await varve(['scan', copy, '--json']), `${first}\n${second}\n`)
  const plain = join(directory, 'plain')
  await varve(['put', plain, 'a', 'a plain value'])
  const refused = await endInProcess(['put', plain, 'b', '2', '--ttl', '10s'])
  assert.equal(refused.exitCode, 2)
  assert.match(refused.text, /expiringKeys .* holds values that were written without it/)
  for (const wrong of ['0s', '10', 'soon', '-1s', '10y']) {
    const { exitCode } = await endInProcess(['put', plain, 'b', '2', '--ttl', wrong])
    assert.equal(exitCode, 2, wrong)
  }
})

it('stores, prints and deletes a value', async context => {
  const db = join(await scratch(context), 'db')
  assert.equal(await varve(['put', db, 'user:1', 'Ada']), '')
  assert.equal(await varve(['get', db, 'user:1']), 'Ada\n')
  assert.equal(await varve(['put', db, '--hex', '--sync', '--', '0x2D6B', '0x']), '')
  assert.equal(await varve(['get', db, '--', '-k']), '\n')
  assert.equal(await varve(['get', db, '0X2d6B', '--hex']), '0x\n')
  assert.equal(await varve(['delete', db, 'user:1']), '')
  assert.deepEqual(await runVarve(['get', db, 'user:1']), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: 'not found\n',
  })
})

it('prints rows in order, within bounds, in each of its forms', async context => {
  const db = join(await scratch(context), 'db')
  const rows = ['a\t1', 'b\ttab\\tnew\\nline\\\\', 'c\\x00\t3', 'k1\tv1', 'k2\tv2']
  await varve(['load', db], rows.map(row => `${row}\n`).join(''))
  const scan = async (...args: string[]) => (await varve(['scan', db, ...args])).split('\n').slice(0, -1)
  assert.deepEqual(await scan(), rows)
  assert.deepEqual(await scan('--start', 'b', '--end', 'k2', '--keys-only'), ['b', 'c\\x00', 'k1'])
  assert.deepEqual(await scan('--prefix', 'k', '--reverse', '--limit', '1'), ['k2\tv2'])
  assert.deepEqual(await scan('--prefix', '0x6B31', '--hex'), ['0x6B31\t0x7631'])
  assert.deepEqual(await scan('--prefix', 'c', '--json'), ['{"key":"c\\u0000","value":"3"}'])
  assert.deepEqual(await scan('--prefix', 'b', '--no-escapes'), ['b\ttab\tnew', 'line\\'])
  assert.deepEqual(await scan('--limit', '0'), [])
})

it('keeps column families apart', async context => {
  const db = join(await scratch(context), 'db')
  await varve(['put', db, 'k', 'default'])
  await varve(['put', db, 'k', 'users', '--cf', 'users'])
  assert.equal(await varve(['get', db, 'k', '--cf', 'users']), 'users\n')
  assert.equal(await varve(['scan', db]), 'k\tdefault\n')
  const missing = await endInProcess(['get', db, 'k', '--cf', 'nobody'])
  assert.equal(missing.exitCode, 1)
  assert.match(missing.text, /^varve: NOT_FOUND: [^\n]*nobody[^\n]*\n$/)
})

it('tells wrong usage, databases that cannot be opened and failed work apart by exit code', async context => {
  const directory = await scratch(context)
  const db = join(directory, 'db')
  await varve(['put', db, 'k', 'v'])
  await mkdir(join(directory, 'photos'))
  await writeFile(join(directory, 'photos', 'cat.jpg'), 'meow')
  const cases: [code: number, pattern: RegExp, ...args: string[]][] = [
    [2, /USAGE: unknown command/, 'nonsense'],
    [2, /USAGE: missing required argument/, 'get', db],
    [2, /USAGE: too many arguments/, 'get', db, 'a', 'b'],
    [2, /USAGE: unknown option/, 'scan', db, '--form', 'x'],
    [2, /USAGE: .*whole number/, 'scan', db, '--limit', '-3'],
    [2, /USAGE: KEY is not hex/, 'get', db, 'xyz', '--hex'],
    [2, /USAGE: .*writeBufferSize/, 'put', db, 'k', 'v', '-o', 'write_buffer_size=1'],
    [2, /USAGE: unknown option nonsense/, 'put', db, 'k', 'v', '-o', 'nonsense=1'],
    [2, /USAGE: .*loopback only/, 'serve', '--data', db, '--host', '0.0.0.0'],
    [3, /NOT_FOUND: .*does not exist/, 'get', join(directory, 'none'), 'k'],
    [3, /NOT_FOUND: /, 'delete', join(directory, 'none'), 'k'],
    [3, /NOT_FOUND: /, 'verify', join(directory, 'photos')],
    [3, /INVALID_ARGUMENT: .*cat\.jpg/, 'put', join(directory, 'photos'), 'k', 'v'],
    [3, /INVALID_ARGUMENT: /, 'scan', join(directory, 'photos', 'cat.jpg')],
    [3, /ENOENT: /, 'sst', join(directory, 'none')],
    [1, /CORRUPTION: /, 'sst', join(directory, 'photos', 'cat.jpg')],
  ]
  for (const [code, pattern, ...args] of cases) {
    const end = await endInProcess(args)
    assert.equal(end.exitCode, code, `${args.join(' ')}: ${end.text}`)
    assert.match(end.text, /^varve: [^\n]*\n$/, args.join(' '))
    assert.match(end.text, pattern)
  }
  // And that is what the process does with it.
  const [code, pattern, ...args] = cases[0]
  const result = await runVarve(args)
  assert.deepEqual([result.code, result.stdout], [code, ''])
  assert.match(result.stderr, pattern)
})

/** How a command ends, without the cost of a process for each case. */
async function endInProcess(args: readonly string[]): Promise<{ exitCode: number; text: string }> {
  return createProgram()
    .parseAsync(args, { from: 'user' })
    .then(
      () => ({ exitCode: 0, text: '' }),
      (error: unknown) => endOf(error),
    )
}
