import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isVarveError } from '@varve/format/errors'
import { fileRecord, versionOf } from '../compaction/fake-files.test-support.ts'
import { applyEdit } from './version-builder.ts'

const file = (number: number, smallest: string, largest: string, level = 1) =>
  fileRecord(number, smallest, largest, { level })

const base = versionOf([
  [
    { number: 103, keys: ['a', 'z'], epochNumber: 3 },
    { number: 102, keys: ['a', 'z'], epochNumber: 2 },
  ],
  [
    { number: 110, keys: ['b', 'd'] },
    { number: 111, keys: ['h', 'k'] },
    { number: 112, keys: ['p', 'q'] },
  ],
])

const numbers = (files: readonly { number: number }[]) => files.map(({ number }) => number)

function refuses(edit: Parameters<typeof applyEdit>[1], what: RegExp): void {
  assert.throws(
    () => applyEdit(base, edit, 'MANIFEST-000005'),
    error =>
      isVarveError(error, 'CORRUPTION') && what.test(error.message) && error.file === 'MANIFEST-000005',
  )
}

describe('an edit makes the next version', () => {
  test('files come into their place, and go', () => {
    const edit = {
      deletedFiles: [{ level: 1, number: 111 }],
      newFiles: [file(120, 'e', 'f'), file(121, 'g', 'm'), file(104, 'c', 'c', 0)],
    }
    const delta = applyEdit(base, edit, 'm')
    assert.deepEqual(numbers(delta.levels[1]), [110, 120, 121, 112])
    assert.deepEqual(numbers(delta.levels[0]), [104, 103, 102])
    assert.deepEqual([numbers(delta.added), numbers(delta.removed)], [[120, 121, 104], [111]])
    assert.deepEqual(delta.levelBytes.slice(0, 3), [3000, 4000, 0])
  })

  test('in level 0 the epoch decides, not the number: what was rewritten there is as old as before', () => {
    const rewritten = fileRecord(130, 'a', 'z', { level: 0, epochNumber: 2 })
    const delta = applyEdit(base, { deletedFiles: [{ level: 0, number: 102 }], newFiles: [rewritten] }, 'm')
    assert.deepEqual(numbers(delta.levels[0]), [103, 130])
  })

  test('levels that it leaves alone are not copied', () => {
    const delta = applyEdit(base, { deletedFiles: [{ level: 1, number: 111 }] }, 'm')
    assert.equal(delta.levels[0], base.levels[0])
    assert.notEqual(delta.levels[1], base.levels[1])
  })

  test('a file deleted in one level and added in another is moved, and stays the same object', () => {
    const moved = base.levels[1][1]
    const edit = { deletedFiles: [{ level: 1, number: 111 }], newFiles: [{ ...moved.record, level: 3 }] }
    const delta = applyEdit(base, edit, 'm')
    assert.equal(delta.levels[3][0], moved)
    assert.deepEqual([delta.added, delta.removed, delta.moved.length], [[], [], 1])
    assert.equal(moved.level, 1, 'not before the edit is installed')
  })

  test('one that does not fit is refused with the numbers of the files', () => {
    refuses({ deletedFiles: [{ level: 1, number: 999 }] }, /#999.*not in level 1/)
    refuses({ deletedFiles: [{ level: 0, number: 110 }] }, /#110.*not in level 0/)
    refuses({ newFiles: [file(110, 'x', 'y')] }, /#110.*there already/)
    refuses({ newFiles: [file(130, 'x', 'y'), file(130, 'r', 's')] }, /#130 twice/)
    refuses({ newFiles: [file(130, 'd', 'e')] }, /#110 and #130 of level 1 overlap/)
    refuses({ newFiles: [file(130, 'a', 'x')] }, /#130 and #110 of level 1 overlap/)
    refuses({ newFiles: [file(130, 'y', 'x')] }, /#130 of level 1 ends before it begins/)
    refuses({ newFiles: [file(0, 'x', 'y')] }, /number 0/)
    refuses({ newFiles: [{ ...file(104, 'a', 'b', 0), epochNumber: 3 }] }, /same epoch 3/)
  })

  test('one for a level that does not exist names the option', () => {
    assert.throws(
      () => applyEdit(base, { newFiles: [file(130, 'x', 'y', 7)] }, 'm'),
      error => isVarveError(error, 'INVALID_ARGUMENT') && /#130 is in level 7/.test(error.message),
    )
  })

  test('a user key may end one file and begin the next, newer versions first', () => {
    const newer = fileRecord(130, 'r', 't', { smallestSequence: 500, largestSequence: 600 })
    const older = fileRecord(131, 't', 'v', { smallestSequence: 300, largestSequence: 400 })
    assert.deepEqual(
      numbers(applyEdit(base, { newFiles: [older, newer] }, 'm').levels[1]).slice(3),
      [130, 131],
    )
    refuses(
      { newFiles: [fileRecord(130, 'r', 't', { smallestSequence: 300, largestSequence: 600 }), older] },
      /overlap/,
    )
  })
})
