/** What is done to the indexes of an open view: waiting for them, building them anew, dropping them. */
import { type BuildOptions, startBuild } from './index-build.ts'
import { emptyIndex, indexFamilyName } from './index-families.ts'
import type { IndexedRows } from './indexed-rows.ts'
import type { IndexProgress, IndexState, ViewIndex } from './view-index.ts'

export interface IndexStatus {
  name: string
  state: IndexState
  progress: IndexProgress
  /** What stopped the build. */
  error: unknown
}

export function indexStatuses({ indexes }: IndexedRows): IndexStatus[] {
  return indexes.map(({ name, state, progress, error }) => ({
    name,
    state,
    progress: { ...progress },
    error,
  }))
}

/** Waits until an index, or all of them, is ready. */
export async function finishIndexes(rows: IndexedRows, name?: string, options?: BuildOptions): Promise<void> {
  rows.refuseUnlessOpen()
  const wanted = name === undefined ? rows.indexes : [rows.indexNamed(name)]
  await Promise.all(wanted.map(index => finishIndex(rows, index, options)))
}

async function finishIndex(rows: IndexedRows, index: ViewIndex, options: BuildOptions = {}): Promise<void> {
  if (index.state === 'stopped') await startBuild(rows, index, options)
  return index.build
}

export async function rebuildIndex(
  rows: IndexedRows,
  name: string,
  options: BuildOptions = {},
): Promise<void> {
  rows.refuseUnlessOpen()
  const index = rows.indexNamed(name)
  if (index.state === 'dropped') index.refuseUnlessReady(rows.name)
  await rows.queue.runAlone(async () => {
    await emptyIndex(rows, index)
    index.state = 'stopped'
  })
  return finishIndex(rows, index, options)
}

export async function dropIndex(rows: IndexedRows, name: string): Promise<void> {
  rows.refuseUnlessOpen()
  await rows.queue.runAlone(async () => {
    const index = rows.indexes.find(candidate => candidate.name === name)
    if (index !== undefined) rows.noteDropped(index)
    await rows.database.dropColumnFamily(index?.family.name ?? indexFamilyName(rows.name, name))
  })
}
