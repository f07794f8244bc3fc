import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { CorruptionError, isVarveError } from '../errors/index.ts'
import {
  escapeOptionText,
  formatOptionStruct,
  formatOptionsFile,
  type OptionsFile,
  parseOptionStruct,
  parseOptionsFile,
  unescapeOptionText,
  withoutUnknownOptions,
} from './index.ts'

/** Cut from what RocksDB 7.8.3 writes for a database with a column family of an awkward name. */
const fromRocksDB = `# This is a comment.
#

[Version]
  rocksdb_version=7.8.3
  options_file_version=1.1

[DBOptions]
  max_background_jobs=2
  db_host_id=__hostname__
  wal_recovery_mode=kPointInTimeRecovery
  

[CFOptions "default"]
  compression_opts={max_dict_buffer_bytes=0;enabled=false;level=32767;}
  max_bytes_for_level_multiplier_additional=1:1:1:1:1:1:1
  merge_operator={id=StringAppendOperator;delimiter=\\:;}
  comparator=leveldb.BytewiseComparator
  
[TableOptions/BlockBasedTable "default"]
  filter_policy=bloomfilter:10:false
  format_version=5
  

[CFOptions "rev\\:\\#x\\\\y"]
  comparator=rocksdb.ReverseBytewiseComparator
  
[TableOptions/PlainTable "rev\\:\\#x\\\\y"]
  user_key_len=16
  
`

test('a file that RocksDB wrote is read', () => {
  const { version, db, columnFamilies } = parseOptionsFile(fromRocksDB)
  assert.deepEqual(version, { rocksdbVersion: '7.8.3', optionsFileVersion: '1.1' })
  assert.equal(db.get('max_background_jobs'), '2')
  assert.deepEqual(
    columnFamilies.map(({ name, table }) => [name, table?.kind]),
    [
      ['default', 'BlockBasedTable'],
      ['rev:#x\\y', 'PlainTable'],
    ],
  )
  assert.equal(columnFamilies[0].table?.options.get('filter_policy'), 'bloomfilter:10:false')
  assert.equal(columnFamilies[1].options.get('comparator'), 'rocksdb.ReverseBytewiseComparator')
})

test('a file that RocksDB wrote comes out the same but for the comment at its head', () => {
  const body = (text: string) => text.slice(text.indexOf('[Version]'))
  assert.equal(body(formatOptionsFile(parseOptionsFile(fromRocksDB))), body(fromRocksDB))
})

test('bytes are read as well as text', () => {
  assert.deepEqual(parseOptionsFile(Buffer.from(fromRocksDB)), parseOptionsFile(fromRocksDB))
})

test('values that are lists of options unfold', () => {
  const options = parseOptionsFile(fromRocksDB).columnFamilies[0].options
  const merge = parseOptionStruct(options.get('merge_operator') ?? '')
  assert.equal(merge.get('id'), 'StringAppendOperator')
  assert.equal(unescapeOptionText(merge.get('delimiter') ?? ''), ':')
  assert.deepEqual(
    parseOptionStruct('leveldb.BytewiseComparator'),
    new Map([['id', 'leveldb.BytewiseComparator']]),
  )
  const nested = parseOptionStruct('{a={b=1;c={d=2;};};e=3}')
  assert.deepEqual(
    [...nested],
    [
      ['a', '{b=1;c={d=2;};}'],
      ['e', '3'],
    ],
  )
  assert.equal(formatOptionStruct(nested), '{a={b=1;c={d=2;};};e=3;}')
})

test('a list of options with braces that do not match is refused', () => {
  for (const value of ['{', '{a=1;', '{a={b=1;}', '{a=1};b=2}', '{=1;}', '{a}']) {
    assert.throws(
      () => parseOptionStruct(value),
      error => isVarveError(error, 'INVALID_ARGUMENT'),
      value,
    )
  }
})

test('white space, comments, line ends of Windows and a missing Version mean nothing', () => {
  const text =
    '\r\n # first\r\n\t[DBOptions]  \r\n max_open_files = -1 # all\r\n[CFOptions   "default"]\r\n num_levels=7'
  const { version, db, columnFamilies } = parseOptionsFile(text)
  assert.deepEqual(version, {})
  assert.equal(db.get('max_open_files'), '-1')
  assert.deepEqual([...columnFamilies[0].options], [['num_levels', '7']])
})

test('a hash sign behind a backslash begins no comment', () => {
  const { columnFamilies } = parseOptionsFile('[DBOptions]\n[CFOptions "default"]\na=x\\#y#z\nb=x\\\\#z')
  assert.deepEqual([...columnFamilies[0].options.values()], ['x\\#y', 'x\\\\'])
})

test('what RocksDB refuses is corrupt', () => {
  const head = '[DBOptions]\n[CFOptions "default"]\n'
  const refused = [
    '',
    '[DBOptions]\n',
    '[CFOptions "default"]\n',
    '[DBOptions]\n[CFOptions "other"]\n',
    `${head}[DBOptions]\n`,
    `${head}[CFOptions "default"]\n`,
    `${head}[TableOptions/BlockBasedTable "other"]\n`,
    `${head}[TableOptions/BlockBasedTable "default"]\n[TableOptions/BlockBasedTable "default"]\n`,
    `${head}[Unknown]\n`,
    `${head}[CFOptions default]\n`,
    `${head}[CFOptions "x"\n`,
    `${head}no equals sign\n`,
    `${head}=1\n`,
    `${head}a=1\na=2\n`,
    `a=1\n${head}`,
    `[Version]\noptions_file_version=0.9\n${head}`,
  ]
  for (const text of refused)
    assert.throws(() => parseOptionsFile(text), CorruptionError, JSON.stringify(text))
})

test('an error says at which offset the line begins', () => {
  assert.throws(
    () => parseOptionsFile('[DBOptions]\nä=1\n[What]\n', 'OPTIONS-000007'),
    (error: unknown) =>
      error instanceof CorruptionError && error.offset === 17 && error.file === 'OPTIONS-000007',
  )
})

test('bytes that are no UTF-8 do not move the offset of an error', () => {
  const bytes = Buffer.from('[DBOptions]\nb=??????\n\n[What]\n')
  bytes.fill(0xd6, 14, 20)
  assert.throws(
    () => parseOptionsFile(bytes),
    (error: unknown) => error instanceof CorruptionError && error.offset === 22,
  )
  assert.throws(
    () => parseOptionsFile(bytes.subarray(0, 21)),
    (error: unknown) => error instanceof CorruptionError && error.offset === 21,
  )
})

test('names and texts survive their escapes', () => {
  fc.assert(fc.property(fc.string(), text => assert.equal(unescapeOptionText(escapeOptionText(text)), text)))
  fc.assert(
    fc.property(
      fc.string().filter(name => name !== 'default'),
      name => {
        const columnFamilies = [
          { name: 'default', options: new Map<string, string>() },
          { name, options: new Map([['merge_operator', `{id=X;delimiter=${escapeOptionText(name)};}`]]) },
        ]
        const parsed = parseOptionsFile(formatOptionsFile({ version: {}, db: new Map(), columnFamilies }))
        assert.equal(parsed.columnFamilies[1].name, name)
      },
    ),
  )
})

test('an option that RocksDB 7.8.3 does not know is not written', () => {
  const newer: OptionsFile = {
    version: { rocksdbVersion: '11.9.0' },
    db: new Map([
      ['max_open_files', '-1'],
      ['metadata_write_temperature', 'kUnknown'],
    ]),
    columnFamilies: [
      {
        name: 'default',
        options: new Map([['num_levels', '7']]),
        table: { kind: 'BlockBasedTable', options: new Map([['decouple_partitioned_filters', 'true']]) },
      },
    ],
  }
  assert.throws(
    () => formatOptionsFile(newer),
    error => isVarveError(error, 'INVALID_ARGUMENT'),
  )
  const text = formatOptionsFile(withoutUnknownOptions(newer))
  assert.match(text, /max_open_files=-1/)
  assert.doesNotMatch(text, /temperature|decouple/)
})

test('any text is read or is corrupt', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom('[DBOptions]', '[CFOptions "default"]', 'a=1', '[Version]'),
  )
  fc.assert(
    fc.property(fc.array(line), lines => {
      try {
        parseOptionsFile(lines.join('\n'))
      } catch (error) {
        assert.ok(isVarveError(error, 'CORRUPTION'))
      }
    }),
  )
})
