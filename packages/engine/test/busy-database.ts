/**
 * The life of a database that has been through whatever writes a MANIFEST: families, synced logs, log switches,
 * flushes, a compaction, MANIFESTs begun while writers go on, a kill, clean closes, reopenings.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { TestContext } from 'node:test'
import { parseFileName } from '@varve/format/names'
import type { OpenOptions } from '../index.ts'
import { NodeFileSystem, type OpenMode } from '../internal.ts'
import { freshPath, killedCopy, numberedRows, openFor, putAll, worldWith } from './support.ts'

/** Keeps what the MANIFESTs that are removed held, and lets something happen while one is being made. */
export class ManifestKeeper extends NodeFileSystem {
  readonly removed: Uint8Array[] = []
  meanwhile: () => Promise<void> = () => Promise.resolve()

  override async open(path: string, mode: OpenMode) {
    const file = await super.open(path, mode)
    if (mode === 'create' && isManifest(path)) await this.meanwhile()
    return file
  }

  override async unlink(path: string): Promise<void> {
    if (isManifest(path)) this.removed.push(readFileSync(path))
    await super.unlink(path)
  }
}

function isManifest(path: string): boolean {
  return parseFileName(basename(path))?.kind === 'manifest'
}

const options: OpenOptions = {
  columnFamilies: { other: {} },
  maxManifestFileSize: 1024,
  disableAutoCompactions: true,
}

/** Calls `atRest` with a directory that nobody has open: as a kill left it, and after each clean close. */
export async function liveThroughAll(
  t: TestContext,
  fs: ManifestKeeper,
  atRest: (path: string) => Promise<void> | void,
): Promise<void> {
  const path = freshPath(t)
  await synced(t, path, fs, atRest)
  await atRest(path)
  const full = await openFor(t, path, { ...options, writeBufferSize: 65536 }, worldWith({}, fs))
  await putAll(full, numberedRows(200, 'x'.repeat(1000)))
  await full.close()
  await atRest(path)
  const again = await openFor(t, path, options, worldWith({}, fs))
  await again.close()
  await atRest(path)
}

/** Every write synced; each flush of a family switches the log, which the other family goes on to need. */
async function synced(
  t: TestContext,
  path: string,
  fs: ManifestKeeper,
  atRest: (path: string) => Promise<void> | void,
): Promise<void> {
  const db = await openFor(t, path, { ...options, walSync: 'always' }, worldWith({}, fs))
  let meanwhile = 0
  fs.meanwhile = () => db.put(`meanwhile ${meanwhile++}`, 'value')
  for (let round = 0; round < 10; round++) {
    for (const columnFamily of ['default', 'other'])
      await putAll(db, numberedRows(3, `round ${round}`), columnFamily)
    await db.flush({ columnFamily: round % 3 === 0 ? 'other' : 'default' })
  }
  await db.compact()
  fs.meanwhile = () => Promise.resolve()
  await db.put('last', 'in the log')
  await atRest(killedCopy(t, path))
  await db.close()
}
