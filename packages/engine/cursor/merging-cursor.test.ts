import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8 } from '@varve/format/bytes'
import { sequenceOfTrailer } from '@varve/format/key'
import fc from 'fast-check'
import { type InternalCursor, SeekTarget, Step } from './cursor.ts'
import { driveSync } from './driver.ts'
import { compareEntries, type FakeEntry, FakeRun } from './fake-run.test-support.ts'
import { MergingCursor, mergeCursors } from './merging-cursor.ts'

const missing = fc.infiniteStream(fc.boolean())

/** Entries with distinct sequences, dealt to `runs` runs. */
const dealtRuns = fc
  .array(
    fc.record({ key: fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 9 }), run: fc.nat(4) }),
    {
      maxLength: 60,
    },
  )
  .map(dealt =>
    dealt.map(({ key, run }, index) => ({
      run,
      entry: { key: encodeUtf8(key), sequence: index + 1, type: 1, value: encodeUtf8(`${index}`) },
    })),
  )

const movements = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'first',
      'last',
      'next',
      'next',
      'next',
      'prev',
      'prev',
      'prev',
      'seek',
      'seekForPrev',
    ),
    key: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }),
    sequence: fc.nat(60),
  }),
  { maxLength: 40 },
)

test('a merge moves like one sorted array, in both directions, whatever has to be loaded', () => {
  fc.assert(
    fc.property(dealtRuns, movements, missing, (dealt, moves, coins) => {
      const isMissing = () => coins.next().value === true
      const runs = [0, 1, 2, 3, 4].map(
        run =>
          new FakeRun(
            dealt.filter(each => each.run === run).map(each => each.entry),
            isMissing,
          ),
      )
      const model = dealt.map(each => each.entry).sort(compareEntries)
      const cursor = new MergingCursor(runs)
      let at = -1
      for (const { kind, key, sequence } of moves) {
        const target = new SeekTarget().set(encodeUtf8(key), 0, key.length, sequence)
        if ((kind === 'next' || kind === 'prev') && !cursor.valid) continue
        at = moveModel(model, at, kind, key, sequence)
        const step = driveSync(() => move(cursor, kind, target), cursor)
        assert.equal(step === Step.moved, at >= 0 && at < model.length)
        assert.equal(cursor.valid, step === Step.moved)
        if (cursor.valid) assertEntry(cursor, model[at])
      }
    }),
    { numRuns: 300 },
  )
})

test('a merge of one run is that run', () => {
  const run = new FakeRun([])
  assert.equal(mergeCursors([run]), run)
})

test('a merge of nothing ends at once', () => {
  const cursor = mergeCursors([])
  assert.equal(cursor.first(), Step.ended)
  assert.equal(cursor.last(), Step.ended)
})

function move(cursor: InternalCursor, kind: string, target: SeekTarget): Step {
  if (kind === 'seek') return cursor.seek(target)
  if (kind === 'seekForPrev') return cursor.seekForPrev(target)
  return cursor[kind as 'first' | 'last' | 'next' | 'prev']()
}

function moveModel(model: FakeEntry[], at: number, kind: string, key: string, sequence: number): number {
  if (kind === 'first') return 0
  if (kind === 'last') return model.length - 1
  if (kind === 'next') return at + 1
  if (kind === 'prev') return at - 1
  const target = { key: encodeUtf8(key), sequence, type: 0, value: encodeUtf8('') }
  // A target of `SeekTarget.set` stands before an entry of the same sequence.
  if (kind === 'seek') return model.findIndex(entry => compareEntries(entry, target) >= 0)
  return model.findLastIndex(entry => compareEntries(entry, target) < 0)
}

function assertEntry(cursor: InternalCursor, entry: FakeEntry): void {
  assert.deepEqual(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd), entry.key)
  assert.deepEqual(cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd), entry.value)
  assert.equal(sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh), entry.sequence)
}
