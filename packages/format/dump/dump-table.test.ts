import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemorySource } from '../sst/index.ts'
import { annotatedTable, sampleTables } from '../sst/test/sample-tables.ts'
import { matchGolden } from './golden.ts'
import { dumpTable } from './index.ts'

function dumpLines(bytes: Uint8Array, maxBytes?: number): string[] {
  const lines: string[] = []
  dumpTable(new MemorySource(bytes, 'table'), line => lines.push(line), { maxBytes })
  return lines
}

/** The bytes that a dump shows, by their offsets. */
function shownBytes(lines: string[], size: number): Uint8Array {
  const shown = new Uint8Array(size)
  let count = 0
  for (const line of lines) {
    const match = /^([0-9a-f]{5,}) {2}((?:[0-9a-f]{2} )*[0-9a-f]{2}) /.exec(line)
    if (match === null) continue
    const bytes = match[2].split(' ').map(hex => Number.parseInt(hex, 16))
    shown.set(bytes, Number.parseInt(match[1], 16))
    count += bytes.length
  }
  assert.equal(count, size, 'every byte is listed once')
  return shown
}

/** Our words where they differ from the hand-made vectors'. */
function inOurWords(line: string): string {
  return line
    .replace(/value = string "\\x01"$/, 'value = varint64 1')
    .replace(/bloom bit array 64 bytes$/, 'filter data, 64 bytes')
    .replace(/probes=6, 00 00$/, 'probes=6')
    .replace(/^(--- fullfilter.* offset 116) payload/, '$1 (0x74) payload')
}

describe('the dump of a table', () => {
  for (const name of [
    'sst_tiny_annotated_fv5',
    'sst_tiny_annotated_fv7',
    'sst_bloom_rangedel_annotated_fv5',
  ]) {
    it(`says of ${name} what the vector says`, () => {
      const { lines, bytes } = annotatedTable(`${name}.txt`)
      const expected = lines.map(inOurWords)
      const filterTrailer = expected.findIndex(line => line.endsWith('trailer: type + checksum'))
      if (filterTrailer >= 0) {
        expected.splice(
          filterTrailer,
          1,
          '000b9  00                                               trailer: compression type 0',
          '000ba  91 2f cc e3                                      trailer: checksum 0xe3cc2f91',
        )
      }
      assert.deepEqual(dumpLines(bytes), expected)
    })
  }

  for (const { name, bytes } of sampleTables()) {
    it(`lists every byte of ${name} once`, () => {
      assert.deepEqual(shownBytes(dumpLines(bytes), bytes.length), bytes)
    })
  }

  const golden = [
    '7.8.3/hashidx',
    '7.8.3/ingest',
    '11.9.0/sepkv',
    '11.9.0/udt ',
    '11.9.0/rangedel',
    '7.8.3/idx2',
  ]
  for (const prefix of golden) {
    it(`reads well for ${prefix}`, () => {
      const table = sampleTables().findLast(({ name }) => name.startsWith(prefix))
      assert.ok(table !== undefined)
      const file = `./golden/table-${table.name.replaceAll(/[/ ]/g, '-')}.txt`
      matchGolden(new URL(file, import.meta.url), dumpLines(table.bytes, 64).slice(0, 700))
    })
  }
})
