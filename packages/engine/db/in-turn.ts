/**
 * Changes that write an OPTIONS file, one at a time: column families made and dropped, options changed. Each file says
 * what the whole database is like, and two callers who ask for the same new family must get the same.
 */
import type { Engine } from './engine.ts'

/** Runs `change` when those asked for before it have ended, well or not. Throws unless the database can be written. */
export function inTurn<Result>(engine: Engine, change: () => Promise<Result>): Promise<Result> {
  engine.refuseUnlessOpen()
  const run = () => {
    engine.refuseUnlessWritable()
    return change()
  }
  // How the change before it ended is that caller's affair.
  const result = engine.familyChanges.then(run, run)
  engine.familyChanges = result
  return result
}
