import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isVarveError } from '@varve/format/errors'
import type { BlobAddition, BlobGarbage } from '@varve/format/manifest'
import fc from 'fast-check'
import { applyToBlobFiles, type BlobFileState, findBlobFile } from './blob-file-meta.ts'

const none = { removed: [], added: [], hasTables: true }

function addition(number: number, totalCount = 10): BlobAddition {
  return {
    number,
    totalCount,
    totalBytes: 100 * totalCount,
    checksumMethod: '',
    checksumValue: new Uint8Array(),
  }
}

function garbage(number: number, garbageCount: number): BlobGarbage {
  return { number, garbageCount, garbageBytes: 100 * garbageCount }
}

function table(
  number: number,
  oldestBlobFileNumber: number,
): { number: number; oldestBlobFileNumber: number } {
  return { number, oldestBlobFileNumber }
}

function numbers(files: readonly BlobFileState[]): number[] {
  return files.map(({ file }) => file.number)
}

/** 10 to 13; a table each refers to 11 and to 13. */
function four(): readonly BlobFileState[] {
  const edit = { blobAdditions: [13, 10, 12, 11].map(number => addition(number)) }
  return applyToBlobFiles([], edit, { ...none, added: [table(1, 11), table(2, 13)] }, 'M').files
}

function refused(edit: Parameters<typeof applyToBlobFiles>[1], tables = none, base = four()): RegExp {
  try {
    applyToBlobFiles(base, edit, tables, 'M')
  } catch (error) {
    if (!isVarveError(error, 'CORRUPTION')) throw error
    return new RegExp(error.message)
  }
  throw new Error('nothing was refused')
}

describe('which blob files a version keeps', () => {
  test('those older than all that a table is linked to go, and so they do when a table goes', () => {
    assert.deepEqual(numbers(four()), [11, 12, 13])
    const change = applyToBlobFiles(four(), {}, { ...none, removed: [table(1, 11)] }, 'M')
    assert.deepEqual(numbers(change.files), [13])
    assert.deepEqual(
      change.removed.map(({ number }) => number),
      [11, 12],
    )
  })

  test('of the others those go that are all garbage and that no table is linked to', () => {
    const change = applyToBlobFiles(four(), { blobGarbage: [garbage(12, 4), garbage(12, 5)] }, none, 'M')
    assert.deepEqual(numbers(change.files), [11, 12, 13])
    assert.equal(findBlobFile(change.files, 12)?.garbageBytes, 900)
    const last = applyToBlobFiles(change.files, { blobGarbage: [garbage(12, 1)] }, none, 'M')
    assert.deepEqual(numbers(last.files), [11, 13])
    assert.equal(findBlobFile(last.files, 12), undefined)
  })

  test('without a linked table all stay that are not all garbage; without any table all go', () => {
    const tables = { ...none, removed: [table(1, 11), table(2, 13)] }
    assert.deepEqual(
      numbers(applyToBlobFiles(four(), { blobGarbage: [garbage(12, 10)] }, tables, 'M').files),
      [11, 13],
    )
    assert.deepEqual(numbers(applyToBlobFiles(four(), {}, { ...tables, hasTables: false }, 'M').files), [])
  })

  test('what an edit changes nothing of is the same', () => {
    const none: readonly BlobFileState[] = []
    assert.equal(applyToBlobFiles(none, {}, { removed: [], added: [], hasTables: true }, 'M').files, none)
    const files = four()
    const after = applyToBlobFiles(
      files,
      { blobAdditions: [addition(14)] },
      { ...none, removed: [], added: [], hasTables: true },
      'M',
    )
    for (const number of [11, 12, 13])
      assert.equal(findBlobFile(after.files, number)?.file, findBlobFile(files, number)?.file)
  })

  test('an edit that does not fit is refused', () => {
    assert.match('cannot add blob file #12 twice in M', refused({ blobAdditions: [addition(12)] }))
    assert.match('a blob file has the number 0 in M', refused({ blobAdditions: [addition(0)] }))
    assert.match(
      'garbage in blob file #9, which does not exist in M',
      refused({ blobGarbage: [garbage(9, 1)] }),
    )
    assert.match(
      'blob file #12 has more garbage than it has values in M',
      refused({ blobGarbage: [garbage(12, 11)] }),
    )
    assert.match(
      'blob file #11 is all garbage, and a table refers to it in M',
      refused({ blobGarbage: [garbage(11, 10)] }),
    )
    const tables = { ...none, added: [table(3, 9)] }
    assert.match(
      'table file #3 refers to blob file #9, which does not exist in M',
      refused({}, tables as typeof none),
    )
  })
})

test('a file of any number is found, and no other', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 40 })),
      fc.integer({ min: 0, max: 41 }),
      (some, wanted) => {
        const edit = { blobAdditions: some.map(number => addition(number)) }
        const { files } = applyToBlobFiles([], edit, none, 'M')
        assert.equal(findBlobFile(files, wanted)?.file.number, some.includes(wanted) ? wanted : undefined)
      },
    ),
  )
})
