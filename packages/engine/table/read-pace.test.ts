import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { ValueType } from '@varve/format/key'
import { BlockRequest } from './block-request.ts'
import { ReadPace } from './read-pace.ts'
import { TableReader } from './table-reader.ts'
import { addTable, MemoryFiles } from './tables.test-support.ts'

/** A table whose reads take as long as `readMs` says, by the clock of `pace`. */
function slowTable() {
  const fs = new MemoryFiles()
  const entry = { key: encodeUtf8('a'), sequence: 1, type: ValueType.Value, value: encodeUtf8('1') }
  const table = TableReader.openSync(fs, '/db/000007.sst', addTable(fs, 7, [entry]))
  const world = { now: 0, readMs: 0.002, reads: 0 }
  const clock = { now: () => world.now, monotonic: () => world.now }
  const pace = new ReadPace(clock)
  const tryLoad = () => {
    const request = new BlockRequest(table, 0, false)
    const { loadSync } = request
    request.loadSync = () => {
      world.now += world.readMs
      world.reads++
      loadSync.call(request)
    }
    return pace.tryLoad(request)
  }
  return { world, tryLoad }
}

test('quick reads are made at once, for as long as they are quick', () => {
  const { world, tryLoad } = slowTable()
  for (let i = 0; i < 1000; i++) assert.equal(tryLoad(), true)
  assert.equal(world.reads, 1000)
})

test('one slow read among many quick ones is taken for an accident', () => {
  const { world, tryLoad } = slowTable()
  for (let i = 0; i < 1000; i++) {
    world.readMs = i % 100 === 50 ? 5 : 0.002
    assert.equal(tryLoad(), true)
  }
})

test('a disk is waited for a small part of the time', () => {
  for (const readMs of [0.3, 4, 20]) {
    const { world, tryLoad } = slowTable()
    world.readMs = readMs
    while (world.now < 100_000) if (!tryLoad()) world.now += 1
    assert.ok(world.reads * readMs < 4000, `${world.reads} reads of ${readMs} ms in 100 s`)
    assert.ok(world.reads > 10, 'it is tried again now and then')
  }
})

test('a table that is not open yet is left to the pool', () => {
  const clock = { now: () => 0, monotonic: () => 0 }
  const opening = {
    isOneRead: false,
    load: async () => undefined,
    loadSync: () => assert.fail('it was opened here'),
  }
  assert.equal(new ReadPace(clock).tryLoad(opening), false)
})
