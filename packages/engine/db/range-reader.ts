/**
 * A reader of one range at one moment: it holds the superversion that it reads, so that no file goes away under
 * it, and is known to the database, which closes it when it closes itself.
 */
import { VarveError } from '@varve/format/errors'
import type { RowCursor } from '../cursor/row-cursor.ts'
import type { ReadEngine } from './read-path.ts'
import type { SuperVersion } from './super-version.ts'

export class RangeReader {
  readonly visible: RowCursor
  readonly engine: ReadEngine
  private state: SuperVersion | undefined

  constructor(engine: ReadEngine, state: SuperVersion, visible: RowCursor) {
    this.engine = engine
    this.state = state.ref()
    this.visible = visible
    engine.openReaders.add(this)
  }

  get isOpen(): boolean {
    return this.state !== undefined
  }

  refuseIfClosed(): void {
    if (this.state !== undefined) return
    throw new VarveError('NOT_OPEN', 'the cursor is closed, or the database that it reads')
  }

  /** The first call closes; later ones do nothing. */
  close(): void {
    const { state } = this
    if (state === undefined) return
    this.state = undefined
    this.visible.release()
    this.engine.openReaders.delete(this)
    state.unref()
  }
}
