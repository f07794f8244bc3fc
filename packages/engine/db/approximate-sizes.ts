/**
 * What lies where: the live table files, and about how many bytes of them a key range takes.
 *
 * RocksDB: db/version_set.cc, VersionSet::ApproximateSize
 */
import type { FileMeta } from '../version/file-meta.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'

/** start <= key < end; an absent bound is open. */
export interface KeyRange {
  start?: Bytes
  end?: Bytes
}

export interface LiveFile {
  columnFamily: string
  level: number
  number: number
  /** Bytes. */
  size: number
  /** User keys, copies. */
  smallest: Uint8Array
  largest: Uint8Array
  smallestSequence: number
  largestSequence: number
  entries: number
  deletions: number
  beingCompacted: boolean
}

export function liveFiles(engine: Engine): LiveFile[] {
  engine.refuseUnlessOpen()
  return [...engine.families.values()].flatMap(family =>
    family.superVersion.version.levels.flatMap((files, level) =>
      files.map(file => describe(family, level, file)),
    ),
  )
}

export function approximateSizes(engine: Engine, family: Family, ranges: readonly KeyRange[]): number[] {
  engine.refuseUnlessOpen()
  return ranges.map(({ start, end }) => {
    const from = start === undefined ? undefined : boundIn(family, start)
    const to = end === undefined ? undefined : boundIn(family, end)
    let bytes = 0
    for (const file of family.superVersion.version.files()) bytes += bytesInRange(file, from, to)
    return Math.round(bytes)
  })
}

/** Before every version of a key with timestamps. */
function boundIn({ order }: Family, key: Bytes): Uint8Array {
  const bytes = keyBytes(key)
  if (order.timestampSize === 0) return bytes
  const bound = new Uint8Array(bytes.length + order.timestampSize).fill(0xff)
  bound.set(bytes)
  return bound
}

/** Whole files inside the range count whole; of those that a bound cuts, the index says how much. */
function bytesInRange(file: FileMeta, from: Uint8Array | undefined, to: Uint8Array | undefined): number {
  if (from !== undefined && file.order.compareKeys(file.largestUserKey, from) < 0) return 0
  if (to !== undefined && file.order.compareKeys(file.smallestUserKey, to) >= 0) return 0
  const startInside = from === undefined || file.order.compareKeys(file.smallestUserKey, from) >= 0
  const endInside = to === undefined || file.order.compareKeys(file.largestUserKey, to) < 0
  if (startInside && endInside) return file.size
  const before = startInside || from === undefined ? 0 : offsetOf(file, from)
  const until = endInside || to === undefined ? file.size : offsetOf(file, to)
  return Math.max(0, until - before)
}

/** Where in the file a key would lie; half way when its reader is not open. */
function offsetOf(file: FileMeta, key: Uint8Array): number {
  return file.table?.approximateOffset(key) ?? file.size / 2
}

function describe(family: Family, level: number, file: FileMeta): LiveFile {
  return {
    columnFamily: family.name,
    level,
    number: file.number,
    size: file.size,
    smallest: file.smallestUserKey.slice(),
    largest: file.largestUserKey.slice(),
    smallestSequence: file.smallestSequence,
    largestSequence: file.largestSequence,
    entries: file.statistics.entries,
    deletions: file.statistics.deletions,
    beingCompacted: file.beingCompacted,
  }
}
