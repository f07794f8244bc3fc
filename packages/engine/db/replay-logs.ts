/**
 * Puts what the logs hold back into memtables. `wal/` decides what of a log counts (`walRecoveryMode`); here is
 * where each operation goes: to the memtable of its column family, unless that family was dropped or has the
 * operation in a table already.
 *
 * Read-only opens keep everything in memory; others flush a family between two logs when its memtables have
 * grown too many, as they would while writing.
 */
import { join } from 'node:path'
import { BatchCursor, BatchTag, batchTagName, beginsPrepare } from '@varve/format/batch'
import { notSupported } from '@varve/format/errors'
import { ValueType } from '@varve/format/key'
import { walName } from '@varve/format/names'
import { type WalOutcome, WalReplay, type WalSource } from '../wal/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { flushSealed } from './flush.ts'

/** Replays the logs, oldest first, and moves the database's sequence behind the last operation. */
export async function replayLogs(
  engine: Engine,
  numbers: readonly number[],
  oldestNeeded: number,
): Promise<WalOutcome[]> {
  const replay = new WalReplay({
    mode: engine.options.db.walRecoveryMode,
    onBatch: (batch, offset, log) => applyBatch(engine, batch, offset, log),
    trackedSizes: engine.versions.trackedWals,
    isTracked: number => engine.versions.isTrackedLog(number),
    oldestNeeded,
  })
  // A later log may yet prove that an earlier one has lost its end: outcomes are final when all are replayed.
  const outcomes: WalOutcome[] = []
  if (!engine.isReadOnly && numbers.length > 0) await engine.fs.syncDirectory(engine.path)
  for (const number of numbers) {
    const file = join(engine.path, walName(number))
    if (!engine.isReadOnly) await syncLog(engine, file)
    const bytes = await engine.fs.readFile(file)
    const outcome = replay.replay({ bytes, number, file })
    outcomes.push(outcome)
    if (outcome.manifest !== undefined) engine.versions.checkEvidence(outcome.manifest)
    engine.startSequencesAfter(Math.max(engine.lastSequence, (replay.nextSequence ?? 0) - 1))
    if (!engine.isReadOnly) await flushWhatIsFull(engine, number)
  }
  return outcomes
}

/**
 * A process that was killed leaves in the page cache what it had not synced. All of it has to be on disk before
 * anything that follows from it is: a table of one family, or a newer log (L1).
 */
async function syncLog({ fs }: Engine, path: string): Promise<void> {
  const file = await fs.open(path, 'update')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const cursor = new BatchCursor(new Uint8Array(12))

const replayed: readonly number[] = [
  BatchTag.Put,
  BatchTag.Delete,
  BatchTag.SingleDelete,
  BatchTag.Merge,
  BatchTag.PutEntity,
  BatchTag.DeleteRange,
]

function applyBatch(engine: Engine, batch: Uint8Array, offset: number, log: WalSource): void {
  cursor.open(batch, 0, batch.length, log.file, offset)
  while (cursor.next()) {
    if (cursor.counted) applyOperation(engine, log, offset)
    else if (beginsPrepare(cursor.rawTag))
      throw notSupported('a prepared transaction in the log', log.file, offset)
  }
}

function applyOperation(engine: Engine, log: WalSource, offset: number): void {
  const { bytes, tag, recordSequence, keyStart, keyEnd, valueStart, valueEnd } = cursor
  const family = engine.families.get(cursor.columnFamily)
  if (family === undefined || family.state.logNumber > log.number) return
  if (!replayed.includes(tag)) {
    throw notSupported(`a ${batchTagName(cursor.rawTag)} operation in the log`, log.file, offset)
  }
  const recordBytes = keyEnd - keyStart + valueEnd - valueStart
  if (!family.hasRoom(recordBytes, 1)) {
    family.seal(log.number)
    family.provideRoom(recordBytes, 1)
  }
  if (tag === BatchTag.DeleteRange) {
    refuseTimestampRange(family, log.file, offset)
    const start = new Uint8Array(bytes.subarray(keyStart, keyEnd))
    family.memtable.deleteRange(recordSequence, start, new Uint8Array(bytes.subarray(valueStart, valueEnd)))
    return
  }
  const hasTimestamps = family.order.timestampSize > 0
  const type = tag === BatchTag.Delete && hasTimestamps ? ValueType.DeletionWithTimestamp : tag
  family.memtable.add(recordSequence, type, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd)
}

/**
 * Flushes families whose memtables have grown too many, and with them all that they have of the log `number`: a
 * log of which a part is in a table would bring that part back at the next replay.
 */
async function flushWhatIsFull(engine: Engine, number: number): Promise<void> {
  for (const family of engine.families.values()) {
    if (family.sealed.length < family.options.maxWriteBufferNumber) continue
    family.seal(number + 1)
    await flushSealed(engine, family)
  }
}

function refuseTimestampRange({ order, name }: Family, file: string, offset: number): void {
  if (order.timestampSize > 0)
    throw notSupported(`a range deletion with a timestamp, in the column family '${name}'`, file, offset)
}
