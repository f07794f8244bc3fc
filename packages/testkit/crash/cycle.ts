/**
 * One cycle: start the child, let it write, kill it with -9 at a moment it does not choose, and look at what is
 * left. The database must hold exactly the first p writes for some p: no acknowledged one may be missing
 * (p is at least the last acknowledged), and none may be missing in between (a hole).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BatchOperation, type Database, open } from 'varve'
import { effectsOf } from '../model/operations.ts'
import { SortedModel } from '../model/sorted-model.ts'
import { type Contents, checkInCpp } from '../oracle/cpp-checks.ts'
import { isSame, mustVerify } from '../oracle/varve-side.ts'
import type { Random } from '../random.ts'
import { REPORT_LENGTH, Report } from './report.ts'
import { type CrashRun, families, Workload } from './workload.ts'

/** How far the child came. */
export interface Progress {
  opened: boolean
  issued: number
  acknowledged: Set<number>
}

/** Writes that are there after the kill. */
interface Kept {
  acknowledged: number
  /** Writes that were on disk though nobody had been told. */
  unacknowledgedKept: number
}

export interface CycleResult extends Kept {
  killedWhile: 'opening' | 'writing'
}

export class CrashError extends Error {}

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

/** Runs a cycle on a directory whose contents are known; `contents` then become what is found. */
export async function runCycle(
  run: CrashRun,
  contents: Contents,
  random: Random,
  withCpp: boolean,
): Promise<CycleResult> {
  const progress = await runAndKill(run, random)
  const db = await open(run.directory, run.options)
  let kept: Kept
  try {
    kept = await findPrefix(db, run, contents, progress)
  } finally {
    await db.close()
  }
  await mustVerify(run.directory)
  if (withCpp) await checkInCpp(run.directory, contents)
  return { ...kept, killedWhile: progress.opened ? 'writing' : 'opening' }
}

/** Kills some children while they open the database, the others at any time after it. */
export async function runAndKill(run: CrashRun, random: Random): Promise<Progress> {
  const process = spawn('node', [child, JSON.stringify(run)], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const progress: Progress = { opened: false, issued: 0, acknowledged: new Set() }
  const { promise: opened, resolve: hasOpened } = Promise.withResolvers<void>()
  let complaint = ''
  process.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  let rest = Buffer.alloc(0)
  process.stdio[3]?.on('data', (chunk: Buffer) => {
    rest = readReports(Buffer.concat([rest, chunk]), progress)
    if (progress.opened) hasOpened()
  })
  const closed = once(process, 'close')
  if (random.chance(0.15)) await sleep(random.between(40, 400))
  else {
    await Promise.race([opened, closed])
    await sleep(random.skewed(900))
  }
  if (process.exitCode !== null) throw new CrashError(`the child ended by itself: ${complaint}`)
  process.kill('SIGKILL')
  const [, signal] = await closed
  if (signal !== 'SIGKILL') throw new CrashError(`the child ended by itself: ${complaint}`)
  return progress
}

function readReports(bytes: Buffer, progress: Progress): Buffer<ArrayBuffer> {
  let at = 0
  for (; at + REPORT_LENGTH <= bytes.length; at += REPORT_LENGTH) {
    const kind = bytes.readUInt32LE(at)
    const step = bytes.readUInt32LE(at + 4)
    if (kind === Report.opened) progress.opened = true
    else if (kind === Report.issued) progress.issued = step + 1
    else progress.acknowledged.add(step)
  }
  return Buffer.from(bytes.subarray(at))
}

/**
 * Which first writes are there. Applies them to the models one after another, counting the keys on which model
 * and database differ; where there are none, the database is that prefix. Of several, the longest.
 */
export async function findPrefix(
  db: Database,
  run: CrashRun,
  contents: Contents,
  progress: Progress,
): Promise<Kept> {
  const found = await readContents(db)
  const workload = new Workload(run)
  const steps = Array.from({ length: progress.issued }, () => workload.next())
  const acknowledgedTo = Math.max(-1, ...progress.acknowledged) + 1
  const comparison = new Comparison(contents, found)
  let prefix = comparison.differing === 0 ? 0 : -1
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'write') comparison.apply(step.operations)
    if (comparison.differing === 0) prefix = index + 1
  }
  if (prefix < 0)
    throw new CrashError(
      `no prefix of the ${steps.length} writes is what is there (${comparison.describe()})`,
    )
  // Acknowledgements come in order, but for flushes and compactions, which write nothing.
  const lost = [...progress.acknowledged].filter(step => step >= prefix && steps[step].kind === 'write')
  if (lost.length > 0)
    throw new CrashError(
      `${lost.length} acknowledged writes are lost: the first ${prefix} are there, acknowledged were ${acknowledgedTo}`,
    )
  for (const [name, model] of found) contents.set(name, model)
  const isWrite = (step: number) => steps[step].kind === 'write'
  const kept = steps.slice(0, prefix).filter(({ kind }) => kind === 'write').length
  const acknowledged = [...progress.acknowledged].filter(isWrite).length
  return { acknowledged, unacknowledgedKept: kept - acknowledged }
}

async function readContents(db: Database): Promise<Contents> {
  const contents: Contents = new Map()
  for (const columnFamily of families) {
    contents.set(columnFamily, SortedModel.of(await db.entries({ columnFamily }).toArray()))
  }
  return contents
}

/** How many keys differ between two states, kept up to date while one of them moves. */
class Comparison {
  differing = 0
  private readonly model: Contents = new Map()
  private readonly found: Contents

  constructor(start: Contents, found: Contents) {
    this.found = found
    for (const name of families) {
      const before = start.get(name) ?? new SortedModel()
      const after = found.get(name) ?? new SortedModel()
      this.model.set(name, before.copy())
      for (const [key] of before.rows()) if (!agree(before, after, key)) this.differing++
      for (const [key] of after.rows()) if (!before.has(key)) this.differing++
    }
  }

  apply(operations: readonly BatchOperation[]): void {
    for (const operation of operations) {
      const name = String(operation.columnFamily)
      const model = this.model.get(name) as SortedModel
      const found = this.found.get(name) as SortedModel
      for (const [key, value] of effectsOf(model, operation)) {
        if (!agree(model, found, key)) this.differing--
        if (value === undefined) model.delete(key)
        else model.put(key, value)
        if (!agree(model, found, key)) this.differing++
      }
    }
  }

  describe(): string {
    return `${this.differing} keys differ from all of them`
  }
}

function agree(a: SortedModel, b: SortedModel, key: Uint8Array): boolean {
  const left = a.get(key)
  const right = b.get(key)
  return left === undefined || right === undefined ? left === right : isSame(left, right)
}
