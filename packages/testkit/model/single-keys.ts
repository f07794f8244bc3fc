/**
 * Keys for single deletions that C++ RocksDB may compact: each is put once and single-deleted at most once. Of a key that
 * was put twice RocksDB may bring the older value back.
 */
import type { BatchOperation } from 'varve'
import type { Random } from '../random.ts'

const PREFIX = 'once in '

/** Whether other operations have to leave the key alone. */
export function isSingleKey(key: Uint8Array): boolean {
  return PREFIX === Buffer.from(key.subarray(0, PREFIX.length)).toString('latin1')
}

export class SingleKeys {
  private readonly prefix: string
  private readonly live = new Map<string, string[]>()
  private made = 0

  /** `run`: another number for each run in the same database. */
  constructor(run: number) {
    this.prefix = `${PREFIX}${run}: `
  }

  /** A new key in the family, or the end of one that was put earlier. */
  operation(random: Random, columnFamily: string, value: Uint8Array): BatchOperation {
    const live = this.live.get(columnFamily) ?? []
    this.live.set(columnFamily, live)
    const gone = random.chance(0.5) ? live.splice(random.below(live.length), 1)[0] : undefined
    if (gone !== undefined) return { type: 'singleDelete', key: gone, columnFamily }
    const key = `${this.prefix}${this.made++}`
    live.push(key)
    return { type: 'put', key, value, columnFamily }
  }
}
