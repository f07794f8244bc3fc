/**
 * Put, told in order. A write joins the group that is being filled (commit-queue.ts); groups are committed one
 * after another (`commit`): seal memtables that are full, wait while writes are held back, take memory for new ones,
 * append to the log, sync if asked, apply to the memtables, publish, acknowledge.
 *
 * A commit that needs no waiting runs to its end without a promise, in the microtask after the first write of
 * the group: an append to the page cache costs a few microseconds, a hop through a thread pool ten times that.
 *
 * Invariants (see ARCHITECTURE.md): W1 nothing is applied that is not in the log, W2 nothing is acknowledged
 * that is not applied, W3 a sequence number given to a group is never given again, even when the group fails.
 *
 * RocksDB: db/db_impl/db_impl_write.cc
 */
import { BatchCursor } from '@varve/format/batch'
import { ValueType } from '@varve/format/key'
import { noteBatchWritten, type WriteBatch } from '../batch/index.ts'
import { operatorMissing } from '../merge/index.ts'
import type { WriteOptions } from '../options/index.ts'
import { type Bytes, isRange, keyBytes, valueBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { needsRoom, provideRoom, sealWhatIsFull } from './make-room.ts'
import type { WriteGroup } from './write-group.ts'

/** Above this a group is written to the log by the thread pool, so that the event loop does not wait for it. */
const SYNCHRONOUS_APPEND_MAX = 256 * 1024

export function put(
  engine: Engine,
  family: Family,
  key: Bytes,
  value: Bytes,
  options?: WriteOptions,
): Promise<void> {
  const keyPart = keyBytes(key)
  const valuePart = valueBytes(value)
  const group = engine.commits.join(options, keyPart.length + valuePart.length)
  group.encoder.putRecord(family.id, keyPart, valuePart)
  group.touch(family)
  return group.done
}

export function remove(engine: Engine, family: Family, key: Bytes, options?: WriteOptions): Promise<void> {
  const keyPart = keyBytes(key)
  const group = engine.commits.join(options, keyPart.length)
  group.encoder.deleteRecord(family.id, keyPart)
  group.touch(family)
  return group.done
}

export function singleDelete(
  engine: Engine,
  family: Family,
  key: Bytes,
  options?: WriteOptions,
): Promise<void> {
  const keyPart = keyBytes(key)
  const group = engine.commits.join(options, keyPart.length)
  group.encoder.singleDelete(family.id, keyPart)
  group.touch(family)
  return group.done
}

/** Throws `INVALID_ARGUMENT` when `end` is before `start`. A range that is empty is not written. */
export async function deleteRange(
  engine: Engine,
  family: Family,
  start: Bytes,
  end: Bytes,
  options?: WriteOptions,
): Promise<void> {
  const startPart = keyBytes(start)
  const endPart = keyBytes(end)
  if (!isRange(startPart, endPart)) return
  const group = engine.commits.join(options, startPart.length + endPart.length)
  group.encoder.deleteRange(family.id, startPart, endPart)
  group.touch(family)
  return group.done
}

export function merge(
  engine: Engine,
  family: Family,
  key: Bytes,
  operand: Bytes,
  options?: WriteOptions,
): Promise<void> {
  if (family.merge === undefined) throw operatorMissing()
  const keyPart = keyBytes(key)
  const operandPart = valueBytes(operand)
  const group = engine.commits.join(options, keyPart.length + operandPart.length)
  group.encoder.merge(family.id, keyPart, operandPart)
  group.touch(family)
  return group.done
}

export function write(engine: Engine, batch: WriteBatch, options?: WriteOptions): Promise<void> {
  noteBatchWritten(batch)
  const families = [...batch.columnFamilies].map(id => engine.familyById(id))
  for (const id of batch.mergedFamilies)
    if (engine.familyById(id).merge === undefined) throw operatorMissing()
  const group = engine.commits.join(options, batch.byteLength)
  group.encoder.appendEncoder(batch.encoder)
  for (const family of families) group.touch(family)
  return group.done
}

/** Commits one group; returns a promise only when it has to wait for something. */
export function commit(engine: Engine, group: WriteGroup): Promise<void> | undefined {
  engine.refuseUnlessWritable()
  const { controller, options } = engine
  const mustWait =
    controller.isHolding ||
    group.sync ||
    options.db.walSync !== 'onRequest' ||
    group.byteLength > SYNCHRONOUS_APPEND_MAX ||
    needsRoom(engine, group)
  if (mustWait) return commitWaiting(engine, group)
  const sequence = engine.takeSequences(group.encoder.count)
  if (group.disableWAL) group.encoder.finish(sequence)
  else appendToLog(engine, group, sequence)
  apply(engine, group, sequence)
  return undefined
}

/** The same steps for a group that has to wait at one of them. */
async function commitWaiting(engine: Engine, group: WriteGroup): Promise<void> {
  if (needsRoom(engine, group)) await sealWhatIsFull(engine, group)
  if (engine.controller.isHolding) await engine.controller.admit(group.byteLength)
  engine.refuseUnlessWritable()
  provideRoom(group)
  const sequence = engine.takeSequences(group.encoder.count)
  if (group.disableWAL) group.encoder.finish(sequence)
  else {
    if (group.byteLength > SYNCHRONOUS_APPEND_MAX) await appendLargeToLog(engine, group, sequence)
    else appendToLog(engine, group, sequence)
    if (group.sync || engine.logs.isSyncDue()) await syncLogs(engine)
  }
  apply(engine, group, sequence)
}

function appendToLog(engine: Engine, group: WriteGroup, sequence: number): void {
  try {
    engine.logs.appendSync(group.encoder, sequence)
  } catch (error) {
    throw engine.failed(error)
  }
}

async function appendLargeToLog(engine: Engine, group: WriteGroup, sequence: number): Promise<void> {
  try {
    await engine.logs.append(group.encoder, sequence)
  } catch (error) {
    throw engine.failed(error)
  }
}

async function syncLogs(engine: Engine): Promise<void> {
  try {
    await engine.logs.sync()
  } catch (error) {
    throw engine.failed(error)
  }
}

const applied = new BatchCursor(new Uint8Array(12))

/** Puts the group's operations into the memtables and publishes them to readers, all at once. */
function apply(engine: Engine, group: WriteGroup, sequence: number): void {
  const { encoder, families } = group
  const only = families.length === 1 ? families[0] : undefined
  const bytes = encoder.writer.bytes
  const cursor = applied
  cursor.open(bytes, 0, encoder.writer.length)
  while (cursor.next()) {
    if (!cursor.counted) continue
    const family = only ?? engine.families.get(cursor.columnFamily)
    // A family dropped while the group waited: its operations keep their sequence numbers and go nowhere.
    if (family === undefined || family.isDropped) continue
    insert(family, cursor)
  }
  if (group.disableWAL) for (const family of families) family.hasUnloggedWrites = true
  engine.publish(sequence + encoder.count - 1)
  for (const family of families) engine.background.noteWritten(family)
  const { statistics } = engine
  statistics.writeGroups++
  statistics.writesDone += group.members
  statistics.keysWritten += encoder.count
  statistics.bytesWritten += encoder.length
}

function insert(family: Family, record: BatchCursor): void {
  const { bytes, recordSequence, tag, keyStart, keyEnd, valueStart, valueEnd } = record
  if (tag === ValueType.RangeDeletion) {
    const start = new Uint8Array(bytes.subarray(keyStart, keyEnd))
    family.memtable.deleteRange(recordSequence, start, new Uint8Array(bytes.subarray(valueStart, valueEnd)))
    return
  }
  if (family.memtable.add(recordSequence, tag, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd)) return
  throw new Error('the memtable has no room for a group that room was made for')
}
