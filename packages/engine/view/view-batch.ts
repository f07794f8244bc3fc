/**
 * Writes to one view or several that are made together or not at all.
 *
 *     await new ViewBatch().put(orders, [7], order).put(users, 'ada', { ...ada, orders: 8 }).write({ sync: true })
 */
import { VarveError } from '@varve/format/errors'
import type { Lifetime, WriteOptions } from '../index.ts'
import type { RowWrite } from './round.ts'
import { submit } from './submit.ts'

/** Any view of such keys and values, whatever its indexes. */
export interface Writable<Key, Value> {
  prepare(key: Key, ...value: [] | [Value]): RowWrite
}

/** The write with a time to live, if there is one. */
export function living(write: RowWrite, lifetime: Lifetime | undefined): RowWrite {
  if (lifetime?.ttl === undefined && lifetime?.expiresAt === undefined) return write
  const { ttl, expiresAt } = lifetime
  return {
    ...write,
    lifetime: { ...(ttl === undefined ? {} : { ttl }), ...(expiresAt === undefined ? {} : { expiresAt }) },
  }
}

export class ViewBatch {
  private readonly writes: RowWrite[] = []

  /** Operations so far. */
  get count(): number {
    return this.writes.length
  }

  put<Key, Value>(view: Writable<Key, Value>, key: Key, value: Value, lifetime?: Lifetime): this {
    return this.add(living(view.prepare(key, value), lifetime))
  }

  delete<Key>(view: Writable<Key, never>, key: Key): this {
    return this.add(view.prepare(key))
  }

  /** Makes the writes, in their order. `CONFLICT` when a unique index refuses one of them. */
  async write(options?: WriteOptions): Promise<void> {
    if (this.writes.length > 0) await submit(this.writes, options)
  }

  private add(write: RowWrite): this {
    const [first] = this.writes
    if (first !== undefined && first.rows.database !== write.rows.database) {
      throw new VarveError('INVALID_ARGUMENT', 'a batch is about views of one database', { option: 'batch' })
    }
    this.writes.push(write)
    return this
  }
}
