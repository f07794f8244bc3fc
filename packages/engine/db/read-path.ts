/**
 * What a Get does: `lookupKey` searches what is in memory, and says when a block is missing, or a value that is in a blob
 * file; that is loaded, with a promise or blocking, and the search goes on. What it ends with is copied out for the caller
 * (lookup-result.ts).
 */
import type { Column } from '@varve/format/entity'
import { VarveError } from '@varve/format/errors'
import type { KeyOrder } from '@varve/format/key'
import { Step, type Wanted } from '../cursor/cursor.ts'
import { PointLookup } from '../cursor/point-lookup.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { lookupKey } from './lookup-key.ts'
import { isFound, type LivingValue, takeColumns, takeLiving, takeValue } from './lookup-result.ts'
import type { Snapshot } from './snapshots.ts'
import type { SuperVersion } from './super-version.ts'
import { getAt, getEntityAt, refuseTimestamp } from './timestamped-reads.ts'

export interface ReadOptions {
  /** Reads what was there when the snapshot was taken. Default: what is there now. */
  snapshot?: Snapshot
  /** Whether blocks that are read enter the block cache. Default true. */
  fillCache?: boolean
  /**
   * In a column family whose keys have timestamps: reads the newest version of each key that is not newer than this.
   * Default: the newest.
   */
  timestamp?: number | bigint
}

/** What reading needs of an engine and of a column family. */
export type ReadEngine = Pick<
  Engine,
  'tables' | 'blobs' | 'pace' | 'runtime' | 'statistics' | 'lastSequence' | 'openReaders' | 'refuseUnlessOpen'
>
export type ReadFamily = Pick<
  Family,
  'superVersion' | 'isDropped' | 'name' | 'merge' | 'prefixExtractor' | 'expiry' | 'order'
>

let spare = new PointLookup()

/** The one to take; a lookup that has to wait keeps it, and there is another then. */
export function spareLookup(): PointLookup {
  return spare
}

function begin(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options: ReadOptions | undefined,
): PointLookup {
  engine.refuseUnlessOpen()
  const bytes = keyBytes(key)
  if (options?.timestamp !== undefined) refuseTimestamp(family, options)
  const lookup = spare
  lookup.order = usableOrder(family)
  lookup.begin(bytes, 0, bytes.length, sequenceOf(engine, options))
  lookup.fillCache = options?.fillCache !== false
  lookup.readsBlobs = true
  if (family.expiry !== undefined) lookup.now = momentOf(engine, options)
  return lookup
}

/** The time that a read with `options` reads at: entries that are over by then are not there. */
export function momentOf(engine: Pick<ReadEngine, 'runtime'>, options: ReadOptions | undefined): number {
  return options?.snapshot?.takenAt ?? engine.runtime.clock.now()
}

/** The order of a family's keys. Throws when they may not be in it: see `KeyOrder.failure`. */
export function usableOrder({ order }: ReadFamily): KeyOrder {
  if (order.failure !== undefined) throw order.failure
  return order
}

/** The sequence that a read with `options` reads at. */
export function sequenceOf(engine: ReadEngine, options: ReadOptions | undefined): number {
  const snapshot = options?.snapshot
  if (snapshot === undefined) return engine.lastSequence
  if (snapshot.isOpen) return snapshot.sequence
  throw new VarveError('INVALID_ARGUMENT', 'the snapshot is closed: what it saw may be gone', {
    option: 'snapshot',
  })
}

export function getSync(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Uint8Array | undefined {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  while (lookupKey(superVersion, engine, lookup) === Step.needsBlock) lookup.wanted?.loadSync()
  return takeValue(engine, family, lookup)
}

/** Looks a key up with what is in memory and with blocks that are read quickly. */
export function lookupQuickly(engine: ReadEngine, state: SuperVersion, lookup: PointLookup): Step {
  let step = lookupKey(state, engine, lookup)
  while (step === Step.needsBlock && lookup.wanted !== undefined && loadsNow(engine, lookup.wanted)) {
    step = lookupKey(state, engine, lookup)
  }
  return step
}

/** Loads something at once, if that is likely to be quick: opening a table is not. */
export function loadsNow(engine: Pick<ReadEngine, 'pace'>, wanted: Wanted): boolean {
  return wanted.isOneRead && engine.pace.attempt(() => wanted.loadSync())
}

/** Waits for a file only when that takes long: see `InlinePace`. */
export async function get(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<Uint8Array | undefined> {
  return getPromptly(engine, family, key, options)
}

/** As `get`, with a promise only when there is something to wait for, and errors thrown when there is not. */
export function getPromptly(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, takeValue)
  }
  return takeValue(engine, family, lookup)
}

/** As `get`, with all columns of an entity. */
export async function getEntity(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<Column[] | undefined> {
  if (family.order.timestampSize > 0) return getEntityAt(engine, family, key, options)
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, takeColumns)
  }
  return takeColumns(engine, family, lookup)
}

export async function has(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<boolean> {
  if (family.order.timestampSize > 0) return getAt(engine, family, key, options) !== undefined
  const lookup = begin(engine, family, key, options)
  // What is over is not there, and only the value tells.
  lookup.readsBlobs = family.expiry !== undefined
  const { superVersion } = family
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock) {
    return finish(engine, family, superVersion, lookup, isFound)
  }
  return isFound(engine, family, lookup)
}

/**
 * Loads what a lookup waits for until it is over, and gives what `take` makes of it. That is done at once: by the
 * next turn the block of the value may be another.
 */
export async function finish<Result>(
  engine: ReadEngine,
  family: ReadFamily,
  state: SuperVersion,
  lookup: PointLookup,
  take: (engine: ReadEngine, family: ReadFamily, lookup: PointLookup) => Result,
): Promise<Result> {
  spare = new PointLookup()
  state.ref()
  try {
    // The caller may change its key while this waits.
    lookup.keepKey()
    let step: Step = Step.needsBlock
    while (step === Step.needsBlock && lookup.wanted !== undefined) {
      if (engine.pace.isTurnOver) await engine.runtime.nextTurn()
      if (!loadsNow(engine, lookup.wanted)) await lookup.wanted.load()
      step = lookupKey(state, engine, lookup)
    }
    return take(engine, family, lookup)
  } finally {
    state.unref()
  }
}

/** As `get`, with the time when it is over; in any family. */
export async function getLiving(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options?: ReadOptions,
): Promise<LivingValue | undefined> {
  if (family.order.timestampSize > 0) {
    const value = getAt(engine, family, key, options)
    return value && { value, expiresAt: undefined }
  }
  const lookup = begin(engine, family, key, options)
  const { superVersion } = family
  const take = (): LivingValue | undefined => {
    if (family.expiry !== undefined) {
      engine.statistics.keysRead++
      return takeLiving(engine, family, family.expiry, lookup)
    }
    const value = takeValue(engine, family, lookup)
    return value && { value, expiresAt: undefined }
  }
  if (lookupQuickly(engine, superVersion, lookup) === Step.needsBlock)
    return finish(engine, family, superVersion, lookup, take)
  return take()
}
