/**
 * Compacting tables that the caller names, into the level that the caller wants: for whoever makes a compaction
 * strategy of their own out of `liveFiles`.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, DBImpl::CompactFiles
 */
import { VarveError } from '@varve/format/errors'
import { parseFileName } from '@varve/format/names'
import { checkSubcompactions } from './compact.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import type { CompactRun } from './run-compaction.ts'
import { refuseTimestampWrite } from './timestamped-reads.ts'

export interface CompactFilesOptions extends Pick<CompactRun, 'onProgress'> {
  /** Into how many parts it may be divided. Default: the option `maxSubcompactions`. */
  maxSubcompactions?: number
  /** Stops it. Nothing has changed then. */
  signal?: AbortSignal
}

/** Table files, by number as `liveFiles` has it or by name. */
export type TableReference = number | string

/** Gives the numbers of the new tables. */
export async function compactFiles(
  engine: Engine,
  family: Family,
  files: readonly TableReference[],
  outputLevel: number,
  options: CompactFilesOptions = {},
): Promise<number[]> {
  engine.refuseUnlessOpen()
  engine.refuseUnlessWritable()
  refuseTimestampWrite(family)
  checkOutputLevel(family, outputLevel)
  checkSubcompactions(options.maxSubcompactions)
  const numbers = files.map(tableNumber)
  const turn = await engine.manual.begin({ pauses: undefined, signal: options.signal })
  try {
    await turn.unlessStopped(engine.background.untilContinued())
    engine.refuseUnlessWritable()
    refuseIfDropped(family)
    const compaction = family.picker.compactFiles(numbers, outputLevel)
    const { onProgress, maxSubcompactions } = options
    const run = { onProgress, maxSubcompactions, cancel: turn.cancel }
    const result = await engine.background.compact(family, compaction, run)
    return result?.files.map(({ record }) => record.number) ?? []
  } catch (error) {
    turn.refuseIfStopped()
    throw error
  } finally {
    turn.end()
    engine.background.schedule()
  }
}

function checkOutputLevel({ options }: Family, outputLevel: number): void {
  const deepest = options.compactionStyle === 'fifo' ? 0 : options.numLevels - 1
  if (Number.isInteger(outputLevel) && outputLevel >= 0 && outputLevel <= deepest) return
  const range = `must be from 0 to ${deepest} under ${options.compactionStyle}`
  throw new VarveError('INVALID_ARGUMENT', `the output level ${range}, not ${outputLevel}`, {
    option: 'outputLevel',
  })
}

function tableNumber(reference: TableReference): number {
  if (typeof reference === 'number') return reference
  const name = parseFileName(reference.slice(reference.lastIndexOf('/') + 1))
  if (name?.kind === 'table') return name.number
  throw new VarveError('INVALID_ARGUMENT', `${JSON.stringify(reference)} is no name of a table`, {
    option: 'files',
  })
}
