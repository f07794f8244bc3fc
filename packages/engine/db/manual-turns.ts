/**
 * Who may compact by hand when. Manual compactions run side by side; an `exclusive` one alone, in the order in which
 * they were asked for. While one is under way, automatic compactions of its column family wait, of every family under
 * an exclusive one: a manual compaction must come to an end, and what was begun before it must be all that it finds.
 *
 * Each has a flag that stops its jobs: because its signal says so, or manual compactions have been disabled.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, RunManualCompaction, DisableManualCompaction
 */
import { VarveError } from '@varve/format/errors'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

export interface ManualRequest {
  /** Whose automatic compactions wait meanwhile; undefined: they do not. */
  pauses: Family | undefined
  exclusive?: boolean | undefined
  signal?: AbortSignal | undefined
}

export class ManualTurns {
  private readonly engine: Engine
  private readonly running = new Set<ManualTurn>()
  private readonly waiting: { turn: ManualTurn; admit: () => void }[] = []
  /** Calls of `disable` without their `enable`. */
  private disables = 0
  private ended: PromiseWithResolvers<void> | undefined

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Waits until the compaction may begin. Whoever began ends the turn, however it went. Throws `ABORTED`. */
  async begin(request: ManualRequest): Promise<ManualTurn> {
    if (this.disables > 0) throw disabledError()
    const turn = new ManualTurn(request, this.engine, () => this.end(turn))
    try {
      await turn.unlessStopped(this.admission(turn))
      if (turn.isExclusive) await this.untilAlone(turn)
      return turn
    } catch (error) {
      turn.end()
      throw error
    }
  }

  /** Stops those that run, and refuses others until `enable`. Settles when none is left. */
  async disable(): Promise<void> {
    this.disables++
    this.stopAll(disabledError())
    while (this.running.size > 0) {
      this.ended ??= Promise.withResolvers<void>()
      await this.ended.promise
    }
  }

  enable(): void {
    if (this.disables === 0) {
      throw new VarveError('INVALID_ARGUMENT', 'manual compactions are not disabled')
    }
    this.disables--
  }

  stopAll(error: VarveError): void {
    for (const turn of [...this.running, ...this.waiting.map(({ turn }) => turn)]) turn.stop(error)
  }

  private admission(turn: ManualTurn): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.waiting.push({ turn, admit: resolve })
    this.admitNext()
    return promise
  }

  private admitNext(): void {
    while (this.waiting.length > 0 && this.mayRun(this.waiting[0].turn)) {
      const [{ turn, admit }] = this.waiting.splice(0, 1)
      this.running.add(turn)
      turn.pause()
      admit()
    }
  }

  private mayRun(turn: ManualTurn): boolean {
    if (this.running.size === 0) return true
    return !turn.isExclusive && ![...this.running].some(({ isExclusive }) => isExclusive)
  }

  /** Automatic compactions that ran before. */
  private async untilAlone(turn: ManualTurn): Promise<void> {
    const { background } = this.engine
    while (background.runningCompactions > 0) await turn.unlessStopped(background.nextEnd())
  }

  private end(turn: ManualTurn): void {
    this.running.delete(turn)
    const place = this.waiting.findIndex(({ turn: waiting }) => waiting === turn)
    if (place >= 0) this.waiting.splice(place, 1)
    this.ended?.resolve()
    this.ended = undefined
    this.admitNext()
  }
}

export class ManualTurn {
  /** For the jobs: 1 asks them to stop. */
  readonly cancel: Int32Array = new Int32Array(new SharedArrayBuffer(4))
  readonly isExclusive: boolean
  private readonly engine: Engine
  private readonly request: ManualRequest
  private readonly onEnd: () => void
  private readonly stopping = Promise.withResolvers<never>()
  private error: VarveError | undefined = undefined
  private resume: (() => void) | undefined = undefined
  private readonly onAbort = (): void => this.stop(abortedError(this.request.signal))

  constructor(request: ManualRequest, engine: Engine, onEnd: () => void) {
    this.request = request
    this.engine = engine
    this.isExclusive = request.exclusive === true
    this.onEnd = onEnd
    // Whoever waits for nothing at the moment asks `refuseIfStopped`.
    this.stopping.promise.catch(() => undefined)
    if (request.signal?.aborted) this.onAbort()
    else request.signal?.addEventListener('abort', this.onAbort)
  }

  /** No automatic compaction begins that could be in its way. */
  pause(): void {
    const { background } = this.engine
    if (this.isExclusive) this.resume = background.pauseCompactions()
    else if (this.request.pauses !== undefined) this.resume = background.pauseCompactions(this.request.pauses)
  }

  /** The first reason counts. */
  stop(error: VarveError): void {
    if (this.error !== undefined) return
    this.error = error
    Atomics.store(this.cancel, 0, 1)
    this.stopping.reject(error)
  }

  refuseIfStopped(): void {
    if (this.error !== undefined) throw this.error
  }

  /** What `promise` gives, unless the compaction is stopped before. */
  unlessStopped<Result>(promise: Promise<Result>): Promise<Result> {
    return Promise.race([promise, this.stopping.promise])
  }

  end(): void {
    this.request.signal?.removeEventListener('abort', this.onAbort)
    this.resume?.()
    this.resume = undefined
    this.onEnd()
  }
}

function abortedError(signal: AbortSignal | undefined): VarveError {
  return new VarveError('ABORTED', 'the compaction was stopped by its signal', {}, signal?.reason)
}

function disabledError(): VarveError {
  return new VarveError('ABORTED', 'manual compactions are disabled (enableManualCompaction)')
}
