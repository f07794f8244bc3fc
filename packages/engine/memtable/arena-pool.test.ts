import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { ValueType } from '@varve/format/key'
import { PointLookup } from '../cursor/point-lookup.ts'
import { ArenaPool } from './arena-pool.ts'
import { Memtable } from './memtable.ts'

function fill(memtable: Memtable, prefix: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const key = encodeUtf8(`${prefix}${(i * 7919) % count}`)
    assert.ok(memtable.add(i + 1, ValueType.Value, key, 0, key.length, key, 0, key.length))
  }
}

function keysOf(memtable: Memtable): string[] {
  const keys: string[] = []
  const cursor = memtable.cursor()
  for (cursor.first(); cursor.valid; cursor.next()) {
    keys.push(new TextDecoder().decode(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd)))
  }
  return keys
}

test('a memtable in the arena of another holds what it would hold in a new one', () => {
  const pool = new ArenaPool()
  const first = new Memtable(1, 1 << 20, pool).ref()
  fill(first, 'some other key ', 5000)
  const { arena } = first
  first.unref()
  const second = new Memtable(2, 1 << 20, pool)
  assert.equal(second.arena, arena)
  assert.deepEqual(keysOf(second), [])
  fill(second, 'k', 3000)
  const fresh = new Memtable(3, 1 << 20)
  fill(fresh, 'k', 3000)
  assert.deepEqual(keysOf(second), keysOf(fresh))
  assert.equal(second.memoryUsage, fresh.memoryUsage)
  const lookup = new PointLookup()
  for (const [text, isThere] of [
    ['k77', true],
    ['some other key 77', false],
  ] as const) {
    const key = encodeUtf8(text)
    lookup.begin(key, 0, key.length, 9999)
    assert.equal(second.get(lookup), isThere)
  }
})

test('an arena goes back with the last reference, and to a memtable of its size', () => {
  const pool = new ArenaPool()
  const memtable = new Memtable(1, 1 << 20, pool).ref().ref()
  memtable.unref()
  assert.notEqual(new Memtable(2, 1 << 20, pool).arena, memtable.arena)
  memtable.unref()
  assert.notEqual(new Memtable(3, 1 << 19, pool).arena, memtable.arena)
  assert.equal(new Memtable(4, 1 << 20, pool).arena, memtable.arena)
  assert.notEqual(new Memtable(5, 1 << 20, pool).arena, memtable.arena)
})

test('a database that is closed leaves its arenas, and what its readers still hold, to the next one', () => {
  const closed = new ArenaPool()
  const idle = new Memtable(1, 3 << 20, closed).ref()
  const held = new Memtable(2, 3 << 20, closed).ref()
  const left = new Set([idle.arena, held.arena])
  idle.unref()
  closed.close()
  held.unref()
  const pool = new ArenaPool()
  assert.deepEqual(
    new Set([new Memtable(3, 3 << 20, pool).arena, new Memtable(4, 3 << 20, pool).arena]),
    left,
  )
  assert.ok(!left.has(new Memtable(5, 3 << 20, pool).arena))
})
