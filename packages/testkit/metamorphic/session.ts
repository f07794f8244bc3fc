/**
 * One playing of a history: the open database, and the snapshots, cursors and iterations that steps hold by number.
 * A step that means something that is not held does nothing, so any part of a history can be played.
 */
import { isVarveError } from 'varve'
import type { Row } from '../model/sorted-model.ts'
import { inShort, type Show, showError } from './show.ts'
import type { Moment, Store, StoreCursor } from './store.ts'
import type { World } from './world.ts'

/** What a step says that had nothing to do. */
export const NOTHING_TO_DO = '-'

/** What may become of work in the background when its family or the database goes away. */
const interrupted = ['NOT_FOUND', 'ABORTED', 'NOT_OPEN'] as const

export class Session {
  readonly world: World
  readonly show: Show
  readonly snapshots: Map<number, Moment> = new Map()
  readonly cursors: Map<number, StoreCursor> = new Map()
  readonly iterations: Map<number, AsyncIterableIterator<Row>> = new Map()
  /** Writes are in memory only, which a kill would take. */
  hasUnlogged = false
  private opened: Store | undefined
  private background: Promise<void>[] = []

  constructor(world: World, show: Show = inShort) {
    this.world = world
    this.show = show
  }

  get store(): Store {
    if (this.opened === undefined) throw new Error('the database is not open')
    return this.opened
  }

  async open(readOnly = false): Promise<void> {
    this.opened = await this.world.open(readOnly)
  }

  /** Lets work go on while the next steps are played. It must end well, or because what it works on is gone. */
  later(work: Promise<unknown>): void {
    const ended = work.then(
      () => undefined,
      error => {
        if (!interrupted.some(code => isVarveError(error, code))) throw error
      },
    )
    // It is waited for later; until then nobody listens.
    ended.catch(() => undefined)
    this.background.push(ended)
  }

  async waitForBackground(): Promise<void> {
    await Promise.all(this.background.splice(0))
  }

  /** Closes in order. Cursors are left to the database to close: the line says what they then answer. */
  async close(): Promise<string> {
    await this.leave(this.world.losesUnloggedAtClose)
    const { store } = this
    await this.world.close()
    await this.waitForBackground()
    const afterwards = [...this.cursors.values()].map(cursor => attempt(() => cursor.first()))
    this.cursors.clear()
    return [attempt(() => store.getSync('a')), ...afterwards].join(', ')
  }

  async kill(): Promise<void> {
    await this.leave(true)
    await this.world.kill()
    await this.forget()
  }

  async losePower(): Promise<void> {
    await this.leave(true)
    await this.world.losePower()
    await this.forget()
  }

  /** Nothing may be lost, whatever the options: what is in no log is flushed first. */
  private async leave(isLossy: boolean): Promise<void> {
    for (const snapshot of this.snapshots.values()) snapshot.close()
    for (const iteration of this.iterations.values()) await iteration.return?.()
    this.snapshots.clear()
    this.iterations.clear()
    if (isLossy && this.hasUnlogged) await this.store.flush()
    this.hasUnlogged = false
  }

  /** What the process held is gone with it. How its work ended is nobody's business any more. */
  private async forget(): Promise<void> {
    this.cursors.clear()
    await Promise.allSettled(this.background.splice(0))
  }
}

function attempt(call: () => unknown): string {
  try {
    return String(call())
  } catch (error) {
    return showError(error)
  }
}
