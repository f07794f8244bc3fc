/** Opening tables before readers meet them: a reader never waits for the index of a table that was just written. */
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

/**
 * Opens the tables of the newest version that are not open, and takes in what their properties say. With
 * `maxOpenFiles` set, only as many as may stay open; the others are opened when somebody reads them.
 */
export async function openNewTables(engine: Engine, family: Family): Promise<void> {
  const { maxOpenFiles } = engine.options.db
  const unopened = [...family.state.current.files()].filter(file => file.table === undefined)
  await engine.tables.openAll(maxOpenFiles < 0 ? unopened : unopened.slice(0, maxOpenFiles))
  family.state.refreshStatistics()
}
