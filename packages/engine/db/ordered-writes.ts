/**
 * What writes to families in another than bytewise order need besides: keys that the order is for, ranges that run its
 * way, and a comparator of a program's own that can be relied on.
 */
import { BatchCursor } from '@varve/format/batch'
import { VarveError } from '@varve/format/errors'
import { bytewise, ValueType } from '@varve/format/key'
import type { WriteBatch } from '../batch/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { refuseTimestampWrite } from './timestamped-reads.ts'

/** Throws `INVALID_ARGUMENT` for a key that the family's comparator is not made for. */
export function checkKey(family: Family, key: Uint8Array): void {
  refuseTimestampWrite(family)
  const { order, name } = family
  const length = order.keyLength
  if (length === undefined || key.length === length) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `keys of the column family ${JSON.stringify(name)} have ${length} bytes, by its comparator ${order.name}, not ${key.length}`,
    { option: 'key', comparator: order.name },
  )
}

/** As `checkKey`, of all keys; ranges must not end before they start. */
export function checkBatch(engine: Engine, batch: WriteBatch): void {
  const cursor = new BatchCursor(batch.encoder.finish(0))
  while (cursor.next()) {
    const family = engine.families.get(cursor.columnFamily)
    if (!cursor.counted || family === undefined || family.order === bytewise) continue
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor
    checkKey(family, bytes.subarray(keyStart, keyEnd))
    if (cursor.tag !== ValueType.RangeDeletion) continue
    checkKey(family, bytes.subarray(valueStart, valueEnd))
    if (family.order.compare(bytes, keyStart, keyEnd, bytes, valueStart, valueEnd) < 0) continue
    throw new VarveError(
      'INVALID_ARGUMENT',
      `the end of a range is not behind its start, by the comparator ${family.order.name}`,
      { option: 'end', comparator: family.order.name },
    )
  }
}

/** After a group was applied: if a comparator failed meanwhile, its entries may stand anywhere, and writing stops. */
export function checkOrders(engine: Engine, families: readonly Family[]): void {
  for (const { order } of families) if (order.failure !== undefined) engine.failed(order.failure)
}

/**
 * Before writing goes on: forgets the failures of comparators where the memtables turn out to be in order after all.
 * Throws where they are not; opened again, the database puts them in order from the log.
 */
export function recoverOrders(engine: Engine): void {
  for (const { order, memtable, sealed } of engine.families.values()) {
    if (order.failure === undefined) continue
    for (const each of [memtable, ...sealed.map(one => one.memtable)])
      if (!each.isInOrder()) throw order.failure
    order.failure = undefined
  }
}
