/**
 * A database put together from nothing but the version set and the jobs, judged by C++ RocksDB; and one that
 * C++ has gone on with, taken back.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { ValueType } from '@varve/format/key'
import { manifestName, tableName } from '@varve/format/names'
import { NodeFileSystem } from '../fs/index.ts'
import { Memtable } from '../memtable/index.ts'
import { resolveOptions } from '../options/index.ts'
import { createDatabase, newIdentity, VersionSet } from '../version/index.ts'
import { runCompactionJob } from './compaction-job.ts'
import { runFlushJob } from './flush-job.ts'
import { LeveledPicker } from './leveled-picker.ts'
import { ManualCompaction } from './manual-compaction.ts'
import { tableBuilderOptions } from './table-options.ts'

const options = {
  ...resolveOptions().columnFamily,
  targetFileSizeBase: 20_000,
  maxBytesForLevelBase: 40_000,
  maxBytesForLevelMultiplier: 4,
}

/** Writes batches of keys straight to tables, and compacts as the picker says. */
class Writer {
  readonly rows = new Map<string, string>()
  readonly picker: LeveledPicker
  private readonly fs: NodeFileSystem
  private readonly directory: string
  private readonly versions: VersionSet
  private readonly table

  constructor(fs: NodeFileSystem, directory: string, versions: VersionSet) {
    this.fs = fs
    this.directory = directory
    this.versions = versions
    this.picker = new LeveledPicker(versions.defaultFamily, options)
    const origin = {
      columnFamilyId: 0,
      columnFamilyName: 'default',
      mergeOperator: 'nullptr',
      valueStamp: '',
      dbId: versions.databaseId ?? '',
      dbSessionId: 'ABCDEFGHIJKLMNOPQRST',
    }
    this.table = tableBuilderOptions(options, { level: -1, compression: 'lz4', isLastLevel: false }, origin)
  }

  async flush(count: number, round: number): Promise<void> {
    const { versions } = this
    const memtable = new Memtable(1, 1 << 22)
    for (let i = 0; i < count; i++) {
      const key = encodeUtf8(`key${String((i * 7919 + round * 104_729) % 3000).padStart(5, '0')}`)
      const value = encodeUtf8(i % 9 === 0 ? '' : `value-${round}-${i}`)
      const type = i % 9 === 0 ? ValueType.Deletion : ValueType.Value
      memtable.add(++versions.lastSequence, type, key, 0, key.length, value, 0, value.length)
      if (type === ValueType.Value) this.rows.set(String(Buffer.from(key)), String(Buffer.from(value)))
      else this.rows.delete(String(Buffer.from(key)))
    }
    const { file } = runFlushJob(
      {
        kind: 'flush',
        memtables: [memtable.descriptor()],
        snapshots: [],
        output: {
          ...this.context(),
          level: 0,
          epochNumber: versions.defaultFamily.newEpochNumber(),
          oldestAncestorTime: 1,
        },
        fileNumber: versions.newFileNumber(),
      },
      this.fs,
    )
    assert.ok(file !== undefined)
    await versions.logAndApply([{ newFiles: [file.record] }])
  }

  async compactPicked(): Promise<void> {
    for (let next = this.picker.pick(); next !== undefined; next = this.picker.pick()) await this.run(next)
  }

  async compactAll(): Promise<void> {
    const { versions } = this
    const range = { rewriteBottommost: true }
    const manual = new ManualCompaction(this.picker, versions.defaultFamily, range, versions.nextFileNumber)
    for (let step = manual.next(); step !== 'done'; step = manual.next()) {
      assert.notEqual(step, 'blocked')
      if (step !== 'blocked') await this.run(step)
    }
  }

  private async run(compaction: NonNullable<ReturnType<LeveledPicker['pick']>>): Promise<void> {
    const count = compaction.fileNumberCount(1)
    const fileNumbers = { first: this.versions.reserveFileNumbers(count), count }
    const job = compaction.toJob({ ...this.context(), snapshots: [], fileNumbers })
    const edit = compaction.trivialMove
      ? compaction.moveEdit()
      : compaction.edit(runCompactionJob(job, this.fs).files)
    await this.versions.logAndApply([edit])
    compaction.release()
    this.removeObsolete()
  }

  removeObsolete(): void {
    for (const { number } of this.versions.takeObsoleteFiles())
      unlinkSync(join(this.directory, tableName(number)))
    for (const number of this.versions.takeObsoleteManifests())
      unlinkSync(join(this.directory, manifestName(number)))
  }

  private context() {
    const { directory, table } = this
    return { directory, table, fileCreationTime: 1_700_000_000, paranoidFileChecks: true }
  }
}

/** Runs `ldb`; what it says on stderr, or an exit status, fails. */
function ldb(directory: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('ldb', [`--db=${directory}`, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  assert.equal(status, 0, stderr)
  return stdout
}

function scanned(directory: string): Map<string, string> {
  const lines = ldb(directory, 'scan')
    .split('\n')
    .filter(line => line.includes(' : '))
  return new Map(lines.map(line => line.split(' : ') as [string, string]))
}

function sorted(rows: ReadonlyMap<string, string>): [string, string][] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The oracle is not there: say so, and do not count it as passed. */
function isInstalled(): boolean {
  if (spawnSync('ldb', ['--version']).error === undefined) return true
  console.log('not run: ldb is not installed')
  return false
}

describe('a tree in C++ RocksDB', { skip: isInstalled() ? false : 'not run: ldb is not installed' }, () => {
  for (const dynamic of [true, false]) {
    test(`is consistent and reads the same, ${dynamic ? 'dynamic' : 'static'} level sizes`, async () => {
      options.levelCompactionDynamicLevelBytes = dynamic
      const directory = mkdtempSync(join(tmpdir(), 'varve-oracle-'))
      const fs = new NodeFileSystem()
      await createDatabase(fs, directory, newIdentity(new Uint8Array(16).fill(7)))
      const settings = { fs, directory, maxManifestFileSize: 20_000, levelCountOf: () => 7 }
      let versions = await VersionSet.recover(settings)
      let writer = new Writer(fs, directory, versions)
      for (let round = 0; round < 12; round++) {
        await writer.flush(900, round)
        if (round % 3 !== 2) await writer.compactPicked()
        if (round === 8) await writer.compactAll()
        if (round % 4 !== 3) continue
        writer.removeObsolete()
        await versions.close()

        // Reads only, then a write of C++ and its own compaction on top of ours.
        assert.match(ldb(directory, 'checkconsistency'), /OK/)
        assert.match(ldb(directory, 'manifest_dump', '--verbose'), /log_number/)
        assert.deepEqual(sorted(scanned(directory)), sorted(writer.rows))
        if (round !== 7) {
          ldb(directory, 'put', `cpp-${round}`, `from C++ ${round}`)
          writer.rows.set(`cpp-${round}`, `from C++ ${round}`)
          ldb(directory, 'compact')
        }

        versions = await VersionSet.recover(settings)
        const { rows } = writer
        writer = new Writer(fs, directory, versions)
        for (const [key, value] of rows) writer.rows.set(key, value)
      }
      await versions.close()
      rmSync(directory, { recursive: true })
    })
  }
})
