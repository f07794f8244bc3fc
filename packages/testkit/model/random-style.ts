/** A compaction style that loses nothing, whatever is done under it. */
import type { ColumnFamilyOptions } from 'varve'
import type { Random } from '../random.ts'

/** Far more than any run writes: `fifo` drops nothing. */
const UNREACHED_SIZE = 2 ** 40

/**
 * Leveled half of the time. Give it a fork, so that what else is drawn stays what it was. Levels are as many as
 * the caller says: a database with tables in deeper levels cannot be opened with fewer. Without a ttl: in simulated
 * time, which jumps, a database that was killed and not closed would wait for it again and again.
 */
export function randomStyle(random: Random): ColumnFamilyOptions {
  const choice = random.below(10)
  if (choice < 5) return {}
  if (choice >= 8) {
    const compactionOptionsFifo = { maxTableFilesSize: UNREACHED_SIZE, allowCompaction: random.chance(0.7) }
    return { compactionStyle: 'fifo', compactionOptionsFifo }
  }
  const minMergeWidth = random.pick([2, 2, 3, 5])
  return {
    compactionStyle: 'universal',
    compactionOptionsUniversal: {
      sizeRatio: random.pick([0, 1, 1, 20, 200]),
      minMergeWidth,
      maxMergeWidth: minMergeWidth + random.pick([0, 2, 100]),
      maxSizeAmplificationPercent: random.pick([0, 25, 200, 200, 100_000]),
      compressionSizePercent: random.pick([-1, -1, 0, 50, 100]),
      stopStyle: random.pick(['totalSize', 'similarSize']),
      allowTrivialMove: random.chance(0.4),
    },
  }
}
