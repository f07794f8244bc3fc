/**
 * Fuzzes every decoder of `@varve/format`.
 *
 *     node packages/testkit/fuzz/main.ts [--seconds 60 | --executions N] [--seed N] [--jobs N] [--target NAME ...]
 *     node packages/testkit/fuzz/main.ts --target NAME --replay INPUT
 *
 * Runs one thread a core unless told otherwise. Prints how often each target ran and how long its slowest input took,
 * and for each failure the command that replays it. A failure that has been understood becomes a file in
 * fuzz/regressions/, which `npm test` replays. Ends with 1 when something failed.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { freshSeed } from '../random.ts'
import { shareOf } from '../shards.ts'
import { judge } from './judge.ts'
import { MAX_INPUT } from './mutator.ts'
import { fromReplayText, toReplayText } from './replay-text.ts'
import { fuzzTargets } from './targets.ts'
import {
  type FuzzBudget,
  type FuzzWorkerData,
  type FuzzWorkerReport,
  SHARED_HEADER,
  type TargetRuns,
} from './worker.ts'

/** An input that takes this long will not come back. */
const HANG_MS = 10_000
const STARTUP_MS = 60_000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    executions: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    target: { type: 'string', multiple: true, default: [] },
    replay: { type: 'string' },
  },
})

/** One thread's report; a hang is a failure like any other, and ends the thread. */
async function runWorker(seed: number, budget: FuzzBudget): Promise<FuzzWorkerReport> {
  const shared = new SharedArrayBuffer(SHARED_HEADER + MAX_INPUT)
  const workerData: FuzzWorkerData = { shared, seed, budget, only: values.target }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData })
  const hang = watch(shared)
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', resolve)
      worker.on('error', reject)
      hang.found.then(resolve)
    })
  } finally {
    hang.stop()
    await worker.terminate()
  }
}

function watch(shared: SharedArrayBuffer): { found: Promise<FuzzWorkerReport>; stop(): void } {
  const header = new Uint32Array(shared, 0, SHARED_HEADER / 4)
  const { promise, resolve } = Promise.withResolvers<FuzzWorkerReport>()
  let executions = -1
  let since = performance.now()
  const timer = setInterval(() => {
    const now = Atomics.load(header, 0)
    if (now !== executions) {
      executions = now
      since = performance.now()
    } else if (performance.now() - since > (now === 0 ? STARTUP_MS : HANG_MS))
      resolve(hangReport(shared, executions))
  }, 500)
  return { found: promise, stop: () => clearInterval(timer) }
}

function hangReport(shared: SharedArrayBuffer, executions: number): FuzzWorkerReport {
  const [, index, length] = new Uint32Array(shared, 0, SHARED_HEADER / 4)
  const targets = fuzzTargets().filter(
    ({ name }) => values.target.length === 0 || values.target.includes(name),
  )
  const target = targets[index].name
  const input = new Uint8Array(shared, SHARED_HEADER, length).slice()
  return {
    runs: [{ target, executions, slowest: HANG_MS }],
    failures: [{ target, message: 'does not come back', input }],
  }
}

function budgetOf(job: number, jobs: number): FuzzBudget {
  if (values.executions === undefined)
    return { seconds: Number(values.seconds), executions: Number.POSITIVE_INFINITY }
  return {
    seconds: Number.POSITIVE_INFINITY,
    executions: shareOf(Number(values.executions), job, jobs),
  }
}

async function fuzz(): Promise<number> {
  const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
  const jobs = Number(values.jobs)
  const reports = await Promise.all(
    Array.from({ length: jobs }, (_, job) => runWorker(seed + job, budgetOf(job, jobs))),
  )
  const totals = new Map<string, TargetRuns>()
  for (const { target, executions, slowest } of reports.flatMap(report => report.runs)) {
    const before = totals.get(target)
    totals.set(target, {
      target,
      executions: executions + (before?.executions ?? 0),
      slowest: Math.max(slowest, before?.slowest ?? 0),
    })
  }
  for (const { target, executions, slowest } of totals.values()) {
    console.log(`fuzz: ${target.padEnd(24)} ${executions} executions, slowest ${Math.ceil(slowest)} ms`)
  }
  const failures = reports.flatMap(report => report.failures)
  for (const { target, message, input } of failures) {
    console.log(`FAILED ${target} on ${input.length} bytes: ${message}`)
    console.log(`  node packages/testkit/fuzz/main.ts --target ${target} --replay ${toReplayText(input)}`)
  }
  const sum = [...totals.values()].reduce((total, { executions }) => total + executions, 0)
  console.log(`fuzz: ${totals.size} targets, ${sum} executions, ${failures.length} failed, seed ${seed}`)
  return failures.length
}

function replay(text: string): number {
  const [target] = fuzzTargets().filter(({ name }) => values.target.includes(name))
  const { failure, signature } = judge(target, fromReplayText(text))
  console.log(failure ?? `passed: ${signature}`)
  return failure === undefined ? 0 : 1
}

const failed = values.replay === undefined ? await fuzz() : replay(values.replay)
process.exitCode = failed === 0 ? 0 : 1
