/**
 * Keys for single deletions that C++ RocksDB may compact: each is put once and single-deleted at most once. Of a key that
 * was put twice RocksDB may bring the older value back.
 */
import type { BatchOperation } from 'varve'
import type { Random } from '../random.ts'

export class SingleKeys {
  private readonly prefix: string
  private readonly live: { key: string; columnFamily: string }[] = []
  private made = 0

  /** `prefix`: what no other key begins with, also of an earlier run in the same database. */
  constructor(prefix: string) {
    this.prefix = prefix
  }

  /** A new key in the family, or the end of one that was put earlier, in whatever family it is. */
  operation(random: Random, columnFamily: string, value: Uint8Array): BatchOperation {
    const gone = random.chance(0.5) ? this.live.splice(random.below(this.live.length), 1)[0] : undefined
    if (gone !== undefined) return { type: 'singleDelete', ...gone }
    const key = `${this.prefix}${this.made++}`
    this.live.push({ key, columnFamily })
    return { type: 'put', key, value, columnFamily }
  }
}
