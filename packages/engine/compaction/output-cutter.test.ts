import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeUtf8, prefixWord } from '@varve/format/bytes'
import { FileMeta } from '../version/file-meta.ts'
import { fileRecord } from './fake-files.test-support.ts'
import { packKeyRanges } from './key-ranges.ts'
import { type CutRules, OutputCutter } from './output-cutter.ts'

const rules: CutRules = {
  outputLevel: 1,
  targetFileSize: 1000,
  maxOutputFileSize: 2000,
  maxCompactionBytes: 25_000,
}

/** Cuts the keys, each of `entrySize` bytes, into files: `ab cd` for two files of two keys. */
function cut(
  keys: string,
  entrySize: number,
  own: Partial<CutRules>,
  grandparents: [string, string, number][] = [],
) {
  const files = grandparents.map(
    ([smallest, largest, size], i) => new FileMeta(fileRecord(i + 1, smallest, largest, { size })),
  )
  const cutter = new OutputCutter({ ...rules, ...own }, packKeyRanges(files))
  const outputs: string[] = []
  let size = 0
  for (const key of keys) {
    const bytes = encodeUtf8(key)
    const high = prefixWord(bytes, 0, bytes.length)
    if (
      cutter.cutsBefore(bytes, bytes.length, high, prefixWord(bytes, 4, bytes.length), size) ||
      size === 0
    ) {
      outputs.push('')
      size = 0
    }
    outputs[outputs.length - 1] += key
    size += entrySize
  }
  return outputs.join(' ')
}

describe('where a compaction ends its output files', () => {
  test('at the size, when there is nothing below', () => {
    assert.equal(cut('abcdefgh', 500, { maxOutputFileSize: 1000 }), 'ab cd ef gh')
  })

  test('never in level 0', () => {
    assert.equal(cut('abcdefgh', 5000, { outputLevel: 0 }), 'abcdefgh')
  })

  test('at the latest at twice the size, when no boundary below comes', () => {
    assert.equal(cut('abcdefghij', 500, {}, [['a', 'z', 1000]]), 'abcd efgh ij')
  })

  test('at a boundary below, once half the size is reached', () => {
    assert.equal(
      cut('abcdefgh', 200, {}, [
        ['a', 'c', 1000],
        ['d', 'z', 1000],
      ]),
      'abc defgh',
    )
    assert.equal(
      cut('abcdefgh', 100, {}, [
        ['a', 'c', 1000],
        ['d', 'z', 1000],
      ]),
      'abcdefgh',
    )
  })

  test('before it overlaps so much below that its next compaction would be too large', () => {
    const below: [string, string, number][] = [
      ['a', 'b', 9000],
      ['c', 'd', 9000],
      ['e', 'f', 9000],
    ]
    assert.equal(cut('abcdef', 10, {}, below), 'abcd ef')
  })

  test('so that a file below with none of the keys is skipped later', () => {
    const below: [string, string, number][] = [
      ['b', 'd', 100],
      ['k', 'm', 200],
      ['v', 'x', 100],
    ]
    assert.equal(cut('acuw', 10, {}, below), 'ac uw')
    assert.equal(
      cut('acuw', 10, {}, [
        ['b', 'd', 100],
        ['k', 'm', 100],
        ['v', 'x', 100],
      ]),
      'acuw',
    )
  })
})
