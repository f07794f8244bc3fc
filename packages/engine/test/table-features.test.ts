/** What the options of a column family make of its tables. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tableName } from '@varve/format/names'
import { MemorySource, readTableLayout, type TableLayout } from '@varve/format/sst'
import { type Database, type OpenOptions, verifyDatabase } from '../index.ts'
import { freshPath, numberedKey, openFor, rowsOf } from './support.ts'

/** Rows that compress well, but hardly within one of them. */
function rows(from: number, to: number): [string, string][] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = (from + i) * 7919
    return [numberedKey(from + i), `{"user": ${n}, "name": "somebody", "mail": "${n % 977}@example.org"}`]
  })
}

async function fill(db: Database, from: number, to: number): Promise<void> {
  await db.write(rows(from, to).map(([key, value]) => ({ type: 'put' as const, key, value })))
  await db.flush()
}

/** The layouts of all tables, by level. */
function layouts(db: Database): Map<number, TableLayout[]> {
  const byLevel = new Map<number, TableLayout[]>()
  for (const { level, number } of db.liveFiles()) {
    const name = tableName(number)
    const bytes = new Uint8Array(readFileSync(join(db.path, name)))
    const others = byLevel.get(level) ?? []
    byLevel.set(level, [...others, readTableLayout(new MemorySource(bytes, name))])
  }
  return byLevel
}

function compressionOptions(layout: TableLayout): string | undefined {
  return layout.properties?.text('rocksdb.compression_options')
}

const manual = { disableAutoCompactions: true, blockSize: 512 }

test('tables of every level have dictionaries, which make them smaller, and read the same', async t => {
  const sizes: number[] = []
  for (const compressionMaxDictBytes of [0, 4096]) {
    const db = await openFor(t, freshPath(t), { ...manual, compression: 'zstd', compressionMaxDictBytes })
    await fill(db, 0, 2000)
    await fill(db, 1000, 3000)
    const [flushed] = layouts(db).get(0)!
    assert.equal(flushed.dictionary?.size, compressionMaxDictBytes || undefined)
    await db.compact()
    const [[level, compacted]] = layouts(db)
    assert.ok(level > 0)
    for (const { dictionary } of compacted)
      assert.equal(dictionary?.size, compressionMaxDictBytes || undefined)
    assert.deepEqual(await rowsOf(db), rows(0, 3000))
    sizes.push(db.liveFiles().reduce((sum, { size }) => sum + size, 0))
    await db.close()
    assert.deepEqual((await verifyDatabase(db.path, { deep: true })).problems, [])
  }
  assert.ok(sizes[1] < 0.8 * sizes[0], `${sizes} bytes`)
})

test('the last level has settings of its own when one of them is given', async t => {
  const db = await openFor(t, freshPath(t), {
    ...manual,
    compression: 'lz4',
    bottommostCompression: 'zlib',
    bottommostCompressionLevel: 9,
    bottommostCompressionMaxDictBytes: 777,
  })
  await fill(db, 0, 2000)
  await fill(db, 1000, 3000)
  for (const layout of layouts(db).get(0)!) {
    assert.equal(layout.properties?.compression, 'LZ4')
    assert.equal(layout.dictionary, undefined)
    assert.match(compressionOptions(layout) ?? '', /level=32767; .*max_dict_bytes=0;/)
  }
  await db.compact()
  const [[level, compacted]] = layouts(db)
  assert.ok(level > 0)
  for (const layout of compacted) {
    assert.equal(layout.properties?.compression, 'Zlib')
    assert.equal(layout.dictionary?.size, 777)
    assert.match(compressionOptions(layout) ?? '', /level=9; .*max_dict_bytes=777;/)
  }
  assert.deepEqual(await rowsOf(db), rows(0, 3000))
})

test('a dictionary is for the last level only when only that is to have one', async t => {
  const db = await openFor(t, freshPath(t), { ...manual, bottommostCompressionMaxDictBytes: 1000 })
  await fill(db, 0, 2000)
  await fill(db, 0, 2000)
  for (const { dictionary } of layouts(db).get(0)!) assert.equal(dictionary, undefined)
  await db.compact()
  for (const compacted of layouts(db).values())
    for (const { dictionary } of compacted) assert.equal(dictionary?.size, 1000)
})

test('the last level has no filters when they are to be for hits, and all others have', async t => {
  for (const optimizeFiltersForHits of [false, true]) {
    const db = await openFor(t, freshPath(t), { ...manual, optimizeFiltersForHits })
    await fill(db, 0, 1000)
    await fill(db, 0, 1000)
    await db.compact()
    await fill(db, 500, 1500)
    const byLevel = layouts(db)
    assert.equal(byLevel.size, 2)
    for (const [level, tables] of byLevel) {
      for (const { filter } of tables) assert.equal(filter === undefined, optimizeFiltersForHits && level > 0)
    }
    assert.deepEqual(await rowsOf(db), rows(0, 1500))
    assert.equal(await db.get(numberedKey(1500)), undefined)
    assert.ok((await db.get(numberedKey(2))) !== undefined)
  }
})

test('a scan of a prefix finds what is there, whatever the tables know about prefixes', async t => {
  const path = freshPath(t)
  const words = ['a', 'ab', 'abc', 'abcd', 'abcde', 'abd', 'b', 'bcd']
  const expected: [string, string][] = []
  // Each with another rule, and all read with each of the rules, and with none.
  const rules = [{ fixed: 2 }, { fixed: 4 }, { capped: 2 }, { capped: 3 }, undefined, 'nullptr']
  for (const [i, prefixExtractor] of rules.entries()) {
    const db = await openFor(t, path, {
      ...manual,
      prefixExtractor,
      wholeKeyFiltering: i % 2 === 0,
    } as OpenOptions)
    for (const word of words) {
      await db.put(`${word}/${i}`, word)
      expected.push([`${word}/${i}`, word])
    }
    await db.flush()
    await db.close()
  }
  expected.sort(([a], [b]) => (a < b ? -1 : 1))
  for (const prefixExtractor of rules) {
    const db = await openFor(t, path, { ...manual, prefixExtractor } as OpenOptions)
    for (const prefix of [...words, '', 'abcd/', 'abx', 'c']) {
      const found = expected.filter(([key]) => key.startsWith(prefix))
      assert.deepEqual(
        await rowsOf(db, { prefix }),
        found,
        `${prefix} with ${JSON.stringify(prefixExtractor)}`,
      )
      using cursor = db.cursor({ prefix })
      assert.equal(cursor.first(), found.length > 0)
      assert.equal(cursor.last(), found.length > 0)
    }
    for (const [key, value] of expected) assert.equal((await db.get(key))?.length, value.length)
    assert.equal(await db.get('abcd/9'), undefined)
    await db.close()
  }
})

test('tables from a level on have Ribbon filters, those above it Bloom filters', async t => {
  const markers = { bloom: 0xff, ribbon: 0xfe }
  for (const [bloomBeforeLevel, flushed, compacted] of [
    [-1, 'ribbon', 'ribbon'],
    [0, 'bloom', 'ribbon'],
    [99, 'bloom', 'bloom'],
  ] as const) {
    const options: OpenOptions = { ...manual, filterPolicy: 'ribbonfilter', bloomBeforeLevel }
    const db = await openFor(t, freshPath(t), options)
    await fill(db, 0, 2000)
    await fill(db, 0, 2000)
    await db.compact()
    await fill(db, 1000, 3000)
    for (const [level, tables] of layouts(db)) {
      for (const { filter, file, properties } of tables) {
        const bytes = readFileSync(join(db.path, file!))
        const marker = bytes[filter!.offset + filter!.size - 5]
        assert.equal(
          marker,
          markers[level === 0 ? flushed : compacted],
          `level ${level} for ${bloomBeforeLevel}`,
        )
        assert.equal(properties?.filterPolicy, 'ribbonfilter')
      }
    }
    assert.deepEqual(await rowsOf(db), rows(0, 3000))
    for (const [key, value] of rows(0, 3000)) assert.equal(db.getSync(key)?.length, value.length)
    assert.equal(await db.get('no such key'), undefined)
  }
})
