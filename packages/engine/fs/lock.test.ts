import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isVarveError } from '@varve/format/errors'
import { type LockHolder, NodeFileSystem } from './index.ts'

const fs = new NodeFileSystem()
const root = mkdtempSync(join(tmpdir(), 'varve-lock-'))
let places = 0

after(() => rmSync(root, { recursive: true, force: true }))

async function emptyDirectory(): Promise<string> {
  const directory = join(root, String(++places))
  await fs.makeDirectory(directory)
  return directory
}

/** What the `LOCKED` error says about the holder of the lock in `directory`. */
async function holderOf(directory: string): Promise<LockHolder> {
  try {
    await fs.lock(join(directory, 'LOCK'))
  } catch (error) {
    assert.ok(isVarveError(error, 'LOCKED'), String(error))
    return error.details['holder'] as LockHolder
  }
  throw new assert.AssertionError({ message: 'the lock could be taken' })
}

/** Another Node.js process that has the lock when this returns, and keeps it. */
async function lockInChild(directory: string): Promise<ChildProcess> {
  const script = `
    const { NodeFileSystem } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
    const lock = await new NodeFileSystem().lock(${JSON.stringify(join(directory, 'LOCK'))})
    console.log('locked')
    setInterval(() => lock, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await once(child.stdout, 'data')
  assert.match(String(output), /locked/)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function hasTool(name: string, context: TestContext): boolean {
  const found = spawnSync(name, ['--help']).error === undefined
  if (!found) context.diagnostic(`not run: ${name} is not installed`)
  return found
}

test('a second opener in the same process is told that it is this process', async () => {
  const directory = await emptyDirectory()
  const lock = await fs.lock(join(directory, 'LOCK'))
  const holder = await holderOf(directory)
  assert.equal(holder.pid, process.pid)
  assert.deepEqual(holder.argv, process.argv)
  await lock.release()
  assert.ok(!existsSync(join(directory, 'VARVE-OWNER')))
})

test('two who ask at once in one process: one gets it', async () => {
  const path = join(await emptyDirectory(), 'LOCK')
  const outcomes = await Promise.allSettled([fs.lock(path), fs.lock(path), fs.lock(path)])
  const got = outcomes.filter(outcome => outcome.status === 'fulfilled')
  assert.equal(got.length, 1)
  for (const { value } of got) await value.release()
})

test('another process is named as the holder, and its death frees the lock, ten times over', async () => {
  const directory = await emptyDirectory()
  for (let cycle = 0; cycle < 10; cycle++) {
    const child = await lockInChild(directory)
    const holder = await holderOf(directory)
    assert.equal(holder.pid, child.pid)
    assert.ok(Date.parse(holder.since ?? '') > Date.now() - 60_000)
    await kill(child)
    const lock = await fs.lock(join(directory, 'LOCK'))
    assert.equal((await holderOf(directory)).pid, process.pid)
    await lock.release()
  }
  assert.equal(statSync(join(directory, 'LOCK')).size, 0)
})

test('ldb and db_bench are kept out while we have the lock, and let in afterwards', async context => {
  const tools: [string, (directory: string) => string[]][] = [
    ['ldb', directory => [`--db=${directory}`, '--create_if_missing', 'put', 'k', 'v']],
    [
      'db_bench',
      directory => [`--db=${directory}`, '--benchmarks=fillseq', '--num=10', '--use_existing_db=1'],
    ],
  ]
  for (const [tool, argumentsFor] of tools) {
    if (!hasTool(tool, context)) continue
    const directory = await emptyDirectory()
    const lock = await fs.lock(join(directory, 'LOCK'))
    const refused = spawnSync(tool, argumentsFor(directory), { encoding: 'utf8' })
    assert.match(refused.stdout + refused.stderr, /lock file/i)
    assert.ok(!existsSync(join(directory, 'CURRENT')))
    await lock.release()
    if (tool === 'ldb') assert.equal(spawnSync(tool, argumentsFor(directory)).status, 0)
  }
})

function hasWrittenLog(directory: string): boolean {
  return namesIn(directory).some(name => {
    return (
      name.endsWith('.log') && (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0) > 0
    )
  })
}

/** None in a directory that is not there, or that goes this very moment. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

test('we are kept out while db_bench has the lock, and told so', async context => {
  if (!hasTool('db_bench', context)) return
  const directory = await emptyDirectory()
  const bench = spawn(
    'db_bench',
    [`--db=${directory}`, '--benchmarks=fillseq', '--num=1000000', '--benchmark_write_rate_limit=10000'],
    { stdio: 'ignore' },
  )
  try {
    // It makes the database, destroys it and makes it again before it writes.
    for (let waited = 0; !hasWrittenLog(directory); waited += 20) {
      assert.ok(waited < 20_000, 'db_bench has not begun to write')
      await sleep(20)
    }
    const holder = await holderOf(directory)
    if (existsSync('/proc/locks')) {
      assert.equal(holder.pid, bench.pid)
      assert.match(holder.argv?.[0] ?? '', /db_bench/)
    }
  } finally {
    await kill(bench)
  }
  const lock = await fs.lock(join(directory, 'LOCK'))
  await lock.release()
})

test('the owner file of a process that was killed does not speak for the next holder', async context => {
  if (!existsSync('/proc/locks')) {
    context.diagnostic('not run: there is no /proc/locks')
    return
  }
  const directory = await emptyDirectory()
  const owner = join(directory, 'VARVE-OWNER')
  await kill(await lockInChild(directory))
  const left = readFileSync(owner)
  const lock = await fs.lock(join(directory, 'LOCK'))
  rmSync(owner)
  assert.equal((await holderOf(directory)).pid, process.pid)
  // C++ RocksDB takes the lock and leaves the file alone.
  writeFileSync(owner, left)
  assert.equal((await holderOf(directory)).pid, process.pid)
  await lock.release()
})

test('a lock file that is not empty, or in no directory, is an error of its own', async () => {
  const directory = await emptyDirectory()
  const path = join(directory, 'LOCK')
  const file = await fs.open(path, 'create')
  await file.write(new Uint8Array(8192).fill(7), 0)
  await file.close()
  await assert.rejects(fs.lock(path), error => isVarveError(error, 'IO_ERROR') && error.file === path)
  await assert.rejects(fs.lock(join(directory, 'missing', 'LOCK')), error => isVarveError(error, 'NOT_FOUND'))
})
