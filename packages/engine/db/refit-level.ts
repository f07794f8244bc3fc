/**
 * Moves all files of a level to another one after a manual compaction: to the level that was asked for, or to the
 * highest that is empty, with all between, and large enough. Only the MANIFEST changes.
 *
 * Expects that nothing else compacts: what lies between the levels must not change meanwhile.
 *
 * RocksDB: db/db_impl/db_impl_compaction_flush.cc, DBImpl::ReFitLevel and FindMinimumEmptyLevelFitting
 */
import { notSupported, VarveError } from '@varve/format/errors'
import type { VersionEdit } from '@varve/format/manifest'
import { levelSizes } from '../compaction/index.ts'
import type { Version } from '../version/index.ts'
import type { Engine } from './engine.ts'
import { type Family, refuseIfDropped } from './family.ts'
import { recordTables } from './new-tables.ts'

/** Throws for a level that the family does not have. Level 0 is for flushes. */
export function checkTargetLevel({ options }: Family, targetLevel: number | undefined): void {
  if (targetLevel === undefined) return
  const deepest = options.numLevels - 1
  if (Number.isInteger(targetLevel) && targetLevel >= 1 && targetLevel <= deepest) return
  throw new VarveError('INVALID_ARGUMENT', `targetLevel must be from 1 to ${deepest}, not ${targetLevel}`, {
    option: 'targetLevel',
  })
}

export async function refitLevel(
  engine: Engine,
  family: Family,
  level: number,
  targetLevel: number | undefined,
): Promise<void> {
  refuseIfDropped(family)
  const { current: version } = family.state
  const target = targetLevel ?? highestFitting(family, version, level)
  if (target === level || version.levels[level].length === 0) return
  refuseUnlessMovable(version, level, target)
  await recordTables(engine, family, [moveEdit(version, level, target)], [])
  family.install()
  engine.controller.update()
}

function highestFitting({ options }: Family, version: Version, level: number): number {
  const { maxBytes } = levelSizes(version, options)
  let highest = level
  while (highest > 1 && version.levels[highest - 1].length === 0) {
    if (maxBytes[highest - 1] < version.levelBytes[level]) break
    highest--
  }
  return highest
}

function refuseUnlessMovable(version: Version, level: number, target: number): void {
  if (level === 0) throw notSupported('changing the level of files of level 0')
  const [first, last] = target < level ? [target, level - 1] : [level + 1, target]
  for (let between = first; between <= last; between++) {
    if (version.levels[between].length === 0) continue
    throw notSupported(`a change from level ${level} to ${target} while level ${between} has files`)
  }
}

function moveEdit(version: Version, level: number, target: number): VersionEdit {
  const files = version.levels[level]
  const edit: VersionEdit = {
    deletedFiles: files.map(({ number }) => ({ level, number })),
    newFiles: files.map(file => ({ ...file.record, level: target, epochNumber: file.epochNumber })),
  }
  return version.columnFamily === 0 ? edit : { ...edit, columnFamily: version.columnFamily }
}
