import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { encodeUtf8 } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { sampleFiles } from '../test/vectors.ts'
import {
  blobName,
  decodeCurrent,
  encodeCurrent,
  legacyTableName,
  manifestName,
  optionsName,
  optionsTempName,
  parseFileName,
  tableName,
  tempName,
  walName,
} from './index.ts'

test('every file of a database written by RocksDB has a name that is known', () => {
  for (const { path, name } of sampleFiles()) assert.notEqual(parseFileName(name), undefined, path)
})

test('a name parses to the kind and number it was made from', () => {
  const makers = [
    ['manifest', manifestName],
    ['wal', walName],
    ['table', tableName],
    ['table', legacyTableName],
    ['blob', blobName],
    ['options', optionsName],
    ['optionsTemp', optionsTempName],
    ['temp', tempName],
  ] as const
  fc.assert(
    fc.property(fc.maxSafeNat(), number => {
      for (const [kind, make] of makers) assert.deepEqual(parseFileName(make(number)), { kind, number })
    }),
  )
})

test('numbers are padded to six digits and may be longer', () => {
  assert.equal(walName(7), '000007.log')
  assert.equal(manifestName(12345678), 'MANIFEST-12345678')
})

test('names without a number are known', () => {
  assert.deepEqual(parseFileName('CURRENT'), { kind: 'current', number: 0 })
  assert.deepEqual(parseFileName('IDENTITY'), { kind: 'identity', number: 0 })
  assert.deepEqual(parseFileName('LOCK'), { kind: 'lock', number: 0 })
  assert.deepEqual(parseFileName('LOG'), { kind: 'infoLog', number: 0 })
  assert.deepEqual(parseFileName('LOG.old.1795200283'), { kind: 'infoLog', number: 1795200283 })
})

test('what is not a database file has no kind', () => {
  const strangers = [
    '',
    'current',
    'toString',
    'MANIFEST-',
    'MANIFEST-5x',
    '5.LOG',
    '-5.log',
    '5.sst.bak',
    ' 5.sst',
    '5.sst\n',
    '99999999999999999999.sst',
    'METADB-1',
  ]
  for (const name of strangers) assert.equal(parseFileName(name), undefined, JSON.stringify(name))
})

test('CURRENT names a MANIFEST as it stands', () => {
  assert.equal(decodeCurrent(encodeCurrent(5)), 'MANIFEST-000005')
  assert.equal(decodeCurrent(encodeUtf8('MANIFEST-5\n')), 'MANIFEST-5')
  for (const { name, bytes } of sampleFiles()) {
    if (name === 'CURRENT') assert.equal(decodeCurrent(bytes), 'MANIFEST-000005')
  }
})

test('CURRENT with anything but one newline behind the name is corrupt', () => {
  for (const text of [
    '',
    'MANIFEST-000005',
    'MANIFEST-000005\r\n',
    'MANIFEST-000005\n\n',
    '\n',
    '5\n',
    'x'.repeat(100),
  ]) {
    assert.throws(() => decodeCurrent(encodeUtf8(text), 'CURRENT'), CorruptionError, JSON.stringify(text))
  }
})
