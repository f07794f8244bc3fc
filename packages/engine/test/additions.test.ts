/** What Varve adds to a directory, and what it must not write there: docs/formats/additions.md. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ByteWriter } from '@varve/format/bytes'
import { decodeVersionEdit, encodeVersionEdit, type VersionEdit } from '@varve/format/manifest'
import { LogFramer, LogReader } from '@varve/format/wal'
import { liveThroughAll, ManifestKeeper } from './busy-database.ts'
import { fileOf, filesOf, freshPath, openFor, putAll } from './support.ts'

function editsOf(manifest: Uint8Array): VersionEdit[] {
  const edits: VersionEdit[] = []
  const reader = new LogReader(manifest, {})
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'record') throw new Error(`a MANIFEST with ${item.kind} at ${item.offset}`)
    edits.push(decodeVersionEdit(item.payload))
  }
  return edits
}

function manifestsIn(path: string): Uint8Array[] {
  return filesOf(path, /^MANIFEST-/).map(name => readFileSync(join(path, name)))
}

/** Numbers of the logs that edits say must exist: in RocksDB's record (tags 8199 and 8200), and in ours. */
function trackedIn(edits: readonly VersionEdit[]): { theirs: number[]; ours: number[] } {
  return {
    theirs: edits.flatMap(({ walAdditions = [], walDeletion = [] }) =>
      walAdditions.map(({ number }) => number).concat(walDeletion),
    ),
    ours: edits.flatMap(({ walWatermarks = [] }) => walWatermarks.map(({ number }) => number)),
  }
}

// A read-only open of RocksDB 7.8 that finds a log tracked and does not track logs itself aborts.
test('no MANIFEST of ours holds the record by which RocksDB tracks logs', async t => {
  const fs = new ManifestKeeper()
  const present: Uint8Array[] = []
  await liveThroughAll(t, fs, path => {
    present.push(...manifestsIn(path))
  })
  assert.ok(fs.removed.length >= 4, `${fs.removed.length} MANIFESTs have been followed by another`)
  const { theirs, ours } = trackedIn([...fs.removed, ...present].flatMap(editsOf))
  assert.deepEqual(theirs, [])
  assert.ok(ours.length > 3, 'logs are tracked, in a field that RocksDB skips')
})

test('a MANIFEST in which RocksDB tracks logs is followed by one in which we do', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path)
  await putAll(db, [['a', '1']])
  await db.close()
  const log = Number.parseInt(filesOf(path, /\.log$/)[0], 10)
  const manifest = fileOf(path, /^MANIFEST-/)
  const out = new ByteWriter()
  const framer = new LogFramer()
  const tracking: VersionEdit = { walAdditions: [{ number: log, syncedSize: 1 }] }
  for (const edit of [...editsOf(readFileSync(manifest)), tracking])
    framer.frame(out, encodeVersionEdit(edit))
  writeFileSync(manifest, out.view())
  await (await openFor(t, path)).close()
  const { theirs, ours } = trackedIn(manifestsIn(path).flatMap(editsOf))
  assert.deepEqual(theirs, [])
  assert.ok(ours.includes(log))
})
