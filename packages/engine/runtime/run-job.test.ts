import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { ValueType } from '@varve/format/key'
import { tableName } from '@varve/format/names'
import type { FlushJob, FlushResult } from '../compaction/flush-job.ts'
import { NodeFileSystem } from '../fs/index.ts'
import { Memtable } from '../memtable/index.ts'
import { InlineRunner, type JobRunner, WorkerPool } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-jobs-'))
after(() => rmSync(root, { recursive: true, force: true }))

function filledMemtable(): Memtable {
  const memtable = new Memtable(1, 1 << 20)
  for (let i = 0; i < 1000; i++) {
    const key = encodeUtf8(`key${(i * 37) % 1000}`)
    const value = encodeUtf8(`value${i}`)
    assert.ok(memtable.add(i + 1, ValueType.Value, key, 0, key.length, value, 0, value.length))
  }
  return memtable
}

function flushJob(directory: string, memtable: Memtable, cancel?: Int32Array): FlushJob {
  return {
    kind: 'flush',
    memtables: [memtable.descriptor()],
    snapshots: [],
    output: {
      directory,
      level: 0,
      epochNumber: 1,
      fileCreationTime: 1_700_000_000,
      oldestAncestorTime: 1_700_000_000,
      table: { dbId: 'id', dbSessionId: 'ABCDEFGHIJKLMNOPQRST' },
      paranoidFileChecks: false,
    },
    fileNumber: 12,
    cancel,
  }
}

test('a job does the same in a thread as in place', async () => {
  const memtable = filledMemtable()
  const runners: [string, JobRunner][] = [
    ['thread', new WorkerPool(1)],
    ['inline', new InlineRunner(new NodeFileSystem())],
  ]
  const results: FlushResult[] = []
  const tables: Uint8Array[] = []
  for (const [name, runner] of runners) {
    const directory = join(root, name)
    mkdirSync(directory)
    results.push(await runner.run<FlushResult>(flushJob(directory, memtable), 'high'))
    tables.push(readFileSync(join(directory, tableName(12))))
    await runner.close()
  }
  assert.deepEqual(results[0], structuredClone(results[1]))
  assert.deepEqual(tables[0], tables[1])
  assert.equal(results[0].file?.record.number, 12)
})

test('a job that fails in a thread fails with the error it threw', async () => {
  const missing = join(root, 'missing')
  for (const runner of [new WorkerPool(1), new InlineRunner(new NodeFileSystem())]) {
    const failing = runner.run(flushJob(missing, filledMemtable()), 'high')
    await assert.rejects(
      failing,
      error => isVarveError(error, 'NOT_FOUND') && error.details.errno === 'ENOENT',
    )
    await runner.close()
    await assert.rejects(runner.run(flushJob(missing, filledMemtable()), 'high'), error =>
      isVarveError(error, 'ABORTED'),
    )
  }
})

test('a job in a thread sees that it is cancelled', async () => {
  const directory = join(root, 'cancelled')
  mkdirSync(directory)
  const memtable = new Memtable(1, 1 << 24)
  for (let i = 0; i < 100_000; i++) {
    const key = encodeUtf8(`key${String(i).padStart(6, '0')}`)
    assert.ok(memtable.add(i + 1, ValueType.Value, key, 0, key.length, key, 0, key.length))
  }
  const pool = new WorkerPool(1)
  const cancel = new Int32Array(new SharedArrayBuffer(4))
  const running = pool.run(flushJob(directory, memtable, cancel), 'high')
  Atomics.store(cancel, 0, 1)
  await assert.rejects(running, error => isVarveError(error, 'ABORTED'))
  assert.deepEqual(await new NodeFileSystem().list(directory), [])
  await pool.close()
})
