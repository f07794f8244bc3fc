/**
 * Where a Get looks, in order: memtable, sealed memtables, level 0 from its newest file on, then one file of each
 * deeper level. The first entry met decides, because for one key everything in an earlier place is newer (I2). One that
 * is a merge operand does not: the search goes on with the next older version, in the same place first.
 *
 * RocksDB: db/db_impl/db_impl.cc GetImpl; db/version_set.cc Version::Get
 */
import type { BlobFileCache } from '../blob/index.ts'
import { Step } from '../cursor/cursor.ts'
import { LookupState, type PointLookup } from '../cursor/point-lookup.ts'
import type { Memtable } from '../memtable/index.ts'
import { type TableCache, tableWaitedFor } from '../table/index.ts'
import type { FileMeta } from '../version/file-meta.ts'
import { coversUserKey, findFile } from '../version/version.ts'
import type { Engine } from './engine.ts'
import type { SuperVersion } from './super-version.ts'

/** Where blocks and values are found. */
type OpenedFiles = Pick<Engine, 'tables' | 'blobs'>

/**
 * `moved`: `lookup.state` is the answer. `ended`: the key is nowhere. `needsBlock`: load `lookup.wanted`, then
 * repeat; the search goes on where it stopped.
 */
export function lookupKey(state: SuperVersion, { tables, blobs }: OpenedFiles, lookup: PointLookup): Step {
  if (lookup.resumeLevel < 0) {
    if (lookupMemtables(state, lookup))
      return lookup.state === LookupState.blob ? wantBlob(state, blobs, lookup) : Step.moved
    lookup.resumeLevel = 0
  }
  const { levels } = state.version
  for (let level = lookup.resumeLevel; level < levels.length; level++) {
    const files = levels[level]
    if (files.length === 0) continue
    const step = level === 0 ? lookupLevel0(files, tables, lookup) : lookupLevel(files, tables, lookup)
    if (step === Step.ended) continue
    if (lookup.state === LookupState.blob) return wantBlob(state, blobs, lookup)
    lookup.resumeLevel = level
    return step
  }
  if (lookup.blob === undefined) return Step.ended
  return lookup.takeBlob() ? Step.moved : Step.needsBlock
}

/** All that is left is to read the value from its blob file. */
function wantBlob(state: SuperVersion, blobs: BlobFileCache, lookup: PointLookup): Step {
  // What operands are merged into has to be read in any case.
  if (!lookup.readsBlobs && lookup.operands.length === 0) return Step.moved
  const { bytes, start, end, valueBytes, valueStart, valueEnd } = lookup
  lookup.blob = blobs.request(state.version, bytes, start, end, valueBytes, valueStart, valueEnd)
  lookup.wanted = lookup.blob
  lookup.resumeLevel = state.version.levels.length
  return Step.needsBlock
}

function lookupMemtables(state: SuperVersion, lookup: PointLookup): boolean {
  if (lookupMemtable(state.memtable, lookup)) return true
  for (let i = 0; i < state.sealed.length; i++) if (lookupMemtable(state.sealed[i], lookup)) return true
  return false
}

function lookupMemtable(memtable: Memtable, lookup: PointLookup): boolean {
  while (memtable.get(lookup)) if (lookup.isSettled) return true
  return false
}

function lookupLevel0(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let i = lookup.resumeFile; i < files.length; i++) {
    if (!coversUserKey(files[i], lookup)) continue
    const step = lookupFile(files[i], tables, lookup)
    if (step === Step.ended) continue
    lookup.resumeFile = i
    return step
  }
  return Step.ended
}

/**
 * One file at most can have the next version, though a key's versions may lie in two: `findFile` compares internal
 * keys, so it passes over a file whose last version of the key is too new for this reader.
 */
function lookupLevel(files: readonly FileMeta[], tables: TableCache, lookup: PointLookup): Step {
  for (let searched = -1; ; ) {
    const i = findFile(files, lookup)
    if (i === searched || i === files.length || !coversUserKey(files[i], lookup)) return Step.ended
    const step = lookupFile(files[i], tables, lookup)
    if (step !== Step.ended || lookup.state !== LookupState.merging) return step
    // What is below the operands may be in the next file.
    searched = i
  }
}

function lookupFile(file: FileMeta, tables: TableCache, lookup: PointLookup): Step {
  for (;;) {
    const table = file.table ?? tableWaitedFor(lookup.wanted, file)
    if (table === undefined) {
      lookup.wanted = tables.opening(file)
      return Step.needsBlock
    }
    const step = table.get(lookup)
    if (step !== Step.moved || lookup.isSettled) return step
  }
}
