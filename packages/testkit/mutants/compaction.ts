/** Bugs in flushes and compactions: what is dropped, where files end, in which order they stand. */
import type { Mutant } from './mutant.ts'

export const compactionMutants: readonly Mutant[] = [
  {
    id: 'M23',
    what: 'what a failed job has written stays where it is',
    file: 'packages/engine/compaction/job-writer.ts',
    find: '      for (const output of this.outputs) output.abandon()\n',
    replace: '',
    killers: ['packages/engine/compaction/jobs.test.ts'],
  },
  {
    id: 'M29',
    what: 'a tombstone is dropped when the next level has nothing of its range, whatever lies deeper',
    file: 'packages/engine/compaction/picked-files.ts',
    find: 'for (let level = outputLevel + 1; level < version.levels.length; level++) {',
    replace:
      'for (let level = outputLevel + 1; level < version.levels.length && level < outputLevel + 2; level++) {',
    killers: ['packages/engine/compaction/leveled-picker.test.ts'],
  },
  {
    id: 'M29b',
    what: 'a tombstone is dropped when the last of the deeper levels has not its key',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'if (level.covers(this.keyBytes, this.userKeyLength, this.prefixHigh, this.prefixLow)) found = true',
    replace: 'found = level.covers(this.keyBytes, this.userKeyLength, this.prefixHigh, this.prefixLow)',
    killers: ['packages/engine/compaction/compaction-cursor.test.ts'],
  },
  {
    id: 'M30',
    what: 'only the earliest snapshot keeps versions from being dropped',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'let high = snapshots.length\n',
    replace: 'let high = Math.min(1, snapshots.length)\n',
    killers: ['packages/engine/compaction/compaction-cursor.test.ts'],
  },
  {
    id: 'M30b',
    what: 'entries lose their sequence also where a snapshot must not see them',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'return this.emitValue(this.zeroSequences && this.stripe === 0, type)',
    replace: 'return this.emitValue(this.zeroSequences, type)',
    killers: ['packages/engine/compaction/compaction-cursor.test.ts'],
  },
  {
    id: 'M33',
    what: 'a single deletion vanishes with the value under it, and a still older one comes back',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'if (nothingDeeper && !(source.valid && this.isSameKey())) {',
    replace:
      'if ((nothingDeeper && !(source.valid && this.isSameKey())) || (hides && type === ValueType.SingleDeletion)) {',
    killers: ['packages/engine/compaction/compaction-cursor.test.ts'],
  },
  {
    id: 'M35b',
    what: 'a compaction takes a read that failed for the end of its input',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: '    while (source.next() === Step.needsBlock) loadWantedSync(source)\n',
    replace: `    try {
      while (source.next() === Step.needsBlock) loadWantedSync(source)
    } catch {
      Object.assign(source, { valid: false })
    }
`,
    killers: ['packages/engine/compaction/jobs.test.ts'],
  },
  {
    id: 'M36',
    what: 'level 0 is ordered by file number',
    file: 'packages/engine/version/level-order.ts',
    find: 'return b.epochNumber - a.epochNumber || compareNewestFirstBySequence(a, b)',
    replace: 'return b.number - a.number || compareNewestFirstBySequence(a, b)',
    killers: ['packages/engine/version/version-builder.test.ts'],
  },
  {
    id: 'M36b',
    what: 'what a compaction within level 0 writes counts as newer than what was flushed meanwhile',
    file: 'packages/engine/compaction/compaction.ts',
    find: 'epochNumber: Math.min(...files.map(file => file.epochNumber)),',
    replace: 'epochNumber: Math.max(...files.map(file => file.epochNumber)),',
    killers: ['packages/engine/compaction/leveled-picker.test.ts'],
  },
  {
    id: 'M46',
    what: 'a flush takes out all memtables that are sealed when it ends, not those that it wrote',
    file: 'packages/engine/db/flush.ts',
    find: '    family.flushed(count)\n    countFlush(engine, family, file, started)\n    engine.controller.update()\n',
    replace:
      '    family.flushed(family.sealed.length)\n    countFlush(engine, family, file, started)\n    engine.controller.update()\n',
    killers: ['packages/testkit/simulation/main.ts --operations 100000 --seed 1 --stop'],
  },
  {
    id: 'M47',
    what: 'the failure of a job in the background is nobody’s',
    file: 'packages/engine/db/background.ts',
    find: 'if (!this.isOurStop(error)) this.engine.failed(error)',
    replace: 'void error',
    killers: ['packages/engine/test/faults.test.ts --test-name-pattern=automatic'],
    hangs: true,
  },
  {
    id: 'M47b',
    what: 'the failure of a job in the background is an unhandled rejection',
    file: 'packages/engine/db/background.ts',
    find: 'if (!this.isOurStop(error)) this.engine.failed(error)',
    replace: 'throw error',
    killers: ['packages/testkit/simulation/main.ts --operations 100000 --seed 1 --stop'],
  },
  {
    id: 'M48',
    what: 'a user key is split over two files',
    file: 'packages/engine/compaction/job-writer.ts',
    find: 'if (cursor.isNewKey && this.cutsBefore(cursor)) this.finishOutput()',
    replace: 'if (this.cutsBefore(cursor)) this.finishOutput()',
    killers: ['packages/engine/compaction/jobs.test.ts'],
  },
  {
    id: 'M48b',
    what: 'a compaction that is divided leaves out the files of the last range',
    file: 'packages/engine/compaction/subcompactions.ts',
    find: 'if (from !== undefined && compareUserKeys(userKeyOf(file.largest), from) < 0) return false',
    replace: 'if (from !== undefined && compareUserKeys(userKeyOf(file.smallest), from) < 0) return false',
    killers: ['packages/engine/test/compaction.test.ts --test-name-pattern=divided'],
  },
]
