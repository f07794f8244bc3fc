/** How writes to views begin: past the queue when there are no indexes to keep, else through it. */
import { VarveError } from '@varve/format/errors'
import type { WriteOptions } from '../index.ts'
import { WriteBatch } from '../index.ts'
import type { IndexedRows } from './indexed-rows.ts'
import type { RowWrite } from './round.ts'

/** Makes the writes together. The promise settles when they are as durable as was asked for, and visible. */
export function submit(writes: readonly RowWrite[], options: WriteOptions | undefined): Promise<void> {
  const { rows } = writes[0]
  const { queue } = rows
  let mustQueue = !queue.isIdle
  for (const { rows } of writes) {
    rows.refuseUnlessOpen()
    if (!rows.isIndexed) continue
    refuseWithoutLog(rows, options)
    mustQueue = true
  }
  if (mustQueue) return queue.join(writes, options)
  if (writes.length === 1) return writeRow(writes[0], options)
  const batch = new WriteBatch()
  for (const { rows, key, value, lifetime } of writes) {
    if (value === undefined) batch.delete(key, rows.family)
    else batch.put(key, value, rows.family, lifetime)
  }
  return rows.database.write(batch, options)
}

function writeRow(
  { rows, key, value, lifetime }: RowWrite,
  options: WriteOptions | undefined,
): Promise<void> {
  if (value === undefined) return rows.family.delete(key, options)
  return rows.family.put(key, value, lifetime === undefined ? options : { ...options, ...lifetime })
}

/** What is in no log is on disk when its family is flushed, and families are flushed apart: a crash could keep a row without its entries. */
function refuseWithoutLog({ name }: IndexedRows, options: WriteOptions | undefined): void {
  if (options?.disableWAL !== true) return
  throw new VarveError('INVALID_ARGUMENT', `the view ${name} has indexes, so its writes go through the log`, {
    option: 'disableWAL',
  })
}
