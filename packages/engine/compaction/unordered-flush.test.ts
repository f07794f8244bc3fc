/** Flushes of memtables whose entries nobody has put in order yet. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { CompressionType } from '@varve/format/compress'
import { bytewise, ValueType } from '@varve/format/key'
import { NodeFileSystem } from '../fs/index.ts'
import { Memtable, type MemtableKind } from '../memtable/index.ts'
import { type FlushJob, type FlushResult, runFlushInTurns, runFlushJob } from './flush-job.ts'

const COUNT = 3000

let directory: string
const fs = new NodeFileSystem()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-unordered-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Puts, deletes and merge operands of a few hundred keys, in no order, and a tombstone of a range. */
function filled(kind: MemtableKind, firstSequence = 1): Memtable {
  const memtable = new Memtable(1, 1 << 22, undefined, undefined, bytewise, kind)
  const types = [ValueType.Value, ValueType.Value, ValueType.Deletion, ValueType.Merge]
  for (let i = 0; i < COUNT; i++) {
    const key = encodeUtf8(`key ${(i * 7919) % 701}`)
    const type = types[(i * 31) % 4]
    const value = type === ValueType.Deletion ? new Uint8Array(0) : encodeUtf8(`value ${i}`)
    assert.ok(memtable.add(firstSequence + i, type, key, 0, key.length, value, 0, value.length))
  }
  memtable.deleteRange(firstSequence + COUNT, encodeUtf8('key 1'), encodeUtf8('key 2'))
  return memtable
}

function jobOf(memtables: readonly Memtable[]): FlushJob {
  return {
    kind: 'flush',
    memtables: memtables.map(memtable => memtable.descriptor()),
    snapshots: [100, COUNT / 2],
    output: {
      directory,
      level: 0,
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
    },
    fileNumber: 9,
  }
}

/** The bytes of the only table, which goes. */
function takeTable({ file }: FlushResult): Buffer {
  assert.ok(file !== undefined && file.statistics.entries > 700)
  const [name, ...more] = readdirSync(directory)
  assert.deepEqual(more, [])
  const bytes = readFileSync(join(directory, name))
  rmSync(join(directory, name))
  return bytes
}

const both = (kind: MemtableKind): Memtable[] => [filled(kind, COUNT + 2), filled(kind)]

test('the table has the same bytes as if the order had been there', () => {
  const expected = takeTable(runFlushJob(structuredClone(jobOf(both('tree'))), fs))
  const job = jobOf(both('hash'))
  assert.ok(job.memtables.every(({ tree }) => tree === undefined))
  assert.ok(takeTable(runFlushJob(structuredClone(job), fs)).equals(expected))
  const mixed = jobOf([filled('hash', COUNT + 2), filled('tree')])
  assert.ok(takeTable(runFlushJob(structuredClone(mixed), fs)).equals(expected))
})

test('on the thread of the callers the order is made in turns, in which they may make it themselves', async () => {
  const functions = { order: bytewise }
  const expected = takeTable(runFlushJob(jobOf(both('tree')), fs, undefined, functions))
  const memtables = both('hash')
  let [steps, breaks, breaksBefore] = [0, 0, 0]
  const turns = {
    isOver: () => ++steps % 50 === 0,
    async next() {
      breaks++
      if (readdirSync(directory).length === 0) breaksBefore++
      if (breaks === 10) for (const memtable of memtables) memtable.cursor()
    },
  }
  const result = await runFlushInTurns(jobOf(memtables), fs, turns, functions)
  assert.ok(takeTable(result).equals(expected))
  assert.ok(breaksBefore > 100, `${breaksBefore} breaks before there was a table`)
})
