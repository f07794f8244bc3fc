/**
 * What to do at open with files that the MANIFEST does not account for. A crash leaves such files, but so does
 * a damaged MANIFEST, and then they are the only copy of somebody's data. So they are never deleted: they are
 * moved to `lost/` (D8).
 */
import { join } from 'node:path'
import type { Engine } from './engine.ts'

const LOST = 'lost'

/** Moves files of the database directory to `lost/`. A name that is taken there gets a number behind it. */
export async function quarantine(engine: Engine, names: readonly string[], reason: string): Promise<void> {
  if (names.length === 0) return
  const { fs, path } = engine
  const lost = join(path, LOST)
  await fs.makeDirectory(lost)
  const taken = new Set(await fs.list(lost))
  for (const name of names) {
    let unused = name
    for (let n = 1; taken.has(unused); n++) unused = `${name}.${n}`
    taken.add(unused)
    await fs.rename(join(path, name), join(lost, unused))
    engine.events.emit('quarantine', { file: join(path, name), movedTo: join(lost, unused), reason })
  }
  await fs.syncDirectory(lost)
  await fs.syncDirectory(path)
}

/** The names in `lost/`; numbers of files there are not given out again. */
export async function listLost(engine: Engine): Promise<string[]> {
  const lost = join(engine.path, LOST)
  const status = await engine.fs.stat(lost)
  return status?.isDirectory ? engine.fs.list(lost) : []
}
