/**
 * The order in which a level's files are offered to the picker: those first that rewrite the least of the next
 * level for each byte they move (kMinOverlappingRatio), a file's weight in deletions counted in.
 *
 * RocksDB: db/version_set.cc, SortFileByOverlappingRatio
 */

import type { FileMeta } from '../version/file-meta.ts'
import type { Version } from '../version/version.ts'

const orders = new WeakMap<Version, Map<number, readonly number[]>>()

/** Indices into version.levels[level]. Made once for each version. */
export function overlapOrder(version: Version, level: number): readonly number[] {
  const ofVersion = orders.get(version) ?? new Map<number, readonly number[]>()
  orders.set(version, ofVersion)
  const known = ofVersion.get(level)
  if (known !== undefined) return known
  const order = makeOrder(version.levels[level], version.levels[level + 1] ?? [])
  ofVersion.set(level, order)
  return order
}

function makeOrder(files: readonly FileMeta[], below: readonly FileMeta[]): number[] {
  const ratios = new Float64Array(files.length)
  let next = 0
  for (const [index, file] of files.entries()) {
    while (next < below.length && file.order.compareInternalKeys(below[next].largest, file.smallest) < 0)
      next++
    let bytes = 0
    for (
      ;
      next < below.length && file.order.compareInternalKeys(below[next].smallest, file.largest) < 0;
      next++
    ) {
      bytes += below[next].size
      // It reaches beyond this file, so the following one overlaps it too.
      if (file.order.compareInternalKeys(below[next].largest, file.largest) > 0) break
    }
    ratios[index] = Math.floor((bytes * 1024) / Math.max(1, file.compensatedSize))
  }
  const order = Array.from(files, (_, index) => index)
  return order.sort(
    (a, b) =>
      Number(files[b].record.needCompaction ?? false) - Number(files[a].record.needCompaction ?? false) ||
      ratios[a] - ratios[b] ||
      files[a].order.compareInternalKeys(files[a].smallest, files[b].smallest),
  )
}
