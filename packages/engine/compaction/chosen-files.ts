/**
 * The inputs of a compaction whose files somebody has named, completed so that no newer version of a key can come to
 * lie below an older one, and that the new tables overlap no other: in each level all files between the named ones,
 * and what lies in the range of all these, down to the output level; of level 0, if the output leaves it, also
 * everything older.
 *
 * RocksDB: db/compaction/compaction_picker.cc, CompactionPicker::SanitizeCompactionInputFiles
 */
import { VarveError } from '@varve/format/errors'
import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'
import { cleanCut, rangeOf } from './file-ranges.ts'
import type { CompactionInput } from './picked-files.ts'

/** Throws `INVALID_ARGUMENT` for what cannot be compacted so, `ABORTED` where a running compaction has one of the files. */
export function chosenInputs(
  version: Version,
  numbers: readonly number[],
  outputLevel: number,
): CompactionInput[] {
  refuseUnknown(version, numbers, outputLevel)
  const chosen = new Set(numbers)
  const inputs: CompactionInput[] = []
  let covered: FileMeta[] = []
  for (let level = 0; level <= outputLevel; level++) {
    const named = version.levels[level].filter(({ number }) => chosen.has(number))
    // The new tables may reach from the first key of all inputs to the last.
    const wanted = level === 0 ? named : overlapping(version, level, [...covered, ...named])
    const files = complete(version, level, outputLevel, wanted)
    if (files.length === 0) continue
    refuseBusy(files)
    inputs.push({ level, files })
    covered = [...covered, ...files]
  }
  return inputs
}

function refuseUnknown(version: Version, numbers: readonly number[], outputLevel: number): void {
  if (numbers.length === 0) throw invalid('a compaction needs at least one file')
  const levels = new Map([...version.files()].map(({ number, level }) => [number, level]))
  for (const number of numbers) {
    const level = levels.get(number)
    if (level === undefined) throw invalid(`the column family has no table ${number}`)
    if (level > outputLevel)
      throw invalid(`table ${number} of level ${level} cannot be compacted up to level ${outputLevel}`)
  }
}

function overlapping(version: Version, level: number, files: readonly FileMeta[]): FileMeta[] {
  if (files.length === 0) return []
  const { smallest, largest } = rangeOf(files)
  return version.filesOverlapping(level, smallest, largest)
}

/** The files of a level from the first wanted one to the last, and those that share a key with them. */
function complete(
  version: Version,
  level: number,
  outputLevel: number,
  wanted: readonly FileMeta[],
): readonly FileMeta[] {
  const files = version.levels[level]
  const first = files.findIndex(file => wanted.includes(file))
  if (first < 0) return []
  const last = files.findLastIndex(file => wanted.includes(file))
  if (level > 0) return cleanCut(version, level, files.slice(first, last + 1))
  return files.slice(first, outputLevel > 0 ? files.length : last + 1)
}

function refuseBusy(files: readonly FileMeta[]): void {
  const busy = files.find(({ beingCompacted }) => beingCompacted)
  if (busy === undefined) return
  throw new VarveError('ABORTED', `table ${busy.number}, which would have to go along, is being compacted`, {
    file: String(busy.number),
  })
}

function invalid(problem: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', problem, { option: 'files' })
}
