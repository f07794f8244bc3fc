import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { associativeMerge, type Database, type MergeOption, type Snapshot } from '../index.ts'
import { NodeFileSystem, type OpenMode } from '../internal.ts'
import { playHistory } from './random-history.ts'
import { failsWith, freshPath, openFor, rowsOf, worldWith } from './support.ts'

function counter(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

async function textOf(db: Database, key: string, snapshot?: Snapshot): Promise<string> {
  const value = await db.get(key, snapshot === undefined ? {} : { snapshot })
  return Buffer.from(value ?? []).toString()
}

const appended = associativeMerge('test.Append', (_key, older, newer) => Buffer.concat([older, newer]))

test('operands are merged into what lies below them, wherever the parts are', async t => {
  const path = freshPath(t)
  const db = await openFor(t, path, { mergeOperator: 'stringappend' })
  await db.put('a', '1')
  await db.merge('a', '2')
  await db.merge('b', 'only')
  await db.merge('c', 'lost')
  await db.delete('c')
  await db.merge('c', 'found')
  const rows = [
    ['a', '1,2,3'],
    ['b', 'only'],
    ['c', 'found'],
  ]
  const before = db.snapshot()
  await db.merge('a', '3')
  assert.deepEqual(await rowsOf(db), rows)
  await db.flush()
  assert.deepEqual(await rowsOf(db), rows)
  await db.merge('a', '4')
  assert.equal(await textOf(db, 'a'), '1,2,3,4')
  assert.equal(await textOf(db, 'a', before), '1,2')
  await db.compact()
  assert.equal(await textOf(db, 'a'), '1,2,3,4')
  assert.equal(await textOf(db, 'a', before), '1,2')
  before.close()
  await db.compact()
  assert.equal(db.property('rocksdb.num-entries-active-mem-table'), '0')
  assert.equal(await db.has('b'), true)
  await db.close()
  const reopened = await openFor(t, path)
  assert.equal(await textOf(reopened, 'a'), '1,2,3,4', 'the OPTIONS file names the operator')
})

test('the built-in operators do what those of RocksDB do', async t => {
  const results: [MergeOption, operands: Uint8Array[], expected: Uint8Array][] = [
    ['uint64add', [counter(1), counter(2 ** 40), counter(0xffff_ffff)], counter(2 ** 40 + 2 ** 32)],
    ['uint64add', [Buffer.alloc(8, 0xff), counter(2)], counter(1)],
    ['max', ['b', 'abc', 'a'].map(text => Buffer.from(text)), Buffer.from('b')],
    ['bytesxor', [Buffer.from([1, 2, 3]), Buffer.from([1])], Buffer.from([0, 2, 3])],
    ['put', ['1', '2'].map(text => Buffer.from(text)), Buffer.from('2')],
    [
      { name: 'stringappend', delimiter: '--' },
      ['1', '', '3'].map(text => Buffer.from(text)),
      Buffer.from('1----3'),
    ],
  ]
  for (const [mergeOperator, operands, expected] of results) {
    const db = await openFor(t, freshPath(t), { mergeOperator })
    for (const operand of operands) await db.merge('key', operand)
    assert.deepEqual(Buffer.from((await db.get('key')) ?? []), expected)
    await db.flush()
    assert.deepEqual(Buffer.from(db.getSync('key') ?? []), expected)
    await db.compact()
    assert.deepEqual(Buffer.from(db.getSync('key') ?? []), expected)
  }
})

test('JSON merge patches change members, remove them and replace the whole', async t => {
  const db = await openFor(t, freshPath(t), { mergeOperator: 'jsonMergePatch' })
  const json = async () => JSON.parse(await textOf(db, 'user'))
  await db.put('user', '{"name":"Ada","address":{"city":"London","zip":1}}')
  await db.merge('user', '{"address":{"zip":null,"street":"Dorset"},"age":36}')
  const merged = { name: 'Ada', address: { city: 'London', street: 'Dorset' }, age: 36 }
  assert.deepEqual(await json(), merged)
  await db.flush()
  await db.merge('user', '{"age":null,"__proto__":{"x":1}}')
  await db.flush()
  await db.compact()
  assert.match(await textOf(db, 'user'), /"__proto__":\{"x":1\}/)
  await db.merge('user', '[1]')
  assert.deepEqual(await json(), [1])
  await db.merge('fresh', '{"a":null,"b":{"c":null}}')
  assert.equal(await textOf(db, 'fresh'), '{"b":{}}')
})

test('without an operator merge is refused, and so is one that is none', async t => {
  const db = await openFor(t, freshPath(t))
  await assert.rejects(db.merge('a', '1'), failsWith('INVALID_ARGUMENT', /no merge operator/))
  await assert.rejects(
    db.write([
      { type: 'put', key: 'b', value: '1' },
      { type: 'merge', key: 'a', operand: '1' },
    ]),
    failsWith('INVALID_ARGUMENT', /no merge operator/),
  )
  assert.deepEqual(await rowsOf(db), [])
  for (const wrong of ['add', { name: 'max', delimiter: ',' }, { fullMerge: 1 }, 7]) {
    await assert.rejects(
      openFor(t, freshPath(t), { mergeOperator: wrong as MergeOption }),
      failsWith('INVALID_ARGUMENT', /mergeOperator/),
    )
  }
  const missing = { module: new URL('./no-such-module.ts', import.meta.url) }
  await assert.rejects(
    openFor(t, freshPath(t), { mergeOperator: missing }),
    failsWith('INVALID_ARGUMENT', /cannot be loaded/),
  )
})

test('another operator than the one that the operands are for is refused by both names, and changes nothing', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path, { mergeOperator: 'stringappend' })
  await first.merge('a', '1')
  await first.merge('a', '2')
  await first.close()
  const other = openFor(t, path, { mergeOperator: 'max' })
  await assert.rejects(
    other,
    failsWith('INVALID_ARGUMENT', /MaxOperator.*OPTIONS file.*StringAppendOperator/),
  )
  const again = await openFor(t, path, { mergeOperator: { name: 'stringappend', delimiter: ';' } })
  assert.equal(await textOf(again, 'a'), '1;2')
})

test('an OPTIONS file that breaks off within the operator says nothing about it', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path, { mergeOperator: 'stringappend' })
  await first.merge('a', '1')
  await first.merge('a', '2')
  await first.close()
  for (const name of readdirSync(path).filter(file => file.startsWith('OPTIONS-'))) {
    const text = readFileSync(join(path, name), 'utf8')
    writeFileSync(
      join(path, name),
      text.slice(0, text.indexOf('merge_operator={') + 'merge_operator={'.length),
    )
  }
  const again = await openFor(t, path, { mergeOperator: 'stringappend' })
  assert.equal(await textOf(again, 'a'), '1,2')
})

test('an operator of one’s own is known by the tables that have operands of it, until they have been combined', async t => {
  const path = freshPath(t)
  const first = await openFor(t, path, { mergeOperator: appended })
  await first.merge('a', '1')
  await first.flush()
  await first.close()
  const later = associativeMerge('test.Later', (_key, older) => older)
  const opening = openFor(t, path, { mergeOperator: later })
  await assert.rejects(opening, failsWith('INVALID_ARGUMENT', /test\.Later.*\.sst.*test\.Append/))
  const again = await openFor(t, path, { mergeOperator: appended })
  await again.compact()
  await again.close()
  const changed = await openFor(t, path, { mergeOperator: later })
  assert.equal(await textOf(changed, 'a'), '1')
})

test('an operator that fails costs no data: the reader is told, compaction leaves the operands', async t => {
  const db = await openFor(t, freshPath(t), { mergeOperator: 'uint64add' })
  await db.put('good', counter(1))
  await db.put('bad', 'no counter')
  await db.merge('bad', counter(1))
  await db.merge('good', counter(1))
  for (let turn = 0; turn < 2; turn++) {
    await assert.rejects(db.get('bad'), failsWith('MERGE_FAILED', /UInt64AddOperator failed: .*eight bytes/))
    assert.throws(() => db.getSync('bad'), failsWith('MERGE_FAILED'))
    await assert.rejects(db.entries().toArray(), failsWith('MERGE_FAILED'))
    assert.deepEqual(Buffer.from(db.getSync('good') ?? []), counter(2))
    assert.equal(await db.has('bad'), true)
    await db.flush()
    await db.compact()
  }
  using cursor = db.cursor()
  assert.throws(() => cursor.first(), failsWith('MERGE_FAILED'))
  assert.equal(cursor.valid, false)
  assert.equal(cursor.seek('good'), true)
  await db.put('bad', counter(7))
  assert.deepEqual(Buffer.from(db.getSync('bad') ?? []), counter(7))
})

test('operands of an operator that is given itself are combined by compactions, on its own thread', async t => {
  let merges = 0
  const mergeOperator: MergeOption = {
    name: 'test.Counting',
    fullMerge(key, existing, operands) {
      merges++
      return appended.fullMerge(key, existing, operands)
    },
  }
  const db = await openFor(t, freshPath(t), { mergeOperator })
  for (let i = 0; i < 5000; i++) {
    await db.merge(`key${i}`, 'a')
    await db.merge(`key${i}`, 'b')
  }
  await db.flush()
  assert.equal(merges, 0)
  await db.compact()
  assert.equal(merges, 5000)
  assert.equal(await textOf(db, 'key4999'), 'ab')
  assert.equal(merges, 5000, 'what was merged once is a value')
})

test('a table with operands that no compaction can combine is not compacted again and again', async t => {
  let isFailing = true
  const mergeOperator: MergeOption = {
    name: 'test.Failing',
    fullMerge(key, existing, operands) {
      if (isFailing) throw new Error('not now')
      return appended.fullMerge(key, existing, operands)
    },
  }
  const db = await openFor(t, freshPath(t), { mergeOperator })
  await db.merge('a', '1')
  await db.flush()
  await db.compact()
  await db.put('b', '1')
  db.snapshot().close()
  await db.put('b', '2')
  const { compactions } = db.statistics()
  for (let turn = 0; turn < 20; turn++) {
    db.snapshot().close()
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  assert.equal(db.statistics().compactions, compactions)
  isFailing = false
  assert.equal(await textOf(db, 'a'), '1')
})

const operators: Record<string, MergeOption> = {
  'known to threads by name': { name: 'stringappend', delimiter: '' },
  'given itself': appended,
  'without partial merge': { name: 'test.Full', fullMerge: appended.fullMerge },
  'of a module': { module: new URL('./append-operator.ts', import.meta.url) },
}

for (const [name, mergeOperator] of Object.entries(operators)) {
  test(`an operator ${name} gives the same at every moment, however operands, values and tombstones are spread`, async t => {
    const weights = { put: 15, merge: 55, delete: 12, deleteRange: 3 }
    for (let seed = 1; seed <= 4; seed++) await playHistory(t, seed, 600, weights, { mergeOperator })
  })
}

test('an operand that is in a memtable and, already, in a table that is being opened counts once', async t => {
  const opening = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  class SlowToOpen extends NodeFileSystem {
    override async open(path: string, mode: OpenMode) {
      if (path.endsWith('.sst')) {
        opening.resolve()
        await gate.promise
      }
      return super.open(path, mode)
    }
  }
  const options = { mergeOperator: 'stringappend', disableAutoCompactions: true } as const
  t.after(() => gate.resolve())
  const db = await openFor(t, freshPath(t), options, worldWith({}, new SlowToOpen()))
  await db.put('key', 'first')
  await db.merge('key', 'second')
  const flushed = db.flush()
  await opening.promise
  // The MANIFEST has the table. Sealing the next memtable gives readers something new to look at.
  await db.merge('key', 'third')
  const sealed = db.flush()
  await setImmediate()
  // Blocking: a reader that meets the table does not wait for the gate.
  const values = [...db.values()].map(value => Buffer.from(value).toString())
  gate.resolve()
  assert.deepEqual(values, ['first,second,third'])
  await Promise.all([flushed, sealed])
  assert.equal(await textOf(db, 'key'), 'first,second,third')
})

/** Opens tables only when it is told to. */
class SlowTables extends NodeFileSystem {
  gate: Promise<void> = Promise.resolve()
  asked = 0

  override async open(path: string, mode: OpenMode) {
    if (path.endsWith('.sst')) this.asked++
    if (path.endsWith('.sst')) await this.gate
    return super.open(path, mode)
  }
}

test('operands are not merged twice while the table of a flush is being opened', async t => {
  const fs = new SlowTables()
  const options = {
    mergeOperator: 'stringappend',
    writeBufferSize: 65_536,
    maxWriteBufferNumber: 5,
    disableAutoCompactions: true,
  } as const
  const db = await openFor(t, freshPath(t), options, worldWith({}, fs))
  for (let i = 0; i < 2; i++) {
    await db.put('other', `${i}`)
    await db.flush()
  }
  await db.merge('a', '1')
  await db.merge('a', '2')
  const { promise, resolve: openTables } = Promise.withResolvers<void>()
  fs.gate = promise
  const before = fs.asked
  const flush = db.flush()
  while (fs.asked === before) await sleep(1)
  const read = () =>
    [...db.values({ start: 'a', end: 'b' })].map(value => Buffer.from(value).toString()).join()
  const seen = [read()]
  await db.put('full', 'x'.repeat(70_000))
  await db.put('seals', 'the memtable')
  seen.push(read())
  const [{ number }] = db.liveFiles()
  const compaction = db.compactFiles([number], 0)
  while (fs.asked === before + 1) await sleep(1)
  seen.push(read())
  openTables()
  await Promise.all([flush, compaction])
  assert.deepEqual(seen, ['1,2', '1,2', '1,2'])
  await db.flush()
  assert.equal(await textOf(db, 'a'), '1,2')
  assert.equal(db.property('rocksdb.num-immutable-mem-table'), '0')
})
