import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { CorruptionError, isVarveError, VarveError } from '@varve/format/errors'
import { type Job, type JobProgress, WorkerPool } from './index.ts'
import { errorFromData, errorToData } from './messages.ts'

/** A thread that does what the job says, in the terms of messages.ts. */
const program = `
  import { parentPort, threadId } from 'node:worker_threads'
  parentPort.on('message', ({ job, wantsProgress }) => {
    const answer = message => parentPort.postMessage(message)
    if (job.act === 'echo') answer({ type: 'done', result: job.value })
    if (job.act === 'thread') answer({ type: 'done', result: threadId })
    if (job.act === 'crash') throw new Error('crashed on purpose')
    if (job.act === 'exit') process.exit(3)
    if (job.act === 'progress') {
      if (wantsProgress) answer({ type: 'progress', progress: { bytesRead: 1, bytesWritten: 2, entriesRead: 3 } })
      answer({ type: 'done', result: wantsProgress })
    }
    if (job.act === 'wait') {
      Atomics.add(job.counters, 0, 1)
      Atomics.notify(job.counters, 0)
      Atomics.wait(job.gate, 0, 0)
      answer({ type: 'done', result: job.value })
    }
  })`
const module = new URL(`data:text/javascript,${encodeURIComponent(program)}`)

type Act =
  | { act: 'echo'; value: unknown }
  | { act: 'wait'; value: unknown; gate: Int32Array; counters: Int32Array }
  | { act: 'progress' | 'thread' | 'crash' | 'exit' }

function job(act: Act): Job & Act {
  return { kind: 'flush', ...act }
}

/** Jobs that start, are counted, and wait until the gate opens. */
class Gate {
  readonly gate = new Int32Array(new SharedArrayBuffer(4))
  readonly counters = new Int32Array(new SharedArrayBuffer(4))

  job(value: string): Job & Act {
    return job({ act: 'wait', value, gate: this.gate, counters: this.counters })
  }

  get started(): number {
    return Atomics.load(this.counters, 0)
  }

  async untilStarted(count: number): Promise<void> {
    while (this.started < count) await new Promise(resolve => setTimeout(resolve, 2))
  }

  open(): void {
    Atomics.store(this.gate, 0, 1)
    Atomics.notify(this.gate, 0)
  }
}

test('a job gives its result, also one larger than a message before it', async () => {
  const pool = new WorkerPool(2, module)
  const values = Array.from({ length: 20 }, (_, i) => ({ list: [i], bytes: new Uint8Array(i * 1000) }))
  assert.deepEqual(
    await Promise.all(values.map(value => pool.run(job({ act: 'echo', value }), 'low'))),
    values,
  )
  await pool.close()
})

test('progress comes to whoever asks for it', async () => {
  const pool = new WorkerPool(1, module)
  const seen: JobProgress[] = []
  assert.equal(await pool.run(job({ act: 'progress' }), 'low', progress => seen.push(progress)), true)
  assert.deepEqual(seen, [{ bytesRead: 1, bytesWritten: 2, entriesRead: 3 }])
  assert.equal(await pool.run(job({ act: 'progress' }), 'low'), false)
  await pool.close()
})

test('a high job never waits for low ones when there is more than one thread', async () => {
  const pool = new WorkerPool(2, module)
  const gate = new Gate()
  const low = ['a', 'b', 'c'].map(value => pool.run<string>(gate.job(value), 'low'))
  await gate.untilStarted(1)
  assert.equal(await pool.run(job({ act: 'echo', value: 'high' }), 'high'), 'high')
  assert.equal(gate.started, 1)
  gate.open()
  assert.deepEqual(await Promise.all(low), ['a', 'b', 'c'])
  await pool.close()
})

test('on one thread high jobs go before low ones that have not started', async () => {
  const pool = new WorkerPool(1, module)
  const gate = new Gate()
  const order: string[] = []
  const note = (value: string): number => order.push(value)
  const jobs = [pool.run<string>(gate.job('first'), 'low').then(note)]
  await gate.untilStarted(1)
  for (const value of ['low 1', 'low 2'])
    jobs.push(pool.run<string>(job({ act: 'echo', value }), 'low').then(note))
  for (const value of ['high 1', 'high 2'])
    jobs.push(pool.run<string>(job({ act: 'echo', value }), 'high').then(note))
  gate.open()
  await Promise.all(jobs)
  assert.deepEqual(order, ['first', 'high 1', 'high 2', 'low 1', 'low 2'])
  await pool.close()
})

test('among compactions those of level 0 go first, and a pool that grows takes what waits', async () => {
  const pool = new WorkerPool(2, module)
  const gate = new Gate()
  const order: string[] = []
  const note = (value: string): number => order.push(value)
  const first = pool.run<string>(gate.job('first'), 'low').then(note)
  await gate.untilStarted(1)
  const deep = pool.run<string>(gate.job('deep'), 'low').then(note)
  const level0 = pool.run<string>(job({ act: 'echo', value: 'level 0' }), 'middle').then(note)
  assert.equal(gate.started, 1, 'one thread is kept for flushes')
  pool.resize(3)
  await level0
  await gate.untilStarted(2)
  assert.deepEqual(order, ['level 0'])
  gate.open()
  await Promise.all([first, deep])
  await pool.close()
})

test('a thread that dies fails its job and no other', async () => {
  const pool = new WorkerPool(1, module)
  for (const act of ['crash', 'exit'] as const) {
    const dying = pool.run(job({ act }), 'low')
    const next = pool.run(job({ act: 'echo', value: act }), 'low')
    await assert.rejects(dying, error => isVarveError(error, 'ABORTED'))
    assert.equal(await next, act)
  }
  await pool.close()
})

test('a job that cannot be sent fails alone', async () => {
  const pool = new WorkerPool(1, module)
  await assert.rejects(pool.run(job({ act: 'echo', value: () => 1 }), 'low'), { name: 'DataCloneError' })
  assert.equal(await pool.run(job({ act: 'echo', value: 1 }), 'low'), 1)
  await pool.close()
})

test('close rejects what has not started, waits for what has, and takes nothing more', async () => {
  const pool = new WorkerPool(1, module)
  const gate = new Gate()
  const running = pool.run<string>(gate.job('done'), 'low')
  await gate.untilStarted(1)
  const waiting = assert.rejects(pool.run(job({ act: 'echo', value: 1 }), 'high'), error =>
    isVarveError(error, 'ABORTED'),
  )
  let isClosed = false
  const closed = pool.close().then(() => (isClosed = true))
  await waiting
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(isClosed, false)
  gate.open()
  assert.equal(await running, 'done')
  await closed
  await assert.rejects(pool.run(job({ act: 'echo', value: 1 }), 'low'), error =>
    isVarveError(error, 'ABORTED'),
  )
  await pool.close()
})

test('an error is the same on this side of a thread', () => {
  const cause = new VarveError('NO_SPACE', 'cannot write x: no space', { file: 'x', errno: 'ENOSPC' })
  const corruption = new CorruptionError('bad block', '000012.sst', 77, cause)
  const copy = errorFromData(structuredClone(errorToData(corruption)))
  assert.ok(copy instanceof CorruptionError)
  assert.deepEqual([copy.message, copy.file, copy.offset], [corruption.message, '000012.sst', 77])
  assert.ok(isVarveError(copy.cause, 'NO_SPACE'))
  assert.deepEqual(copy.cause.details, cause.details)
  const plain = errorFromData(structuredClone(errorToData(new TypeError('a mistake'))))
  assert.deepEqual([plain.message, isVarveError(plain)], ['a mistake', false])
})

test('idle threads do not keep the process alive, running ones do', () => {
  const poolModule = JSON.stringify(new URL('./worker-pool.ts', import.meta.url).href)
  const script = `
    const { WorkerPool } = await import(${poolModule})
    const pool = new WorkerPool(2, new URL(${JSON.stringify(module.href)}))
    pool.run({ kind: 'flush', act: 'echo', value: 'result' }, 'low').then(result => console.log(result))`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.deepEqual([run.status, run.stdout.trim(), run.stderr], [0, 'result', ''])
})

test('threads take turns, and those that are expected are there before the first job', async () => {
  const pool = new WorkerPool(2, module)
  pool.expect(2)
  const threadOf = () => pool.run<number>(job({ act: 'thread' }), 'high')
  const turns = [await threadOf(), await threadOf(), await threadOf(), await threadOf()]
  assert.notEqual(turns[0], turns[1])
  assert.deepEqual(turns.slice(2), turns.slice(0, 2))
  await pool.close()
})

test('a thread of a closed pool works for the next one, and ends when there is none for a while', async () => {
  const threadOf = (pool: WorkerPool) => pool.run<number>(job({ act: 'thread' }), 'high')
  const first = new WorkerPool(1, module)
  const thread = await threadOf(first)
  await first.close()
  const second = new WorkerPool(1, module)
  assert.equal(await threadOf(second), thread)
  await second.close()
  await new Promise(resolve => setTimeout(resolve, 1500))
  const third = new WorkerPool(1, module)
  assert.notEqual(await threadOf(third), thread)
  await third.close()
})

test('a thread that is ending takes no job any more', async () => {
  const first = new WorkerPool(1, module)
  await first.run(job({ act: 'thread' }), 'high')
  await first.close()
  // Both this and the end of the rest are due when the event loop comes to them.
  const rested = new Promise(resolve => setTimeout(resolve, 1001))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100)
  await rested
  const second = new WorkerPool(1, module)
  assert.equal(await second.run(job({ act: 'echo', value: 'done' }), 'high'), 'done')
  await second.close()
})
