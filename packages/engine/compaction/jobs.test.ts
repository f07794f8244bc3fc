import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { CompressionType } from '@varve/format/compress'
import { type ErrorCode, isVarveError } from '@varve/format/errors'
import { bytewise, sequenceOfTrailer, ValueType } from '@varve/format/key'
import { tableName } from '@varve/format/names'
import fc from 'fast-check'
import { driveSync, Step } from '../cursor/index.ts'
import { Memtable } from '../memtable/index.ts'
import type { JobProgress } from '../runtime/index.ts'
import { TableCursor, TableReader } from '../table/index.ts'
import { FailingFileSystem } from '../version/failing-file-system.test-support.ts'
import { type CompactionJob, runCompactionJob } from './compaction-job.ts'
import { type FlushJob, runFlushJob } from './flush-job.ts'
import { boundariesBetween, divideJob, joinResults, partCount } from './subcompactions.ts'
import type { OutputFile, OutputOptions } from './table-output.ts'

let directory: string
let fs: FailingFileSystem

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-jobs-'))
  fs = new FailingFileSystem()
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

type Operation = [key: string, sequence: number, value: string | undefined]

function memtable(operations: readonly Operation[]): Memtable {
  const table = new Memtable(1, 1 << 22)
  for (const [key, sequence, value] of operations) {
    const [k, v] = [encodeUtf8(key), encodeUtf8(value ?? '')]
    const type = value === undefined ? ValueType.Deletion : ValueType.Value
    assert.ok(table.add(sequence, type, k, 0, k.length, v, 0, v.length))
  }
  return table
}

function outputOptions(level: number): OutputOptions {
  return {
    directory,
    level,
    epochNumber: 3,
    fileCreationTime: 1_700_000_000,
    oldestAncestorTime: 1_600_000_000,
    table: {
      compression: CompressionType.LZ4,
      bloomBitsPerKey: 10,
      dbId: 'db',
      dbSessionId: 'ABCDEFGHIJKLMNOPQRST',
      columnFamilyName: 'default',
    },
    paranoidFileChecks: true,
  }
}

function flushJob(fileNumber: number, ...memtables: Memtable[]): FlushJob {
  const descriptors = memtables.map(table => table.descriptor())
  return { kind: 'flush', memtables: descriptors, snapshots: [], output: outputOptions(0), fileNumber }
}

function flush(fileNumber: number, operations: readonly Operation[], snapshots: number[] = []): OutputFile {
  const job = { ...flushJob(fileNumber, memtable(operations)), snapshots }
  const { file } = runFlushJob(structuredClone(job), fs)
  assert.ok(file !== undefined)
  return file
}

function compactionJob(inputs: readonly OutputFile[], more: Partial<CompactionJob> = {}): CompactionJob {
  return {
    kind: 'compaction',
    runs: inputs.map(({ record }) => [record]),
    rules: { snapshots: [], bottommost: true, zeroSequences: true },
    cut: { outputLevel: 6, targetFileSize: 1 << 20, maxOutputFileSize: 1 << 20, maxCompactionBytes: 1 << 25 },
    output: outputOptions(6),
    fileNumbers: { first: 100, count: 50 },
    ...more,
  }
}

/** The entries of the tables, as `key@sequence=value`. */
function contents(files: readonly OutputFile[]): string[] {
  const entries: string[] = []
  for (const { record } of files) {
    const reader = TableReader.openSync(fs, join(directory, tableName(record.number)), record)
    const cursor = new TableCursor(reader, false)
    let step = driveSync(() => cursor.first(), cursor)
    for (; step === Step.moved; step = driveSync(() => cursor.next(), cursor)) {
      const key = decodeUtf8(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd))
      const value = decodeUtf8(cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd))
      const deleted = (cursor.trailerLow & 0xff) === ValueType.Deletion
      const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
      entries.push(`${key}@${sequence}${deleted ? '-' : `=${value}`}`)
    }
    reader.closeSync()
  }
  return entries
}

const failsWith = (code: ErrorCode, what: RegExp) => (error: unknown) =>
  isVarveError(error, code) && what.test(error.message)

describe('a flush', () => {
  test('writes the memtables as one table that the MANIFEST can take', () => {
    const older = memtable([
      ['a', 1, 'old'],
      ['b', 2, 'x'],
    ])
    const newer = memtable([
      ['a', 3, 'new'],
      ['c', 4, undefined],
    ])
    const { file, statistics } = runFlushJob(structuredClone(flushJob(9, newer, older)), fs)
    assert.ok(file !== undefined)
    assert.deepEqual(contents([file]), ['a@3=new', 'b@2=x', 'c@4-'])
    const { record } = file
    assert.equal(record.size, statSync(join(directory, '000009.sst')).size)
    assert.deepEqual([record.level, record.number, record.epochNumber], [0, 9, 3])
    assert.deepEqual([record.smallestSequence, record.largestSequence], [2, 4])
    assert.equal(decodeUtf8(record.smallest.slice(0, -8)), 'a')
    assert.equal(decodeUtf8(record.largest.slice(0, -8)), 'c')
    assert.equal(record.uniqueId?.length, 16)
    const counts = { entries: 3, deletions: 1, rangeDeletions: 0, mergeOperands: 0 }
    assert.deepEqual(file.statistics, { ...counts, rawKeySize: 27, rawValueSize: 4 })
    assert.deepEqual([statistics.entriesRead, statistics.entriesWritten, statistics.entriesHidden], [4, 3, 1])
  })

  test('of nothing writes nothing', () => {
    assert.equal(runFlushJob(flushJob(9, memtable([])), fs).file, undefined)
    assert.deepEqual(readdirSync(directory), [])
  })

  test('syncs the table and then the directory', () => {
    flush(9, [['a', 1, 'x']])
    assert.deepEqual([fs.counts.sync, fs.counts.syncDirectory], [1, 1])
  })
})

describe('a compaction', () => {
  test('merges its inputs', () => {
    const inputs = [
      flush(9, [
        ['a', 9, 'new'],
        ['c', 8, undefined],
        ['d', 7, 'x'],
      ]),
      flush(8, [
        ['a', 1, 'old'],
        ['b', 2, 'y'],
        ['c', 3, 'gone'],
      ]),
    ]
    const { files, statistics } = runCompactionJob(structuredClone(compactionJob(inputs)), fs)
    assert.deepEqual(contents(files), ['a@0=new', 'b@0=y', 'd@0=x'])
    assert.deepEqual([statistics.entriesRead, statistics.entriesWritten], [6, 3])
    assert.deepEqual([statistics.entriesHidden, statistics.tombstonesDropped], [2, 1])
    assert.equal(statistics.bytesRead, inputs[0].record.size + inputs[1].record.size)
    assert.equal(statistics.bytesWritten, files[0].record.size)
    const { record } = files[0]
    assert.deepEqual([record.smallestSequence, record.largestSequence, record.level], [0, 0, 6])
  })

  test('that drops everything writes no file', () => {
    const inputs = [flush(9, [['a', 9, undefined]]), flush(8, [['a', 1, 'x']])]
    assert.deepEqual(runCompactionJob(compactionJob(inputs), fs).files, [])
    assert.deepEqual(readdirSync(directory).sort(), ['000008.sst', '000009.sst'])
  })

  test('cuts its outputs between user keys, and reads a level of many files as one run', () => {
    const operations = Array.from({ length: 20_000 }, (_, i): Operation => {
      return [`key${String(i >> 1).padStart(6, '0')}`, i + 1, `value ${(i * 2_654_435_761) % 1_000_003}`]
    })
    const snapshots = operations.map(([, sequence]) => sequence)
    const input = flush(9, operations, snapshots)
    const cut = { outputLevel: 1, targetFileSize: 30_000, maxOutputFileSize: 30_000, maxCompactionBytes: 1e9 }
    const rules = { snapshots, bottommost: false, zeroSequences: false }
    const first = runCompactionJob(compactionJob([input], { cut, rules, output: outputOptions(1) }), fs)
    assert.ok(first.files.length > 3)
    assert.deepEqual(contents(first.files), contents([input]))
    for (let i = 1; i < first.files.length; i++) {
      const [end, start] = [first.files[i - 1].record.largest, first.files[i].record.smallest]
      assert.ok(Buffer.compare(end.subarray(0, -8), start.subarray(0, -8)) < 0)
    }
    const runs = [first.files.map(({ record }) => record)]
    const second = runCompactionJob(compactionJob([], { runs, fileNumbers: { first: 200, count: 50 } }), fs)
    assert.equal(second.statistics.entriesRead, operations.length)
    assert.equal(contents(second.files).length, operations.length / 2)
  })

  test('puts the rest into its last file when there are no more numbers', () => {
    const input = flush(
      9,
      Array.from({ length: 5000 }, (_, i) => [`k${i + 10_000}`, i + 1, `${i * 7919}`]),
    )
    const cut = { outputLevel: 1, targetFileSize: 8000, maxOutputFileSize: 8000, maxCompactionBytes: 1e9 }
    const { files } = runCompactionJob(
      compactionJob([input], { cut, fileNumbers: { first: 50, count: 2 } }),
      fs,
    )
    assert.deepEqual(
      files.map(({ record }) => record.number),
      [50, 51],
    )
    assert.equal(contents(files).length, 5000)
  })

  test('says how far it has come', () => {
    const operations = Array.from(
      { length: 40_000 },
      (_, i): Operation => [`k${i + 100_000}`, i + 1, 'value'],
    )
    const reports: JobProgress[] = []
    runCompactionJob(compactionJob([flush(9, operations)]), fs, progress => reports.push(progress))
    assert.ok(reports.length > 0)
    assert.ok(reports.every(({ entriesRead }, i) => i === 0 || entriesRead > reports[i - 1].entriesRead))
  })
})

describe('a compaction that is divided', () => {
  const keys = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 })
  const operation = fc.record({ key: keys, isDeletion: fc.boolean(), run: fc.nat(2) })

  test('writes what it would write as a whole, wherever it is cut', () => {
    const cases = fc.record({
      operations: fc.array(operation, { minLength: 1, maxLength: 40 }),
      cuts: fc.uniqueArray(keys, { minLength: 1, maxLength: 4 }),
      snapshots: fc.uniqueArray(fc.nat(40), { maxLength: 2 }),
    })
    fc.assert(
      fc.property(cases, ({ operations, cuts, snapshots }) => {
        const runs: Operation[][] = [[], [], []]
        for (const [i, { key, isDeletion, run }] of operations.entries())
          runs[run].push([key, i + 1, isDeletion ? undefined : `${i}`])
        const live = snapshots.sort((a, b) => a - b)
        const inputs = runs.filter(run => run.length > 0).map((run, i) => flush(9 - i, run, live))
        const rules = { snapshots: live, bottommost: true, zeroSequences: true }
        const job = compactionJob(inputs, { rules })
        const whole = runCompactionJob(job, fs)
        const boundaries = cuts.map(encodeUtf8).sort(Buffer.compare)
        const parts = divideJob({ ...job, fileNumbers: { first: 200, count: 50 } }, boundaries, bytewise)
        const together = joinResults(parts.map(part => runCompactionJob(structuredClone(part), fs)))
        assert.deepEqual(contents(together.files), contents(whole.files))
        assert.equal(together.statistics.entriesRead, whole.statistics.entriesRead)
        assert.equal(together.statistics.entriesHidden, whole.statistics.entriesHidden)
        assert.equal(together.statistics.tombstonesDropped, whole.statistics.tombstonesDropped)
      }),
      { numRuns: 60 },
    )
  })

  test('reads every block about once, in parts of about the same size', () => {
    const operations = Array.from({ length: 30_000 }, (_, i): Operation => {
      return [`key${String(i).padStart(6, '0')}`, i + 1, `value ${(i * 2_654_435_761) % 1_000_003}`]
    })
    const inputs = [flush(9, operations), flush(8, operations.slice(0, 10_000))]
    const sizes = inputs.map(({ record }) => record.size)
    const tables = inputs.map(({ record }) =>
      TableReader.openSync(fs, join(directory, tableName(record.number)), record),
    )
    const boundaries = boundariesBetween(
      3,
      tables.map(table => table.index),
      bytewise,
    )
    for (const table of tables) table.closeSync()
    const results = divideJob(compactionJob(inputs), boundaries, bytewise).map(part =>
      runCompactionJob(part, fs),
    )
    assert.equal(results.length, 3)
    const bytesRead = results.map(({ statistics }) => statistics.bytesRead)
    const total = sizes[0] + sizes[1]
    for (const bytes of bytesRead)
      assert.ok(Math.abs(bytes - total / 3) < total / 10, `${bytesRead} of ${total}`)
    assert.ok(Math.abs(joinResults(results).statistics.bytesRead - total) < total / 20)
    assert.equal(contents(results.flatMap(({ files }) => files)).length, 30_000)
  })

  test('is not divided into parts that are not worth a thread', () => {
    assert.equal(partCount(1000, 1000, 64), 8)
    assert.equal(partCount(1000, 1000, 3), 3)
    assert.equal(partCount(100, 1000, 4), 1)
    assert.deepEqual(boundariesBetween(4, [], bytewise), [])
  })
})

describe('a job that fails leaves nothing behind', () => {
  const operations = Array.from(
    { length: 20_000 },
    (_, i): Operation => [`k${i + 100_000}`, i + 1, `v${i * 7919}`],
  )
  const cut = { outputLevel: 1, targetFileSize: 50_000, maxOutputFileSize: 50_000, maxCompactionBytes: 1e9 }

  for (const operation of ['write', 'sync'] as const) {
    test(`a failed ${operation}`, () => {
      const input = flush(9, operations)
      fs.failNext(operation, /000102\.sst/)
      assert.throws(
        () => runCompactionJob(compactionJob([input], { cut }), fs),
        failsWith('IO_ERROR', /000102/),
      )
      assert.deepEqual(readdirSync(directory), ['000009.sst'])
    })
  }

  test('a failed sync of the directory', () => {
    fs.failNext('syncDirectory', /./)
    assert.throws(() => flush(9, operations), failsWith('IO_ERROR', /syncDirectory/))
    assert.deepEqual(readdirSync(directory), [])
  })

  test('a cancelled job', () => {
    const input = flush(9, operations)
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    cancel[0] = 1
    assert.throws(
      () => runCompactionJob(compactionJob([input], { cut, cancel }), fs),
      failsWith('ABORTED', /cancelled/),
    )
    assert.deepEqual(readdirSync(directory), ['000009.sst'])
  })

  test('an input that is damaged', () => {
    const input = flush(9, operations)
    const path = join(directory, '000009.sst')
    truncateSync(path, statSync(path).size - 1)
    assert.throws(() => runCompactionJob(compactionJob([input]), fs), failsWith('CORRUPTION', /000009\.sst/))
    assert.deepEqual(readdirSync(directory), ['000009.sst'])
  })

  test('an input of which one block is damaged', () => {
    const input = flush(9, operations)
    const path = join(directory, '000009.sst')
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] ^= 1
    writeFileSync(path, bytes)
    assert.throws(
      () => runCompactionJob(compactionJob([input], { cut }), fs),
      failsWith('CORRUPTION', /000009\.sst|checksum/),
    )
    assert.deepEqual(readdirSync(directory), ['000009.sst'])
  })
})
