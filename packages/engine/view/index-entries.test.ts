import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@varve/format/bytes'
import { json } from './codec.ts'
import { checkDefinition, fingerprintOf, type IndexDefinition } from './index-definition.ts'
import { IndexEntries, RECORD_KEY } from './index-entries.ts'

interface Row {
  a?: unknown
  b?: string
}

const rowKey = Uint8Array.of(0xaa, 0)

function entriesOf(definition: IndexDefinition<Row>, row: unknown): string[] {
  const entries = new IndexEntries('i', definition, json<unknown>())
  return entries.entriesOf(rowKey, row).map(entry => {
    assert.deepEqual(entries.rowKeyOf(entry), rowKey)
    return `${toHex(entry.key)} ${toHex(entry.value)}`.trim()
  })
}

test('the bytes of entries are those that are drawn', () => {
  assert.deepEqual(entriesOf({ on: 'b' }, { b: 'x' }), ['08780000aa00'])
  assert.deepEqual(entriesOf({ on: ['a', 'b'] }, { a: null, b: 'x' }), ['0208780000aa00'])
  assert.deepEqual(entriesOf({ on: 'b', unique: true }, { b: 'x' }), ['08780000 02aa00'])
  const covered = Buffer.from('{"a":1}').toString('hex')
  assert.deepEqual(entriesOf({ on: 'b', covering: ['a'] }, { a: 1, b: 'x' }), [`08780000aa00 ${covered}`])
  assert.deepEqual(entriesOf({ on: 'b', unique: true, covering: ['a'] }, { a: 1, b: 'x' }), [
    `08780000 02aa00${covered}`,
  ])
  assert.deepEqual(entriesOf({ on: 'a', multiEntry: true }, { a: ['x', 'y', 'x'] }), [
    '08780000aa00',
    '08790000aa00',
  ])
  const [hashed] = entriesOf({ on: 'b', kind: 'hash' }, { b: 'x' })
  assert.match(hashed, /^01[0-9a-f]{16}aa00$/)
})

test('a row without a key is not in the index', () => {
  assert.deepEqual(entriesOf({ on: 'a' }, {}), [])
  assert.deepEqual(entriesOf({ on: 'a' }, 'a text'), [])
  assert.deepEqual(entriesOf({ on: ['a', 'b'] }, { b: 'x' }), [])
  assert.deepEqual(entriesOf({ on: () => undefined }, { b: 'x' }), [])
  assert.deepEqual(entriesOf({ on: 'a', multiEntry: true }, { a: [] }), [])
})

test('no entry is where the record is, and no range reaches it', () => {
  const entries = new IndexEntries('i', { on: 'a' }, json<unknown>())
  for (const a of [[], null, '\uffff', [['deep']], [new Uint8Array(3).fill(0xff)]]) {
    for (const { key } of entries.entriesOf(new Uint8Array(0), { a })) assert.ok(key[0] < RECORD_KEY[0])
  }
  assert.deepEqual(entries.boundsOf({}), { lt: RECORD_KEY })
})

test('a fingerprint changes with what changes the entries', () => {
  const base: IndexDefinition<Row> = { on: 'a' }
  const same: IndexDefinition<Row>[] = [{ on: 'a', unique: false, kind: 'ordered', version: 1, covering: [] }]
  const other: IndexDefinition<Row>[] = [
    { on: 'b' },
    { on: ['a'] },
    { on: ['a', 'b'] },
    { on: ({ a }) => a as string },
    { on: 'a', unique: true },
    { on: 'a', kind: 'hash' },
    { on: 'a', covering: ['b'] },
    { on: 'a', multiEntry: true },
    { on: 'a', version: 2 },
  ]
  for (const definition of [base, ...same, ...other]) checkDefinition('i', definition)
  for (const definition of same) assert.equal(fingerprintOf(definition), fingerprintOf(base))
  assert.equal(new Set([base, ...other].map(fingerprintOf)).size, 1 + other.length)
})
