/**
 * `verifyDatabase`: reads every byte of every live file and checks it, without a lock and without changing
 * anything. Best done while the database is closed: a running one may remove a file before its turn comes.
 *
 * plan.ts chooses the files and says how each is checked; here they are gone through, in slices that
 * leave the event loop its turn.
 */
import { join } from 'node:path'
import { VarveError } from '@varve/format/errors'
import type { File } from '../fs/index.ts'
import { nodeRuntime, type Runtime } from '../runtime/index.ts'
import { DeepCheck } from './deep-check.ts'
import { planVerification, type VerifyTask } from './plan.ts'
import { VerifyFindings, type VerifyProgress, type VerifyReport } from './report.ts'

export type { VerifiedFile, VerifyProblem, VerifyProgress, VerifyReport } from './report.ts'

export interface VerifyOptions {
  /**
   * Also checks what only all files together can show: no two of them have one number, newer versions of a key
   * never lie deeper than older ones, the sequences in logs rise; and notes files that are no part of the
   * database. Reads every table twice.
   */
  deep?: boolean
  onProgress?(progress: VerifyProgress): void
  /** Ends the check early, with `ABORTED`. */
  signal?: AbortSignal
}

/** How long the check works before the event loop gets its turn. */
const SLICE_MS = 8

/**
 * What is wrong is reported, with file and offset, and never thrown. Throws `NOT_FOUND` where there is no
 * database at all, and `ABORTED`.
 */
export async function verifyDatabase(
  path: string,
  options: VerifyOptions = {},
  runtime?: Runtime,
): Promise<VerifyReport> {
  const world = runtime ?? nodeRuntime({ workers: 1 })
  try {
    return await new Verification(path, options, world).run()
  } finally {
    if (runtime === undefined) await world.jobs.close()
  }
}

class Verification {
  private readonly directory: string
  private readonly options: VerifyOptions
  private readonly runtime: Runtime
  private readonly findings = new VerifyFindings()
  private bytesDone = 0
  private bytesTotal = 0
  private sliceStarted = 0

  constructor(directory: string, options: VerifyOptions, runtime: Runtime) {
    this.directory = directory
    this.options = options
    this.runtime = runtime
  }

  async run(): Promise<VerifyReport> {
    const { fs } = this.runtime
    const deep = this.options.deep === true ? new DeepCheck(fs, this.findings) : undefined
    const { tasks, finish } = await planVerification(fs, this.directory, this.findings, deep)
    for (const { name } of tasks) this.bytesTotal += (await fs.stat(join(this.directory, name)))?.size ?? 0
    for (const task of tasks) await this.perform(task)
    finish()
    await deep?.finish(() => this.pause(this.directory))
    return this.findings.report()
  }

  private async perform({ name, kind, check }: VerifyTask): Promise<void> {
    const path = join(this.directory, name)
    let file: File | undefined
    try {
      file = await this.runtime.fs.open(path, 'read')
      const bytes = file.size()
      const entries = await this.drive(path, check(file))
      this.findings.files.push({ name, kind, bytes, entries })
    } catch (error) {
      this.findings.caught(path, error)
    } finally {
      await file?.close()
    }
  }

  /** Runs a check in slices, so that the event loop is not held up. */
  private async drive(file: string, check: Generator<number, number>): Promise<number> {
    for (let step = check.next(); ; step = check.next()) {
      if (step.done === true) return step.value
      this.bytesDone += step.value
      await this.pause(file)
    }
  }

  /** Gives the event loop its turn when this slice is over. */
  private async pause(file: string): Promise<void> {
    const { clock } = this.runtime
    if (clock.monotonic() - this.sliceStarted < SLICE_MS) return
    this.options.onProgress?.({ file, bytesDone: this.bytesDone, bytesTotal: this.bytesTotal })
    await this.runtime.nextTurn()
    if (this.options.signal?.aborted === true) throw new VarveError('ABORTED', 'the check was stopped')
    this.sliceStarted = clock.monotonic()
  }
}
