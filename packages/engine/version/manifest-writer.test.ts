import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileRecord } from '../compaction/fake-files.test-support.ts'
import { NodeFileSystem, type OpenMode } from '../fs/index.ts'
import { createDatabase, newIdentity } from './create-database.ts'
import { readManifestRecords } from './manifest-records.ts'
import { VersionSet } from './version-set.ts'

/** Lets something happen while a file is being made, as it can in any wait for the file system. */
class InterruptedFileSystem extends NodeFileSystem {
  meanwhile: (path: string) => void = () => undefined

  override async open(path: string, mode: OpenMode) {
    const file = await super.open(path, mode)
    if (mode === 'create') this.meanwhile(path)
    return file
  }
}

function freshDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'varve-manifest-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** What each edit of the MANIFEST in force says of the last sequence, in the order of the file. */
function lastSequences(directory: string): number[] {
  const name = readFileSync(join(directory, 'CURRENT'), 'utf8').trim()
  const { edits } = readManifestRecords(readFileSync(join(directory, name)), name)
  return edits.flatMap(({ lastSequence }) => lastSequence ?? [])
}

// C++ RocksDB aborts where it does: the edits behind the snapshot are older than the state that they change.
test('the last sequence never goes back in a MANIFEST that begins while writers go on', async t => {
  const directory = freshDirectory(t)
  const fs = new InterruptedFileSystem()
  await createDatabase(fs, directory, newIdentity(new Uint8Array(16).fill(7)))
  const options = { fs, directory, maxManifestFileSize: 500, levelCountOf: () => 7 }
  const versions = await VersionSet.recover(options)
  versions.lastSequence = 1_000_000
  const begun: string[] = []
  fs.meanwhile = path => {
    if (!path.includes('MANIFEST')) return
    begun.push(path)
    versions.lastSequence += 10
  }
  // The first begins one, as after every recovery; others do when that has grown too large.
  for (let i = 100; i < 120; i++) {
    await versions.logAndApply([
      { newFiles: [fileRecord(versions.newFileNumber(), `k${i}`, `k${i}z`)], logNumber: i },
      { minLogNumberToKeep: i },
    ])
    const sequences = lastSequences(directory)
    assert.ok(sequences.length >= 3, 'the snapshot says it, and so does each edit behind it')
    assert.deepEqual(
      sequences,
      sequences.toSorted((a, b) => a - b),
    )
  }
  assert.ok(begun.length >= 3, `${begun.length} MANIFESTs were begun`)
  await versions.close()
  const again = await VersionSet.recover(options)
  assert.equal(again.lastSequence, lastSequences(directory).at(-1))
})
