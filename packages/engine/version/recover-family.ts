/**
 * From a column family as the MANIFEST has it to one that can be read: levels in order and checked, epochs
 * inferred where they are missing, and what cannot be served refused by name.
 *
 * RocksDB: db/version_set.cc, VersionStorageInfo::RecoverEpochNumbers
 */
import { CorruptionError, notSupported } from '@varve/format/errors'
import type { KeyOrder } from '@varve/format/key'
import { ColumnFamilyState } from './column-family-state.ts'
import { FileMeta } from './file-meta.ts'
import {
  checkLevel,
  checkSequenceOrder,
  compareBySmallest,
  compareNewestFirst,
  compareNewestFirstBySequence,
} from './level-order.ts'
import type { RecoveredFamily } from './manifest-state.ts'
import { checkAddition } from './version-builder.ts'

/** What is not in the MANIFEST but in options. */
export interface FamilyShape {
  levelCount: number
  /** Of the keys. */
  order: KeyOrder
}

/** `manifest` is for errors; `lastSequence` is the database's. */
export function recoverFamily(
  family: RecoveredFamily,
  { levelCount, order }: FamilyShape,
  lastSequence: number,
  manifest: string,
): ColumnFamilyState {
  refuseUnsupported(family, manifest)
  const levels: FileMeta[][] = Array.from({ length: levelCount }, () => [])
  for (const record of family.files.values()) {
    checkAddition(record, levelCount, manifest)
    if (record.largestSequence > lastSequence) {
      throw new CorruptionError(
        `table file #${record.number} has sequences up to ${record.largestSequence}, and the database's last is ${lastSequence}`,
        manifest,
      )
    }
    levels[record.level].push(new FileMeta(ownBytes(record), order))
  }
  for (let level = 1; level < levelCount; level++) levels[level].sort(compareBySmallest)
  const nextEpoch = orderByEpoch(levels, manifest)
  levels.forEach((files, level) => {
    checkLevel(level, files, manifest)
  })
  const { id, name, logNumber, blobFiles } = family
  const state = new ColumnFamilyState(id, name, order, logNumber, levels, nextEpoch, blobFiles)
  state.fullHistoryTsLow = family.fullHistoryTsLow?.slice()
  state.persistTimestamps = family.persistTimestamps
  state.valueStamp = family.valueStamp
  return state
}

function refuseUnsupported(family: RecoveredFamily, manifest: string): void {
  const of = `of column family '${family.name}'`
  if (family.persistTimestamps === false) {
    throw notSupported(`timestamps ${of} that are not in its tables (${family.comparator})`, manifest)
  }
  for (const { number, pathId } of family.files.values()) {
    if (pathId !== undefined && pathId > 0) {
      throw notSupported(`table file #${number} ${of} in database path ${pathId}`, manifest)
    }
  }
}

/** Boundary keys of their own, so that a file does not keep the whole MANIFEST in memory. */
function ownBytes(record: FileMeta['record']): FileMeta['record'] {
  const own = { ...record, smallest: record.smallest.slice(), largest: record.largest.slice() }
  if (record.fileChecksum !== undefined) own.fileChecksum = record.fileChecksum.slice()
  if (record.uniqueId !== undefined) own.uniqueId = record.uniqueId.slice()
  if (record.minTimestamp !== undefined) own.minTimestamp = record.minTimestamp.slice()
  if (record.maxTimestamp !== undefined) own.maxTimestamp = record.maxTimestamp.slice()
  if (record.openMetadata !== undefined) own.openMetadata = record.openMetadata.slice()
  return own
}

/** Orders level 0, inferring all epochs when one is missing, and gives the next epoch. */
function orderByEpoch(levels: FileMeta[][], manifest: string): number {
  const missing = levels.some(files => files.some(file => file.epochNumber === 0))
  if (!missing) {
    levels[0].sort(compareNewestFirst)
    return 1 + levels.flat().reduce((greatest, file) => Math.max(greatest, file.epochNumber), 0)
  }
  levels[0].sort(compareNewestFirstBySequence)
  checkSequenceOrder(levels[0], manifest)
  let nextEpoch = 1
  for (let level = levels.length - 1; level > 0; level--) {
    if (levels[level].length === 0) continue
    for (const file of levels[level]) file.epochNumber = nextEpoch
    nextEpoch++
  }
  for (const file of levels[0].toReversed()) file.epochNumber = nextEpoch++
  return nextEpoch
}
