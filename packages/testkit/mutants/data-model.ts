/** Bugs in merge operands and range tombstones. */
import type { Mutant } from './mutant.ts'

const rangeTest = 'packages/engine/test/range-deletion.test.ts'
const mergeTest = 'packages/engine/test/merging.test.ts'
const cursorTest = 'packages/engine/compaction/compaction-cursor.test.ts'
const tombstoneTest = 'packages/engine/tombstone/range-tombstones.test.ts'

export const dataModelMutants: readonly Mutant[] = [
  {
    id: 'M31',
    what: 'a range tombstone counts beyond the boundaries of its file',
    file: 'packages/engine/tombstone/table-tombstones.ts',
    find: 'bounds === undefined ? all : all.within(userKeyOf(bounds.smallest), endOf(bounds.largest))',
    replace: 'all',
    killers: [`${tombstoneTest} --test-name-pattern=boundaries`],
  },
  {
    id: 'M31b',
    what: 'a lookup does not see the range tombstones of memtables',
    file: 'packages/engine/memtable/memtable.ts',
    find: 'if (this.tombstones.count > 0) this.noteTombstone(lookup)',
    replace: '',
    killers: [`${rangeTest} --test-name-pattern=same.at.every`],
  },
  {
    id: 'M31c',
    what: 'a lookup passes over the range tombstones of a table that has no entry of the key',
    file: 'packages/engine/table/table-reader.ts',
    find: 'return step === Step.ended && lookup.settleCovered() ? Step.moved : step',
    replace: 'return step',
    killers: [`${rangeTest} --test-name-pattern=same.at.every`],
  },
  {
    id: 'M31d',
    what: 'a scan leaps over rows that are newer than the range tombstone',
    file: 'packages/engine/cursor/merging-cursor.ts',
    find: 'for (let i = run + 1; i < runs.length; i++) {',
    replace: 'for (let i = 0; i < runs.length; i++) {',
    killers: [`${rangeTest} --test-name-pattern=leap`],
  },
  {
    id: 'M31e',
    what: 'the file that a seek ends in is taken for the last, though a range tombstone made it wider',
    file: 'packages/engine/table/level-cursor.ts',
    find: 'return this.passTo(file + 1, true)',
    replace: 'return this.end()',
    killers: ['packages/engine/table/table-reader.test.ts --test-name-pattern=wider'],
  },
  {
    id: 'M32',
    what: 'a compaction drops range tombstones that hide keys in deeper levels',
    file: 'packages/engine/compaction/compaction-tombstones.ts',
    find: '(stripe > 0 || isNeeded(tombstone))',
    replace: 'stripe > 0',
    killers: [`${rangeTest} --test-name-pattern=same.at.every`],
  },
  {
    id: 'M32b',
    what: 'a compaction drops what a snapshot sees below a range tombstone',
    file: 'packages/engine/compaction/compaction-tombstones.ts',
    find: 'return newer !== undefined && stripeOf(newer, this.snapshots) === stripe',
    replace: 'return newer !== undefined',
    killers: [`${cursorTest} --test-name-pattern=tombstone`],
  },
  {
    id: 'M32c',
    what: 'a flush forgets the range tombstones of its memtables',
    file: 'packages/engine/compaction/flush-job.ts',
    find: 'writer.run(cursor, survivingTombstones(tombstones, rules))',
    replace: 'writer.run(cursor)',
    killers: [`${rangeTest} --test-name-pattern=at.once`],
  },
  {
    id: 'M34',
    what: 'a compaction merges operands across a snapshot that sees the older ones only',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'if (!this.isSameStripe() || typeOfTrailer',
    replace: 'if (!this.source.valid || !this.isSameKey() || typeOfTrailer',
    killers: [`${cursorTest} --test-name-pattern=snapshot.between`],
  },
  {
    id: 'M34b',
    what: 'a compaction takes operands for the whole value though older ones may lie deeper',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: '!(source.valid && this.isSameKey()) && this.isNotDeeper()',
    replace: '!(source.valid && this.isSameKey())',
    killers: [`${cursorTest} --test-name-pattern=nothing.older`],
  },
  {
    id: 'M34c',
    what: 'a lookup is content with the newest operand',
    file: 'packages/engine/db/read-path.ts',
    find: 'while (memtable.get(lookup)) if (lookup.isSettled) return true',
    replace: 'if (memtable.get(lookup)) return true',
    killers: [`${mergeTest} --test-name-pattern=wherever`],
  },
  {
    id: 'M34d',
    what: 'going back, operands are merged newest first',
    file: 'packages/engine/cursor/candidate.ts',
    find: 'this.operands.unshift(copyOfValue(source))',
    replace: 'this.operands.push(copyOfValue(source))',
    killers: [`${mergeTest} --test-name-pattern=given.itself`],
  },
  {
    id: 'M34e',
    what: 'a table of operands that nobody can combine is compacted for ever',
    file: 'packages/engine/compaction/leveled-picker.ts',
    find: ' && file.statistics.mergeOperands === 0',
    replace: '',
    killers: [`${mergeTest} --test-name-pattern=again.and.again`],
  },
  {
    id: 'M34f',
    what: 'a compaction drops what lies below operands that it could not combine',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: '      this.stripe = NO_STRIPE\n      this.operands = chain',
    replace: '      this.operands = chain',
    killers: [`${cursorTest} --test-name-pattern=fails.leaves`],
  },
]
