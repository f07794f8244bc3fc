/** A picked compaction as a line of text. */
import type { Compaction } from './compaction.ts'

/** `0: 12 11, 1: 5 > 1` for files 12 and 11 of level 0 and 5 of level 1, into level 1. */
export function showCompaction(compaction: Compaction | undefined): string | undefined {
  if (compaction === undefined) return undefined
  const inputs = compaction.inputs.map(
    ({ level, files }) => `${level}: ${files.map(({ number }) => number).join(' ')}`,
  )
  if (compaction.drops) return `${inputs.join(', ')} dropped`
  return `${inputs.join(', ')} > ${compaction.outputLevel}${compaction.trivialMove ? ' moved' : ''}`
}
