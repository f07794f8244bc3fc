import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, encodeUtf8, toHex } from '../bytes/index.ts'
import { CorruptionError, isVarveError } from '../errors/index.ts'
import {
  type Column,
  decodeEntity,
  defaultRange,
  encodeEntity,
  findDefaultColumn,
  withDefaultColumn,
} from './index.ts'

const name = fc.uint8Array({ maxLength: 5 })
const columns: fc.Arbitrary<Column[]> = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 300 })), {
  maxLength: 8,
  selector: ([own]) => toHex(own),
})

function sorted(list: readonly Column[]): Column[] {
  return list.toSorted(([a], [b]) => compareBytes(a, 0, a.length, b, 0, b.length))
}

test('columns come back from an entity in order of their names, wherever it stands', () => {
  fc.assert(
    fc.property(columns, fc.nat(5), (list, pad) => {
      const entity = encodeEntity(list)
      assert.deepEqual(decodeEntity(entity), sorted(list))
      const padded = Buffer.concat([Buffer.alloc(pad, 1), entity, Buffer.alloc(3, 2)])
      const found = decodeEntity(padded, pad, pad + entity.length).map(column =>
        column.map(part => new Uint8Array(part)),
      )
      assert.deepEqual(found, sorted(list))
      assert.deepEqual(encodeEntity(decodeEntity(entity)), entity)
    }),
  )
})

test('the default column is found without the others, and is empty where there is none', () => {
  fc.assert(
    fc.property(columns, list => {
      const entity = encodeEntity(list)
      const unnamed = list.find(([own]) => own.length === 0)
      findDefaultColumn(entity, 0, entity.length)
      assert.equal(defaultRange.isThere, unnamed !== undefined)
      const found = entity.slice(defaultRange.start, defaultRange.end)
      assert.deepEqual(found, unnamed?.[1] ?? new Uint8Array(0))
    }),
  )
})

test('the default column is replaced or added, and the others stay', () => {
  fc.assert(
    fc.property(columns, fc.uint8Array({ maxLength: 20 }), (list, value) => {
      const others = sorted(list.filter(([own]) => own.length > 0))
      const changed = withDefaultColumn(sorted(list), value)
      assert.deepEqual(changed, [[new Uint8Array(0), value], ...others])
    }),
  )
})

test('an entity is written as C++ 7.8.3 writes it', () => {
  const entity = encodeEntity([
    [encodeUtf8('b'), encodeUtf8('22')],
    [encodeUtf8(''), encodeUtf8('main')],
  ])
  assert.equal(toHex(entity), ['01', '02', '00', '04', '0162', '02', '6d61696e', '3232'].join(''))
})

test('what is no entity is damage, and one of a later version is refused', () => {
  const damaged = [
    [],
    [1],
    [1, 1],
    [1, 1, 0],
    [1, 1, 0, 5],
    [1, 1, 0, 1, 7, 7],
    [1, 2, 1, 98, 0, 1, 97, 0],
    [1, 2, 1, 97, 0, 1, 97, 0],
    [1, 0, 0],
    [1, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]
  for (const bytes of damaged) {
    assert.throws(() => decodeEntity(Uint8Array.from(bytes)), CorruptionError, bytes.join())
    assert.throws(() => findDefaultColumn(Uint8Array.from(bytes), 0, bytes.length), CorruptionError)
  }
  assert.deepEqual(decodeEntity(Uint8Array.of(1, 0)), [])
  assert.throws(
    () => decodeEntity(Uint8Array.of(2, 0)),
    error => isVarveError(error, 'NOT_SUPPORTED'),
  )
})

test('two columns of one name are refused', () => {
  const twice: Column[] = [
    [encodeUtf8('a'), encodeUtf8('1')],
    [encodeUtf8('a'), encodeUtf8('2')],
  ]
  assert.throws(
    () => encodeEntity(twice),
    error => isVarveError(error, 'INVALID_ARGUMENT'),
  )
})
