/**
 * What a reader of one column family looks at: the active memtable, the sealed ones and the table files, all
 * of one moment. A new one is made when a memtable is sealed or a version installed; whoever reads across an
 * `await` holds a reference.
 *
 * RocksDB: db/column_family.h, SuperVersion
 */
import type { Memtable } from '../memtable/index.ts'
import type { Version } from '../version/version.ts'

export class SuperVersion {
  /** Takes new writes while it is the newest; readers see entries up to their own sequence only. */
  readonly memtable: Memtable
  /** Waiting to be flushed, newest first. */
  readonly sealed: readonly Memtable[]
  readonly version: Version

  private references = 1
  private readonly onUnreferenced: () => void

  /** `onUnreferenced` is called when nobody reads it any more and files may have become obsolete with it. */
  constructor(
    memtable: Memtable,
    sealed: readonly Memtable[],
    version: Version,
    onUnreferenced: () => void = () => undefined,
  ) {
    this.memtable = memtable
    this.sealed = sealed
    this.version = version.ref()
    memtable.ref()
    for (const each of sealed) each.ref()
    this.onUnreferenced = onUnreferenced
  }

  ref(): this {
    this.references++
    return this
  }

  unref(): void {
    if (this.references === 0) throw new Error('a superversion is let go twice')
    if (--this.references > 0) return
    this.memtable.unref()
    for (const memtable of this.sealed) memtable.unref()
    this.version.unref()
    this.onUnreferenced()
  }
}
