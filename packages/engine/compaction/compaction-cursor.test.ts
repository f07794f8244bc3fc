import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concatBytes, decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { ValueType } from '@varve/format/key'
import fc from 'fast-check'
import type { FilterContext, FilterDecision } from '../compaction-filter/index.ts'
import { type FakeEntry, FakeRun } from '../cursor/fake-run.test-support.ts'
import { mergeCursors } from '../cursor/index.ts'
import { associativeMerge } from '../merge/index.ts'
import { RangeTombstones } from '../tombstone/index.ts'
import { FileMeta } from '../version/file-meta.ts'
import { CompactionCursor, type CompactionExtras, type CompactionRules } from './compaction-cursor.ts'
import { EntryFilter } from './entry-filter.ts'
import { fileRecord } from './fake-files.test-support.ts'
import { packKeyRanges } from './key-ranges.ts'

const { Value, Deletion, SingleDeletion, WideColumnEntity, Merge, BlobIndex, RangeDeletion } = ValueType

const flush: CompactionRules = { snapshots: [], bottommost: false, zeroSequences: false }
const bottom: CompactionRules = { snapshots: [], bottommost: true, zeroSequences: true }

/** `a@5=x` is a value, `a@5+x` a merge operand, `a@5-` a deletion, `a@5!` a single deletion, `a@5{}` an entity. */
function entry(text: string): FakeEntry {
  const [, key, sequence, rest] = /^(\w*)@(\d+)(.*)$/.exec(text) ?? []
  const types: Record<string, number> = {
    '-': Deletion,
    '!': SingleDeletion,
    '{': WideColumnEntity,
    '+': Merge,
  }
  return {
    key: encodeUtf8(key),
    sequence: Number(sequence),
    type: types[rest[0]] ?? Value,
    value: encodeUtf8(/^[=+]/.test(rest) ? rest.slice(1) : ''),
  }
}

function show({ key, sequence, type, value }: FakeEntry): string {
  const marks: Record<number, string> = {
    [Value]: `=${decodeUtf8(value)}`,
    [Merge]: `+${decodeUtf8(value)}`,
    [Deletion]: '-',
    [SingleDeletion]: '!',
    [WideColumnEntity]: '{}',
  }
  return `${decodeUtf8(key)}@${sequence}${marks[type]}`
}

function collect(cursor: CompactionCursor): FakeEntry[] {
  const entries: FakeEntry[] = []
  for (let more = cursor.first(); more; more = cursor.next()) {
    const { keyBytes, userKeyLength, valueBytes, valueStart, valueEnd } = cursor
    const trailer = new DataView(keyBytes.buffer, keyBytes.byteOffset).getBigUint64(userKeyLength, true)
    entries.push({
      key: keyBytes.slice(0, userKeyLength),
      sequence: Number(trailer >> 8n),
      type: Number(trailer & 0xffn),
      value: valueBytes.slice(valueStart, valueEnd),
    })
  }
  return entries
}

function compact(texts: string, rules: CompactionRules, extras: CompactionExtras = {}): string {
  const run = new FakeRun(texts.split(' ').map(entry))
  return collect(new CompactionCursor(run, rules, {}, extras))
    .map(show)
    .join(' ')
}

const append = associativeMerge('test.Append', (_key, older, newer) => concatBytes(older, newer))
const merging = { merge: append }
const fullOnly = { merge: { name: 'test.Full', fullMerge: append.fullMerge } }

/** `a..c@5` is the range from a to before c. */
function ranges(texts: string): CompactionExtras {
  const list = texts.split(' ').map(text => {
    const [, start, end, sequence] = /^(\w*)\.\.(\w*)@(\d+)$/.exec(text) ?? []
    return { start: encodeUtf8(start), end: encodeUtf8(end), sequence: Number(sequence) }
  })
  return { ...merging, tombstones: RangeTombstones.of(list) }
}

describe('what a flush or compaction writes', () => {
  test('without snapshots only the newest version of a key is kept (C1)', () => {
    assert.equal(compact('a@9=new a@5=old a@3- b@4=x', flush), 'a@9=new b@4=x')
  })

  test('each snapshot keeps the newest version that it sees (C1)', () => {
    const rules = { ...flush, snapshots: [3, 6] }
    assert.equal(compact('a@9=4 a@7=3 a@6=2 a@4=1 a@3=0 a@2=00', rules), 'a@9=4 a@6=2 a@3=0')
  })

  test('a snapshot at the very sequence of an entry sees it (C1)', () => {
    assert.equal(compact('a@5=new a@4=old', { ...flush, snapshots: [4] }), 'a@5=new a@4=old')
    assert.equal(compact('a@5=new a@4=old', { ...flush, snapshots: [5] }), 'a@5=new')
  })

  test('a flush keeps a deletion, for what it hides may lie in tables', () => {
    assert.equal(compact('a@9- a@5=old b@4-', flush), 'a@9- b@4-')
  })

  test('at the bottom a deletion goes with all that it hides (C2)', () => {
    assert.equal(compact('a@9- a@5=old b@4- c@1=x', bottom), 'c@0=x')
  })

  test('at the bottom a deletion stays while a snapshot sees an older version (C2)', () => {
    const rules = { ...bottom, snapshots: [5] }
    assert.equal(compact('a@9- a@7=hidden a@5=old a@2=older', rules), 'a@9- a@0=old')
  })

  test('at the bottom a deletion above a snapshot goes when there is no older version (C2)', () => {
    assert.equal(compact('a@9- a@7=hidden b@8-', { ...bottom, snapshots: [5] }), '')
  })

  test('a deletion stays where a deeper file covers its key, and goes elsewhere (C2)', () => {
    const deeper = [
      packKeyRanges([new FileMeta(fileRecord(1, 'b', 'c'))]),
      packKeyRanges([new FileMeta(fileRecord(2, 'a', 'a')), new FileMeta(fileRecord(3, 'e', 'g'))]),
    ]
    const rules = { ...flush, deeper }
    assert.equal(
      compact('a@9- aa@9- b@9- c@9- d@9- e@9- f@9- g@9- h@9-', rules),
      'a@9- b@9- c@9- e@9- f@9- g@9-',
    )
  })

  test('a single deletion hides like a deletion, and becomes one when it has (C1)', () => {
    assert.equal(compact('a@9! a@5=old b@4!', flush), 'a@9- b@4!')
  })

  test('a single deletion never brings an older value back', () => {
    assert.equal(compact('a@9! a@5=once a@3=twice', flush), 'a@9-')
    assert.equal(compact('a@9! a@5=once', { ...flush, snapshots: [7] }), 'a@9! a@5=once')
  })

  test('at the bottom a single deletion goes like a deletion (C2)', () => {
    assert.equal(compact('a@9! a@5=old b@4! c@3! c@2!', bottom), '')
    assert.equal(compact('a@9! a@5=old', { ...bottom, snapshots: [6] }), 'a@9! a@0=old')
  })

  test('at the bottom what every reader sees loses its sequence (C3)', () => {
    assert.equal(compact('a@9=x b@8{} c@5=y', { ...bottom, snapshots: [6] }), 'a@9=x b@8{} c@0=y')
  })

  test('sequences stay when they are not to be zeroed, and when there is more below (C3)', () => {
    assert.equal(compact('a@9=x', { ...bottom, zeroSequences: false }), 'a@9=x')
    assert.equal(compact('a@9=x', { ...bottom, bottommost: false }), 'a@9=x')
  })

  test('an entity passes through as it is', () => {
    assert.equal(compact('a@9{} a@5=old', flush), 'a@9{}')
  })

  test('blob references and range deletions among the entries are refused by name', () => {
    const names = { [BlobIndex]: /blob file/, [RangeDeletion]: /range deletion/ }
    for (const [type, name] of Object.entries(names)) {
      const run = new FakeRun([{ ...entry('a@1=x'), type: Number(type) }])
      const refused = (error: unknown) => isVarveError(error, 'NOT_SUPPORTED') && name.test(error.message)
      assert.throws(() => new CompactionCursor(run, flush).first(), refused)
    }
  })

  test('operands become one value with what lies below them in their stripe (C4)', () => {
    assert.equal(compact('a@9+z a@8+y a@5=x a@4=w b@3+q b@2- b@1=p', flush, merging), 'a@9=xyz b@3=q')
    assert.equal(compact('a@9+z a@8+y a@5=x', bottom, merging), 'a@0=xyz')
    assert.equal(compact('a@9+z a@8! a@5=x', flush, merging), 'a@9=z')
  })

  test('operands with nothing below them are a value only where nothing older can be (C4)', () => {
    assert.equal(compact('a@9+z a@8+y b@1=p', flush, merging), 'a@9+yz b@1=p')
    assert.equal(compact('a@9+z a@8+y b@1=p', flush, fullOnly), 'a@9+z a@8+y b@1=p')
    assert.equal(compact('a@9+z a@8+y b@1=p', flush), 'a@9+z a@8+y b@1=p')
    assert.equal(compact('a@9+z a@8+y b@1=p', bottom, merging), 'a@0=yz b@0=p')
    assert.equal(compact('a@9+z a@8+y b@1=p', bottom), 'a@9+z a@8+y b@0=p')
  })

  test('a snapshot between operands keeps them apart (C4)', () => {
    const rules = { ...bottom, snapshots: [6] }
    assert.equal(compact('a@9+z a@8+y a@6+x a@5=w a@4=v', rules, merging), 'a@9+yz a@0=wx')
    assert.equal(compact('a@9+z a@8+y a@6+x a@5=w a@4=v', rules), 'a@9+z a@8+y a@6+x a@0=w')
  })

  test('an operator that fails leaves operands and what lies below them as they are (C4)', () => {
    const failing = () => {
      throw new Error('never')
    }
    const extras = { merge: { name: 'test.Failing', fullMerge: failing, partialMerge: failing } }
    assert.equal(compact('a@9+z a@8+y a@5=x a@4=w', flush, extras), 'a@9+z a@8+y a@5=x')
  })

  test('a thousand operands are folded as they come (C4)', () => {
    const operands = Array.from({ length: 1000 }, (_, i) => `a@${2000 - i}+x`).join(' ')
    assert.equal(compact(operands, flush, merging), `a@2000+${'x'.repeat(1000)}`)
  })

  test('a range tombstone hides what is older, of its stripe (C1)', () => {
    assert.equal(compact('a@9=n b@5=x b@4=w c@3=y d@2=z', flush, ranges('b..d@6')), 'a@9=n d@2=z')
    assert.equal(compact('a@7=n a@5=x', flush, ranges('a..b@6')), 'a@7=n')
    const rules = { ...flush, snapshots: [5] }
    assert.equal(compact('b@5=x b@4=w c@3=y', rules, ranges('b..d@6')), 'b@5=x c@3=y')
    assert.equal(compact('b@5=x b@4=w c@3=y', rules, ranges('b..d@6 a..z@4')), 'b@5=x')
  })

  test('operands above a range tombstone are merged with nothing (C4)', () => {
    assert.equal(compact('a@9+z a@8+y a@5+x a@4=w', flush, ranges('a..b@6')), 'a@9=yz')
  })

  test('empty keys, long keys and keys that are prefixes of others are told apart', () => {
    const long = 'k'.repeat(60)
    assert.equal(
      compact(`@3=e @2=ee a@2=x aa@2=y aaaaaaaaa@2=z aaaaaaaaab@1=w ${long}@9=l ${long}@8=m`, flush),
      `@3=e a@2=x aa@2=y aaaaaaaaa@2=z aaaaaaaaab@1=w ${long}@9=l`,
    )
  })

  test('it counts what it read and dropped', () => {
    const cursor = new CompactionCursor(
      new FakeRun('a@9- a@5=x b@4=y b@3=z c@2-'.split(' ').map(entry)),
      bottom,
    )
    assert.equal(collect(cursor).length, 1)
    assert.deepEqual([cursor.entriesRead, cursor.entriesHidden, cursor.tombstonesDropped], [5, 2, 2])
  })

  test('only the first version written of a key is a new key', () => {
    const run = new FakeRun('a@9- a@8=x a@5=y b@4=z'.split(' ').map(entry))
    const cursor = new CompactionCursor(run, { ...flush, snapshots: [8, 5].sort() })
    const flags: boolean[] = []
    for (let more = cursor.first(); more; more = cursor.next()) flags.push(cursor.isNewKey)
    assert.deepEqual(flags, [true, false, false, true])
  })
})

/** What a reader at `sequence` sees of each key; older sources come later and are looked at last. */
function readAll(sources: readonly FakeEntry[][], sequence: number): Map<string, string> {
  const seen = new Map<string, string>()
  const known = new Set<string>()
  for (const source of sources) {
    const newest = new Map<string, FakeEntry>()
    for (const candidate of source) {
      const key = decodeUtf8(candidate.key)
      const best = newest.get(key)
      if (candidate.sequence <= sequence && (best === undefined || best.sequence < candidate.sequence)) {
        newest.set(key, candidate)
      }
    }
    for (const [key, { type, value }] of newest) {
      if (known.has(key)) continue
      known.add(key)
      if (type === Value || type === WideColumnEntity) seen.set(key, `${type}:${decodeUtf8(value)}`)
    }
  }
  return seen
}

const keys = fc.constantFrom('', 'a', 'b', 'ba', 'prefix-one', 'prefix-two', 'z')
const types = fc.constantFrom(Value, Value, Deletion, SingleDeletion, WideColumnEntity)

/** Unique sequences from 1 on, newest data first in `runs`; the last run is what lies deeper. */
const histories = fc
  .record({
    operations: fc.array(fc.tuple(keys, types), { maxLength: 40 }),
    runCount: fc.integer({ min: 1, max: 4 }),
    deepShare: fc.constantFrom(0, 0.3),
    snapshots: fc.uniqueArray(fc.integer({ min: 0, max: 41 }), { maxLength: 5 }),
    missing: fc.boolean(),
  })
  .map(({ operations, runCount, deepShare, snapshots, missing }) => {
    const entries = operations.map(([key, type], index) => ({
      key: encodeUtf8(key),
      sequence: index + 1,
      type,
      value: type === Value || type === WideColumnEntity ? encodeUtf8(`v${index}`) : new Uint8Array(),
    }))
    const deepCount = Math.floor(entries.length * deepShare)
    const runs: FakeEntry[][] = Array.from({ length: runCount }, () => [])
    for (const [index, each] of entries.slice(deepCount).entries()) runs[(index * 7) % runCount].push(each)
    return { deeper: entries.slice(0, deepCount), runs, snapshots: snapshots.sort((a, b) => a - b), missing }
  })

describe('for every history and every set of snapshots', () => {
  const modes = fc.constantFrom('flush', 'middle', 'bottom', 'bottom without zeroing')

  test('each snapshot and each later reader reads the same before and after', () => {
    fc.assert(
      fc.property(histories, modes, ({ deeper, runs, snapshots, missing }, mode) => {
        const below = mode.startsWith('bottom') ? [] : deeper
        let round = 0
        const cursors = runs.map(run => new FakeRun(run, () => missing && ++round % 7 === 0))
        const rules: CompactionRules = {
          snapshots,
          bottommost: mode.startsWith('bottom'),
          zeroSequences: mode === 'bottom',
          ...(mode === 'middle' ? { deeper: [rangesOf(below)] } : {}),
        }
        const before = runs.flat()
        const after = collect(new CompactionCursor(mergeCursors(cursors), rules))
        for (const sequence of [...snapshots, 41, 1000]) {
          assert.deepEqual(readAll([after, below], sequence), readAll([before, below], sequence))
        }
        assertSorted(after)
        if (mode === 'bottom' && snapshots.length === 0)
          assert.ok(after.every(({ sequence }) => sequence === 0))
      }),
      { numRuns: 3000 },
    )
  })

  test('a filter decides what later readers see of the newest values, and changes nothing for snapshots (C5)', () => {
    fc.assert(
      fc.property(histories, modes, fc.boolean(), ({ deeper, runs, snapshots }, mode, skips) => {
        const below = mode.startsWith('bottom') ? [] : deeper
        const rules: CompactionRules = {
          snapshots,
          bottommost: mode.startsWith('bottom'),
          zeroSequences: mode === 'bottom',
          ...(mode === 'middle' ? { deeper: [rangesOf(below)] } : {}),
        }
        const before = runs.flat()
        const expected = readAll([before, below], 1000)
        let skipUntil = ''
        const newest = before.filter(own => !before.some(other => isNewer(other, own)))
        for (const { key, sequence, type, value } of newest.sort((a, b) => Buffer.compare(a.key, b.key))) {
          if (type !== Value || sequence <= (snapshots.at(-1) ?? 0)) continue
          const name = decodeUtf8(key)
          const decision = name < skipUntil ? 'remove' : decide(key, value, skips)
          if (decision === 'keep') continue
          if (decision !== 'remove' && 'value' in decision)
            expected.set(name, `${Value}:${decodeUtf8(decision.value)}`)
          else expected.delete(name)
          if (decision !== 'remove' && 'skipUntil' in decision) skipUntil = decodeUtf8(decision.skipUntil)
        }
        const filter = new EntryFilter({
          filter: { name: 'test', filter: (key, value) => decide(key, value, skips) },
          context: anyContext,
        })
        const cursor = new CompactionCursor(
          mergeCursors(runs.map(run => new FakeRun(run))),
          rules,
          {},
          { filter },
        )
        const after = collect(cursor)
        for (const sequence of snapshots)
          assert.deepEqual(readAll([after, below], sequence), readAll([before, below], sequence))
        assert.deepEqual(readAll([after, below], 1000), expected)
        assertSorted(after)
      }),
      { numRuns: 3000 },
    )
  })

  test('compacting values that were compacted changes nothing', () => {
    fc.assert(
      fc.property(histories, ({ runs: histories, snapshots }) => {
        const rules = { ...bottom, snapshots }
        const runs = histories.map(run => run.map(each => ({ ...each, type: Value })))
        const once = collect(new CompactionCursor(mergeCursors(runs.map(run => new FakeRun(run))), rules))
        assert.deepEqual(collect(new CompactionCursor(new FakeRun(once), rules)), once)
      }),
      { numRuns: 500 },
    )
  })
})

function isNewer(other: FakeEntry, own: FakeEntry): boolean {
  return Buffer.compare(other.key, own.key) === 0 && other.sequence > own.sequence
}

const anyContext: FilterContext = {
  columnFamily: 'default',
  columnFamilyId: 0,
  reason: 'compaction',
  level: 0,
  outputLevel: 1,
  isFullCompaction: false,
  isManualCompaction: false,
  isBottommost: false,
}

/** By the number in the value. */
function decide(key: Uint8Array, value: Uint8Array, skips: boolean): FilterDecision {
  const kind = Number(decodeUtf8(value).slice(1)) % 4
  if (kind === 0) return 'remove'
  if (kind === 1) return { value: encodeUtf8('changed') }
  if (kind === 2 && skips) return { skipUntil: concatBytes(key, encodeUtf8('b')) }
  return 'keep'
}

/** One range for each key, as files of the next level might have. */
function rangesOf(entries: readonly FakeEntry[]) {
  const distinct = [...new Set(entries.map(({ key }) => decodeUtf8(key)))].sort()
  return packKeyRanges(distinct.map((key, index) => new FileMeta(fileRecord(index + 1, key, key))))
}

function assertSorted(entries: readonly FakeEntry[]): void {
  for (let i = 1; i < entries.length; i++) {
    const order = Buffer.compare(entries[i - 1].key, entries[i].key)
    assert.ok(order < 0 || (order === 0 && entries[i - 1].sequence > entries[i].sequence))
  }
}
