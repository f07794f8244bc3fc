import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { bytewise, ValueType } from '@varve/format/key'
import { runFlushJob } from '../compaction/flush-job.ts'
import { NodeFileSystem } from '../fs/index.ts'
import { Memtable } from '../memtable/index.ts'
import { TableReader } from '../table/index.ts'
import { ColumnFamilyState } from './column-family-state.ts'
import { applyEdit } from './version-builder.ts'

test('a table weighs more when opening it shows that it is full of deletions', () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-state-'))
  const fs = new NodeFileSystem()
  const state = new ColumnFamilyState(0, 'default', bytewise, 0, [[], [], []], 1)
  const add = (number: number, type: number, value: Uint8Array) => {
    const memtable = new Memtable(1, 1 << 20)
    for (let i = 0; i < 100; i++) {
      const key = encodeUtf8(`${number}-${i + 100}`)
      memtable.add(number * 1000 + i, type, key, 0, key.length, value, 0, value.length)
    }
    const output = {
      directory,
      level: 0,
      epochNumber: number,
      fileCreationTime: 1,
      oldestAncestorTime: 1,
      table: {},
    }
    const job = {
      kind: 'flush' as const,
      memtables: [memtable.descriptor()],
      snapshots: [],
      output: { ...output, paranoidFileChecks: false },
      fileNumber: number,
    }
    const record = runFlushJob(job, fs).file?.record
    assert.ok(record !== undefined)
    state.install(applyEdit(state.current, { newFiles: [record] }, 'm'))
    const [file] = state.current.levels[0]
    assert.equal(file.compensatedSize, file.size, 'nothing is known yet')
    file.table = TableReader.openSync(fs, join(directory, `00000${number}.sst`), record)
    return file
  }
  try {
    const values = add(1, ValueType.Value, new Uint8Array(500))
    const deletions = add(2, ValueType.Deletion, new Uint8Array())
    state.refreshStatistics()
    assert.deepEqual(state.current.totals, {
      entries: 200,
      deletions: 100,
      rangeDeletions: 0,
      mergeOperands: 0,
      rawKeySize: 200 * 13,
      rawValueSize: 50_000,
    })
    assert.equal(values.compensatedSize, values.size)
    assert.equal(deletions.compensatedSize, deletions.size + 100 * 500 * 2)

    const before = state.current
    state.refreshStatistics()
    assert.equal(state.current, before, 'nothing new makes no new version')
    const late = add(3, ValueType.Deletion, new Uint8Array())
    const edit = applyEdit(state.current, { deletedFiles: [{ level: 0, number: 2 }] }, 'm')
    state.refreshStatistics()
    assert.equal(
      state.install(edit).totals.deletions,
      100,
      'what was learnt while the edit was written counts',
    )
    for (const file of [values, deletions, late]) file.table?.closeSync()
  } finally {
    rmSync(directory, { recursive: true })
  }
})
