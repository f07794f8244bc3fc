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
import { BatchCursor, BatchTag } from '@varve/format/batch'
import { notSupported } from '@varve/format/errors'
import { bytewise, ValueType } from '@varve/format/key'
import { noteBatchWritten, WriteBatch } from '../batch/index.ts'
import { type Columns, entityOf } from '../entity/index.ts'
import { isLifetime, type Lifetime, lifeOf } from '../expiry/index.ts'
import { operatorMissing } from '../merge/index.ts'
import type { WriteOptions } from '../options/index.ts'
import { type Bytes, isRange, keyBytes, valueBytes } from './arguments.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { needsRoom, provideRoom, sealWhatIsFull } from './make-room.ts'
import { checkBatch, checkKey, checkOrders } from './ordered-writes.ts'
import type { WriteGroup } from './write-group.ts'

/** Above this a group is written to the log by the thread pool, so that the event loop does not wait for it. */
const SYNCHRONOUS_APPEND_MAX = 256 * 1024

export function put(
  engine: Engine,
  family: Family,
  key: Bytes,
  value: Bytes,
  options?: WriteOptions & Lifetime,
): Promise<void> {
  const keyPart = keyBytes(key)
  const valuePart = stamped(engine, family, valueBytes(value), options)
  if (family.order !== bytewise) checkKey(family, keyPart)
  const group = engine.commits.join(options, keyPart.length + valuePart.length)
  group.encoder.putRecord(family.id, keyPart, valuePart)
  group.touch(family)
  return group.done
}

export function remove(engine: Engine, family: Family, key: Bytes, options?: WriteOptions): Promise<void> {
  const keyPart = keyBytes(key)
  if (family.order !== bytewise) checkKey(family, keyPart)
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
  if (family.order !== bytewise) checkKey(family, keyPart)
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
  if (family.order !== bytewise) for (const part of [startPart, endPart]) checkKey(family, part)
  if (!isRange(startPart, endPart, family.order)) return
  const group = engine.commits.join(options, startPart.length + endPart.length)
  group.encoder.deleteRange(family.id, startPart, endPart)
  group.touch(family)
  return group.done
}

/** Writes a value of named columns in the place of whatever the key has. */
export function putEntity(
  engine: Engine,
  family: Family,
  key: Bytes,
  columns: Columns,
  options?: WriteOptions,
): Promise<void> {
  const keyPart = keyBytes(key)
  const entity = entityOf(columns)
  refuseLivingEntity(family)
  if (family.order !== bytewise) checkKey(family, keyPart)
  const group = engine.commits.join(options, keyPart.length + entity.length)
  group.encoder.putEntity(family.id, keyPart, entity)
  group.touch(family)
  return group.done
}

/** An entity has no place for a stamp: RocksDB's TTL databases refuse it as well. */
function refuseLivingEntity({ expiry }: Family): void {
  if (expiry !== undefined) throw notSupported('an entity in a column family whose entries expire')
}

export function merge(
  engine: Engine,
  family: Family,
  key: Bytes,
  operand: Bytes,
  options?: WriteOptions & Lifetime,
): Promise<void> {
  if (family.merge === undefined) throw operatorMissing()
  const keyPart = keyBytes(key)
  const operandPart = stamped(engine, family, valueBytes(operand), options)
  if (family.order !== bytewise) checkKey(family, keyPart)
  const group = engine.commits.join(options, keyPart.length + operandPart.length)
  group.encoder.merge(family.id, keyPart, operandPart)
  group.touch(family)
  return group.done
}

/** The value or operand as it is stored. */
function stamped(
  engine: Engine,
  { expiry }: Family,
  value: Uint8Array,
  lifetime: Lifetime | undefined,
): Uint8Array {
  if (expiry === undefined && (lifetime === undefined || !isLifetime(lifetime))) return value
  const life = lifeOf(expiry, lifetime, engine.runtime.clock.now())
  return expiry === undefined ? value : expiry.stamp(value, life)
}

export function write(engine: Engine, given: WriteBatch, options?: WriteOptions): Promise<void> {
  noteBatchWritten(given)
  const families = [...given.columnFamilies].map(id => engine.familyById(id))
  const isStamped = given.lifetimes.size > 0 || families.some(({ expiry }) => expiry !== undefined)
  const batch = isStamped ? stampedBatch(engine, given) : given
  for (const id of batch.mergedFamilies)
    if (engine.familyById(id).merge === undefined) throw operatorMissing()
  if (families.some(family => family.order !== bytewise)) checkBatch(engine, batch)
  const group = engine.commits.join(options, batch.byteLength)
  group.encoder.appendEncoder(batch.encoder)
  for (const family of families) group.touch(family)
  return group.done
}

const unstamped = new BatchCursor(new Uint8Array(12))

/** The same batch with a stamp behind each value and operand of families whose entries expire. */
function stampedBatch(engine: Engine, given: WriteBatch): WriteBatch {
  const batch = new WriteBatch()
  const now = engine.runtime.clock.now()
  const cursor = unstamped
  given.encoder.seal(0)
  cursor.open(given.encoder.writer.bytes, 0, given.encoder.length)
  for (let index = 0; cursor.next(); index++) {
    const family = engine.familyById(cursor.columnFamily)
    const { expiry } = family
    if (cursor.tag === BatchTag.PutEntity) refuseLivingEntity(family)
    const isValue = cursor.tag === BatchTag.Put || cursor.tag === BatchTag.Merge
    const life = isValue ? lifeOf(expiry, given.lifetimes.get(index), now) : undefined
    batch.add(
      cursor,
      expiry !== undefined && life !== undefined ? expiry.stamp(cursor.value(), life) : cursor.value(),
    )
  }
  return batch
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
  checkOrders(engine, families)
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
