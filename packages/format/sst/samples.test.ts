import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toHex } from '../bytes/index.ts'
import { matchGolden } from '../dump/golden.ts'
import { openFilter } from '../filter/index.ts'
import { compareInternalKeys } from '../key/index.ts'
import { globalSequence, MemorySource, readBlockPayload, readRangeDeletions, TableScan } from './index.ts'
import { rowsOf } from './test/rows.ts'
import { sampleTables } from './test/sample-tables.ts'

describe('tables written by C++ RocksDB', () => {
  const tables = sampleTables()

  it('decode to the rows that sst_dump prints', () => {
    // The rows of 7.8.3 tables have been compared with its sst_dump; the oracle test does so again.
    const lines = tables.flatMap(({ name, bytes }) => [name, ...rowsOf(bytes), ''])
    matchGolden(new URL('./golden/sample-rows.txt', import.meta.url), lines)
  })

  for (const { name, bytes } of tables) {
    const source = new MemorySource(bytes, name)

    it(`hold as many entries as ${name} says it does`, () => {
      const { properties } = new TableScan(source).layout
      const rangeDeletions = readRangeDeletions(source, new TableScan(source).layout).length
      assert.equal(rowsOf(bytes).length, properties?.entries)
      assert.equal(rangeDeletions, properties?.rangeDeletions)
    })

    // Timestamps order keys otherwise; nothing here sorts by them yet.
    if (name.includes('udt ')) continue
    it(`find every key of ${name} by seeking`, () => {
      const scan = new TableScan(source)
      const probe = new TableScan(source)
      let before: Uint8Array | undefined
      for (let on = scan.first(); on; on = scan.next()) {
        const { keyBytes, keyLength, trailerLow, trailerHigh } = scan.cursor
        assert.ok(probe.seek(keyBytes, 0, keyLength - 8, trailerLow, trailerHigh))
        assert.equal(toHex(probe.cursor.key()), toHex(scan.cursor.key()))
        if (before !== undefined)
          assert.ok(compareInternalKeys(before, 0, before.length, keyBytes, 0, keyLength) < 0)
        before = scan.cursor.key()
      }
    })

    it(`match every key of ${name} with its filter`, () => {
      const scan = new TableScan(source)
      const { filter, filterPartitioned, footer } = scan.layout
      if (filter === undefined || filterPartitioned) return
      const reader = openFilter(readBlockPayload(source, filter, footer, 'filter'))
      for (let on = scan.first(); on; on = scan.next()) {
        assert.ok(reader.mayMatch(scan.cursor.keyBytes, 0, scan.cursor.keyLength - 8))
      }
    })
  }

  it('take the global sequence number of an ingested table from its properties or else the MANIFEST', () => {
    const ingested = tables.find(({ name }) => name === '7.8.3/ingest 000011.sst')
    const own = tables.find(({ name }) => name === '7.8.3/tiny 000009.sst')
    assert.ok(ingested !== undefined && own !== undefined)
    const { properties } = new TableScan(new MemorySource(ingested.bytes)).layout
    assert.equal(globalSequence(properties, 0), 4)
    assert.equal(globalSequence(properties, 4), 4)
    assert.throws(() => globalSequence(properties, 5), { code: 'CORRUPTION' })
    assert.equal(globalSequence(new TableScan(new MemorySource(own.bytes)).layout.properties, 7), undefined)
  })
})
