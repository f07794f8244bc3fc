import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ByteWriter } from '@varve/format/bytes'
import { type ErrorCode, isVarveError } from '@varve/format/errors'
import { encodeVersionEdit, type NewFile, type VersionEdit } from '@varve/format/manifest'
import { LogFramer } from '@varve/format/wal'
import { fileRecord } from '../compaction/fake-files.test-support.ts'
import { createDatabase, newIdentity } from './create-database.ts'
import { FailingFileSystem } from './failing-file-system.test-support.ts'
import { readManifestRecords } from './manifest-records.ts'
import type { ManifestEvidence } from './manifest-writer.ts'
import { VersionSet } from './version-set.ts'

let directory: string
let fs: FailingFileSystem

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-version-'))
  fs = new FailingFileSystem()
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

function recover(evidence?: ManifestEvidence, maxManifestFileSize = 1 << 30): Promise<VersionSet> {
  return VersionSet.recover({ fs, directory, maxManifestFileSize, levelCountOf: () => 7 }, evidence)
}

async function fresh(maxManifestFileSize?: number): Promise<VersionSet> {
  await createDatabase(fs, directory, newIdentity(new Uint8Array(16).fill(7)))
  const versions = await recover(undefined, maxManifestFileSize)
  await versions.logAndApply([])
  versions.lastSequence = 1_000_000
  return versions
}

/** A table of its own number and keys. */
function newFile(
  versions: VersionSet,
  smallest: string,
  largest: string,
  more: Partial<NewFile> = {},
): NewFile {
  const number = versions.newFileNumber()
  return { ...fileRecord(number, smallest, largest), ...more }
}

function currentManifest(): string {
  return readFileSync(join(directory, 'CURRENT'), 'utf8').trim()
}

/** The edits of the MANIFEST in force. */
function edits(): VersionEdit[] {
  return readManifestRecords(readFileSync(join(directory, currentManifest())), 'm').edits
}

/** A database whose MANIFEST has exactly these edits. */
function handMade(...manifest: VersionEdit[]): void {
  const out = new ByteWriter()
  const framer = new LogFramer()
  for (const edit of manifest) framer.frame(out, encodeVersionEdit(edit))
  writeFileSync(join(directory, 'MANIFEST-000005'), out.view())
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000005\n')
}

const counters = { logNumber: 4, nextFileNumber: 1000, lastSequence: 1_000_000 }

const failsWith = (code: ErrorCode, what: RegExp) => (error: unknown) =>
  isVarveError(error, code) && what.test(error.message)

function levelsOf(versions: VersionSet): number[][] {
  return versions.defaultFamily.current.levels.map(files => files.map(file => file.number))
}

describe('a new database', () => {
  test('has the files that RocksDB makes, and opens empty', async () => {
    await createDatabase(fs, directory, newIdentity(new Uint8Array(16).fill(7)))
    assert.deepEqual(readdirSync(directory).sort(), ['CURRENT', 'IDENTITY', 'MANIFEST-000001'])
    assert.equal(readFileSync(join(directory, 'IDENTITY'), 'utf8'), '07070707-0707-4707-8707-070707070707')
    const versions = await recover()
    assert.deepEqual([versions.lastSequence, versions.defaultFamily.current.fileCount], [0, 0])
    assert.equal(versions.databaseId, '07070707-0707-4707-8707-070707070707')
  })

  test('is not made over the remains of another', async () => {
    writeFileSync(join(directory, '000017.sst'), 'x')
    await assert.rejects(
      createDatabase(fs, directory, 'id'),
      failsWith('CORRUPTION', /000017\.sst but no CURRENT/),
    )
    assert.deepEqual(readdirSync(directory), ['000017.sst'])
  })

  test('every file is synced before its name is relied on', async () => {
    await createDatabase(fs, directory, 'id')
    assert.deepEqual(fs.counts, { write: 3, sync: 3, rename: 2, syncDirectory: 3 })
  })

  test('is found by nobody without a CURRENT', async () => {
    await assert.rejects(recover(), failsWith('NOT_FOUND', /holds no database/))
  })
})

describe('what was applied is there after recovery', () => {
  test('files, levels, counters and every field of a file', async () => {
    const versions = await fresh()
    const rich = newFile(versions, 'a', 'c', {
      level: 2,
      oldestAncestorTime: 1_700_000_000,
      fileCreationTime: 1_700_000_001,
      fileChecksum: Uint8Array.of(1, 2, 3, 4),
      fileChecksumName: 'FileChecksumCrc32c',
      temperature: 4,
      uniqueId: new Uint8Array(16).fill(9),
      epochNumber: 7,
      tailSize: 77,
    })
    const other = newFile(versions, 'd', 'e', { level: 2 })
    const level0 = newFile(versions, 'a', 'z', { level: 0, epochNumber: 8 })
    await versions.logAndApply([{ newFiles: [other, rich, level0], logNumber: 12, minLogNumberToKeep: 12 }])
    const nextFileNumber = versions.nextFileNumber
    await versions.close()

    const again = await recover()
    assert.deepEqual(levelsOf(again).slice(0, 3), [[level0.number], [], [rich.number, other.number]])
    assert.deepEqual(again.defaultFamily.current.levels[2][0].record, rich)
    assert.deepEqual([again.lastSequence, again.minLogNumberToKeep], [1_000_000, 12])
    assert.equal(again.defaultFamily.logNumber, 12)
    assert.ok(again.nextFileNumber >= nextFileNumber)
    await again.logAndApply([])
    await again.close()

    const third = await recover()
    assert.deepEqual(
      third.defaultFamily.current.levels[2][0].record,
      rich,
      'nothing is lost in a new MANIFEST',
    )
  })

  test('the next file number on disk is above every file that is live', async () => {
    const versions = await fresh()
    versions.reserveFileNumbers(50)
    const file = newFile(versions, 'a', 'b')
    await versions.logAndApply([{ newFiles: [file] }])
    const last = edits().at(-1)
    assert.ok((last?.nextFileNumber ?? 0) > file.number)
    await assert.rejects(
      versions.logAndApply([{ newFiles: [fileRecord(versions.nextFileNumber, 'x', 'y')] }]),
      failsWith('INVALID_ARGUMENT', /ahead of the database's counters/),
    )
    await versions.close()
  })

  test('files that come without epochs are given them in order', async () => {
    const versions = await fresh()
    const older = newFile(versions, 'a', 'z', { level: 0, epochNumber: undefined })
    await versions.logAndApply([{ newFiles: [older] }])
    const newer = newFile(versions, 'a', 'z', { level: 0, epochNumber: undefined })
    await versions.logAndApply([{ newFiles: [newer] }])
    assert.deepEqual(levelsOf(versions)[0], [newer.number, older.number])
    await versions.close()
    assert.deepEqual(levelsOf(await recover())[0], [newer.number, older.number])
  })

  test('column families come, keep their own files, and go', async () => {
    const versions = await fresh()
    const users = await versions.createColumnFamily('users', 4)
    const gone = await versions.createColumnFamily('gone', 4)
    const file = newFile(versions, 'a', 'b')
    await versions.logAndApply([{ columnFamily: users.id, newFiles: [file] }])
    await versions.dropColumnFamily(gone.id)
    await assert.rejects(versions.createColumnFamily('users', 4), failsWith('ALREADY_EXISTS', /users/))
    await assert.rejects(
      versions.logAndApply([{ columnFamily: gone.id, logNumber: 9 }]),
      failsWith('ABORTED', /dropped/),
    )
    await versions.close()

    for (let round = 0; round < 2; round++) {
      const again = await recover()
      assert.deepEqual(
        [...again.columnFamilies.values()].map(({ name }) => name),
        ['default', 'users'],
      )
      assert.deepEqual(
        again.family('users')?.current.levels[1].map(({ number }) => number),
        [file.number],
      )
      const fourth = await again.createColumnFamily(`more${round}`, 4)
      assert.ok(fourth.id > gone.id, 'an id is never used again')
      await again.dropColumnFamily(fourth.id)
      await again.close()
    }
  })

  test('WALs noted to exist are remembered until they are deleted', async () => {
    const versions = await fresh()
    await versions.logAndApply([
      { walAdditions: [{ number: 4 }, { number: 6, syncedSize: 600 }, { number: 8 }] },
    ])
    await versions.logAndApply([{ walDeletion: 6 }, { walAdditions: [{ number: 8, syncedSize: 80 }] }])
    await versions.close()
    const again = await recover()
    assert.deepEqual(
      [...again.trackedWals],
      [
        [6, 600],
        [8, 80],
      ],
    )
    await again.logAndApply([])
    await again.close()
    assert.deepEqual(
      [...(await recover()).trackedWals],
      [
        [6, 600],
        [8, 80],
      ],
    )
  })
})

describe('edits are written together and checked one by one', () => {
  test('those that wait share one write and one sync', async () => {
    const versions = await fresh()
    const before = { ...fs.counts }
    const files = Array.from({ length: 20 }, (_, i) => newFile(versions, `a${i + 100}`, `a${i + 100}z`))
    await Promise.all(files.map(file => versions.logAndApply([{ newFiles: [file] }])))
    assert.equal(versions.defaultFamily.current.levels[1].length, 20)
    assert.ok(fs.counts.sync - before.sync <= 2)
    assert.ok(fs.counts.write - before.write <= 2)
    await versions.close()
    assert.equal((await recover()).defaultFamily.current.levels[1].length, 20)
  })

  test('one that does not fit is refused alone, and nothing of it is written', async () => {
    const versions = await fresh()
    const good = newFile(versions, 'a', 'b')
    const clash = newFile(versions, 'b', 'c')
    const outcomes = await Promise.allSettled([
      versions.logAndApply([{ newFiles: [good] }]),
      versions.logAndApply([{ logNumber: 99 }, { newFiles: [clash] }]),
      versions.logAndApply([{ newFiles: [newFile(versions, 'x', 'y')] }]),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(versions.defaultFamily.logNumber, 0)
    assert.equal(versions.poisoned, undefined)
    await versions.close()
    assert.equal((await recover()).defaultFamily.current.levels[1].length, 2)
  })

  test('atomic edits count down', async () => {
    const versions = await fresh()
    await versions.logAndApply([{ logNumber: 5 }, { logNumber: 6 }, { logNumber: 7 }], true)
    assert.deepEqual(
      edits()
        .slice(-3)
        .map(edit => edit.remainingInGroup),
      [2, 1, 0],
    )
    await versions.close()
  })

  test('a MANIFEST that has grown too large is followed by a new one', async () => {
    const versions = await fresh(2000)
    const seen = new Set<string>()
    for (let i = 0; i < 60; i++) {
      await versions.logAndApply([{ newFiles: [newFile(versions, `k${i + 100}`, `k${i + 100}z`)] }])
      seen.add(currentManifest())
    }
    assert.ok(seen.size > 1)
    const obsolete = versions.takeObsoleteManifests()
    assert.ok(seen.size < 12, 'one that begins large may grow')
    assert.equal(obsolete.length, seen.size, 'all but the last, and the one that the database was made with')
    await versions.close()
    assert.equal((await recover()).defaultFamily.current.levels[1].length, 60)
  })
})

describe('a failed write poisons the MANIFEST', () => {
  for (const operation of ['write', 'sync'] as const) {
    test(`after a failed ${operation} nothing changes until it is resumed`, async () => {
      const versions = await fresh()
      const first = newFile(versions, 'a', 'b')
      await versions.logAndApply([{ newFiles: [first] }])
      const poisonedManifest = currentManifest()
      const old = newFile(versions, 'e', 'f')
      await versions.logAndApply([{ newFiles: [old] }])
      const reader = versions.defaultFamily.current.ref()
      await versions.logAndApply([{ deletedFiles: [{ level: old.level, number: old.number }] }])
      const second = newFile(versions, 'c', 'd')
      fs.failNext(operation, /MANIFEST/)
      await assert.rejects(
        versions.logAndApply([{ newFiles: [second] }]),
        failsWith('IO_ERROR', /until it is resumed/),
      )
      assert.deepEqual(levelsOf(versions)[1], [first.number])
      const size = readFileSync(join(directory, poisonedManifest)).length

      await assert.rejects(
        versions.logAndApply([{ logNumber: 9 }]),
        failsWith('IO_ERROR', /until it is resumed/),
      )
      assert.equal(readFileSync(join(directory, poisonedManifest)).length, size, 'it is not written again')
      reader.unref()
      assert.deepEqual(versions.takeObsoleteFiles(), [], 'not while either MANIFEST may hold')

      await versions.resume()
      assert.deepEqual(
        versions.takeObsoleteFiles().map(({ number }) => number),
        [old.number],
      )
      assert.notEqual(currentManifest(), poisonedManifest)
      await versions.logAndApply([{ newFiles: [second] }])
      await versions.close()
      assert.deepEqual(levelsOf(await recover())[1], [first.number, second.number])
    })
  }

  for (const operation of ['rename', 'syncDirectory'] as const) {
    test(`a failed ${operation} while a new one is put in force leaves a database that opens`, async () => {
      const versions = await fresh()
      await versions.logAndApply([{ newFiles: [newFile(versions, 'a', 'b')] }])
      await versions.close()
      const again = await recover()
      fs.failNext(operation, /./)
      await assert.rejects(again.logAndApply([{ logNumber: 9 }]), failsWith('IO_ERROR', /resumed/))
      assert.deepEqual(again.takeObsoleteManifests(), [], 'either may be in force')
      assert.equal((await recover()).defaultFamily.current.fileCount, 1)
      await again.resume()
      assert.equal(again.takeObsoleteManifests().length, 2)
      await again.close()
      assert.equal((await recover()).defaultFamily.current.fileCount, 1)
    })
  }
})

describe('files become obsolete when nobody can read them', () => {
  test('not while an older version is held, and once only', async () => {
    const versions = await fresh()
    const [a, b] = [newFile(versions, 'a', 'b'), newFile(versions, 'c', 'd')]
    await versions.logAndApply([{ newFiles: [a] }])
    const before = versions.defaultFamily.current.ref()
    await versions.logAndApply([{ newFiles: [b] }])
    const between = versions.defaultFamily.current.ref()
    const deletedFiles = [a, b].map(({ level, number }) => ({ level, number }))
    await versions.logAndApply([{ deletedFiles }])
    const numbers = () => versions.takeObsoleteFiles().map(({ number }) => number)
    assert.deepEqual(numbers(), [])
    assert.deepEqual([...versions.liveFileNumbers()].sort(), [a.number, b.number].sort())
    between.unref()
    assert.deepEqual(numbers(), [b.number], 'the older version holds only the first')
    before.unref()
    assert.deepEqual(numbers(), [a.number])
    assert.deepEqual(numbers(), [])
    assert.equal(versions.defaultFamily.liveVersionCount, 1)
    await versions.close()
  })

  test('those of a dropped family when its last reader has gone', async () => {
    const versions = await fresh()
    const family = await versions.createColumnFamily('f', 4)
    const file = newFile(versions, 'a', 'b')
    await versions.logAndApply([{ columnFamily: family.id, newFiles: [file] }])
    const reading = family.current.ref()
    await versions.dropColumnFamily(family.id)
    assert.deepEqual(versions.takeObsoleteFiles(), [])
    assert.ok(versions.liveFileNumbers().has(file.number))
    reading.unref()
    assert.deepEqual(
      versions.takeObsoleteFiles().map(({ number }) => number),
      [file.number],
    )
    await versions.close()
  })

  test('a moved file is never obsolete', async () => {
    const versions = await fresh()
    const file = newFile(versions, 'a', 'b')
    await versions.logAndApply([{ newFiles: [file] }])
    const meta = versions.defaultFamily.current.levels[1][0]
    await versions.logAndApply([
      { deletedFiles: [{ level: 1, number: file.number }], newFiles: [{ ...file, level: 5 }] },
    ])
    assert.deepEqual([meta.level, versions.defaultFamily.current.levels[5][0]], [5, meta])
    assert.deepEqual(versions.takeObsoleteFiles(), [])
    await versions.close()
    assert.deepEqual(levelsOf(await recover())[5], [file.number])
  })
})

describe('a MANIFEST that cannot be trusted is refused', () => {
  const file = (number: number, smallest: string, largest: string, more: Partial<NewFile> = {}) =>
    fileRecord(number, smallest, largest, more)

  const cases: [string, ErrorCode, RegExp, VersionEdit[]][] = [
    [
      'overlapping files',
      'CORRUPTION',
      /#10 and #11 of level 1 overlap/,
      [{ newFiles: [file(10, 'a', 'c'), file(11, 'b', 'd')] }],
    ],
    [
      'a level that does not exist',
      'INVALID_ARGUMENT',
      /#10 is in level 7/,
      [{ newFiles: [file(10, 'a', 'c', { level: 7 })] }],
    ],
    ['a deletion of nothing', 'CORRUPTION', /#10/, [{ deletedFiles: [{ level: 1, number: 10 }] }]],
    [
      'a file added twice',
      'CORRUPTION',
      /#10/,
      [{ newFiles: [file(10, 'a', 'c')] }, { newFiles: [file(10, 'x', 'y')] }],
    ],
    [
      'sequences from the future',
      'CORRUPTION',
      /#10 .*2000000/,
      [{ newFiles: [file(10, 'a', 'c', { largestSequence: 2_000_000 })] }],
    ],
    ['an edit of no family', 'CORRUPTION', /column family 3/, [{ columnFamily: 3, logNumber: 9 }]],
    [
      'a family added twice',
      'CORRUPTION',
      /column family 2 is added twice/,
      [
        { columnFamily: 1, columnFamilyAdd: 'x' },
        { columnFamily: 2, columnFamilyAdd: 'x' },
      ],
    ],
    [
      'files of one epoch that overlap',
      'CORRUPTION',
      /#11 and #10 of level 0 overlap and have the same epoch 5/,
      [
        {
          newFiles: [
            file(10, 'a', 'c', { level: 0, epochNumber: 5 }),
            file(11, 'b', 'd', { level: 0, epochNumber: 5 }),
          ],
        },
      ],
    ],
    [
      'level 0 files without an order',
      'CORRUPTION',
      /#11 .*#10 .*have no order/,
      [
        {
          newFiles: [
            { ...file(10, 'a', 'c', { level: 0, smallestSequence: 2, largestSequence: 4 }), epochNumber: 0 },
            { ...file(11, 'b', 'd', { level: 0, smallestSequence: 1, largestSequence: 5 }), epochNumber: 0 },
          ],
        },
      ],
    ],
    [
      'another comparator',
      'NOT_SUPPORTED',
      /rocksdb\.ReverseBytewiseComparator of column family 'default'/,
      [{ comparator: 'rocksdb.ReverseBytewiseComparator' }],
    ],
    [
      'a table that refers to a blob file which is not there',
      'CORRUPTION',
      /table file #10 refers to blob file #12, which does not exist/,
      [
        {
          blobAdditions: [
            {
              number: 13,
              totalCount: 1,
              totalBytes: 10,
              checksumMethod: '',
              checksumValue: new Uint8Array(),
            },
          ],
          newFiles: [file(9, 'd', 'e', { oldestBlobFileNumber: 13 })],
        },
        { newFiles: [file(10, 'a', 'c', { oldestBlobFileNumber: 12 })] },
      ],
    ],
    [
      'a table that refers to a blob file of which the MANIFEST knows nothing at all',
      'NOT_SUPPORTED',
      /blob file #12.*stacked BlobDB/,
      [{ newFiles: [file(10, 'a', 'c', { oldestBlobFileNumber: 12 })] }],
    ],
  ]
  for (const [name, code, what, manifest] of cases) {
    test(name, async () => {
      handMade(counters, ...manifest)
      await assert.rejects(recover(), failsWith(code, what))
    })
  }

  test('logs newer than a MANIFEST of ours are ours; by one of C++ RocksDB that is not known', async () => {
    handMade(counters)
    assert.equal((await recover()).isTrackedLog(1000), false)
    handMade(counters, { walAdditions: [{ number: 7, syncedSize: 10 }, { number: 8 }] })
    const foreign = await recover()
    assert.deepEqual(
      [7, 8].map(log => foreign.isTrackedLog(log)),
      [true, false],
    )
    await foreign.logAndApply([])
    await foreign.close()
    const own = await recover()
    const manifest = own.recovered.manifestNumber
    assert.deepEqual(
      [manifest - 1, manifest + 1].map(log => own.isTrackedLog(log)),
      [false, true],
    )
  })

  test('counters that are missing', async () => {
    for (const name of ['logNumber', 'nextFileNumber', 'lastSequence'] as const) {
      handMade({ ...counters, [name]: undefined })
      await assert.rejects(recover(), failsWith('CORRUPTION', /there is no/))
    }
  })

  test('a MANIFEST that is missing', async () => {
    writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000005\n')
    await assert.rejects(recover(), failsWith('CORRUPTION', /does not exist/))
  })

  test('one that is shorter than what a log knows to have been synced', async () => {
    const versions = await fresh()
    await versions.logAndApply([{ newFiles: [newFile(versions, 'a', 'b')] }])
    const evidence = versions.manifest
    await versions.close()
    await recover(evidence)
    const path = join(directory, currentManifest())
    writeFileSync(path, readFileSync(path).subarray(0, -5))
    await assert.rejects(recover(evidence), failsWith('CORRUPTION', /had been synced/))
    const lenient = await recover()
    assert.throws(() => lenient.checkEvidence(evidence), failsWith('CORRUPTION', /had been synced/))
    const older = { ...evidence, manifestNumber: evidence.manifestNumber - 1 }
    lenient.checkEvidence(older)
    const newer = { ...evidence, manifestNumber: evidence.manifestNumber + 1 }
    assert.throws(() => lenient.checkEvidence(newer), failsWith('CORRUPTION', /had been in force/))
    await assert.rejects(recover(newer), failsWith('CORRUPTION', /had been in force/))
  })
})

test('epochs that are missing are inferred: deeper is older, and level 0 goes by sequence', async () => {
  const bare = (number: number, level: number) => ({
    ...fileRecord(number, 'a', 'z', { level }),
    epochNumber: undefined,
  })
  handMade({ ...counters, newFiles: [bare(30, 0), bare(31, 0), bare(20, 2), bare(10, 6)] })
  const versions = await recover()
  const epochs = [...versions.defaultFamily.current.files()].map(({ number, epochNumber }) => [
    number,
    epochNumber,
  ])
  assert.deepEqual(epochs, [
    [31, 4],
    [30, 3],
    [20, 2],
    [10, 1],
  ])
  assert.equal(versions.defaultFamily.newEpochNumber(), 5)
  await versions.logAndApply([])
  await versions.close()
  const written = edits()
    .flatMap(edit => edit.newFiles ?? [])
    .map(({ number, epochNumber }) => [number, epochNumber])
  assert.deepEqual(written, epochs)
})
