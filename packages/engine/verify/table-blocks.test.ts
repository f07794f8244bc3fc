/** What `verify` concludes from a table's filter about the format_version, which nothing else protects. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bytewise } from '@varve/format/key'
import { FOOTER_LENGTH, MemorySource, readTableLayout } from '@varve/format/sst'
import { open } from '../db/open.ts'
import { nodeRuntime } from '../runtime/index.ts'
import { TableFilters } from './table-blocks.ts'
import { verifyDatabase } from './verify-database.ts'

const smallRibbon = new URL('../../../testdata/rocksdb/7.8.3/small-ribbon/', import.meta.url)

/** In the footer, counted from the end of the file. */
const VERSION_FROM_END = 12

function freshDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'varve-filters-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'db')
}

function tablesIn(directory: string): string[] {
  const names = readdirSync(directory).filter(name => name.endsWith('.sst'))
  return names.sort().map(name => join(directory, name))
}

function filterOf(path: string) {
  const source = new MemorySource(readFileSync(path))
  const layout = readTableLayout(source)
  const { hasFastLocalBloom } = new TableFilters(source, layout, bytewise)
  return { version: layout.footer.formatVersion, policy: layout.properties?.filterPolicy, hasFastLocalBloom }
}

test('the Ribbon policy builds the Bloom filter of format_version 5 at any version, and that is no damage', async t => {
  const directory = freshDirectory(t)
  cpSync(smallRibbon, directory, { recursive: true })
  assert.deepEqual(
    tablesIn(directory).map(filterOf),
    [2, 3, 4].map(version => ({ version, policy: 'ribbonfilter', hasFastLocalBloom: true })),
  )
  const { files, problems, notes } = await verifyDatabase(directory)
  assert.deepEqual({ problems, notes }, { problems: [], notes: [] })
  assert.equal(files.filter(({ kind }) => kind === 'table').length, 3)
})

test('the Bloom policy builds it from format_version 5 on, so an earlier one is damage', async t => {
  const directory = freshDirectory(t)
  const db = await open(directory, { bloomBitsPerKey: 10 }, nodeRuntime({ workers: 1 }))
  await db.put('key', 'value')
  await db.flush()
  await db.close()
  const [table] = tablesIn(directory)
  assert.deepEqual(filterOf(table), { version: 5, policy: 'bloomfilter', hasFastLocalBloom: true })
  const bytes = readFileSync(table)
  bytes[bytes.length - VERSION_FROM_END] = 4
  writeFileSync(table, bytes)
  const { problems } = await verifyDatabase(directory)
  const offset = bytes.length - FOOTER_LENGTH
  assert.deepEqual(problems, [
    { file: table, offset, message: 'the contents are not those of format_version 4' },
  ])
})
