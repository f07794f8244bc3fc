/**
 * Bounds what the memtables of several column families and databases hold together: one object, given to each `open`.
 * When the memtables that are being written take seven eighths of it, the oldest of them, whosever it is, is flushed.
 * With `allowStall`, writes wait while all memtables take all of it.
 *
 * A database that cannot flush (it has failed, or its work is paused) keeps its memory, and the others get by with the
 * rest, at the least with an eighth of the whole: it must not hold them up for good. So the bound is an eighth more for
 * each moment in which one is stuck, and a commit group for each database.
 *
 * RocksDB: include/rocksdb/write_buffer_manager.h, memtable/write_buffer_manager.cc
 */
import { VarveError } from '@varve/format/errors'

export interface WriteBufferManagerOptions {
  /** Bytes. */
  bufferSize: number
  /** Writes wait while more than `bufferSize` is held. Default false: they go on, and flushes follow. */
  allowStall?: boolean
  /** A cache that makes room for as many bytes as the memtables hold. */
  cache?: ReservableCache
}

/** Of a block cache, what a manager needs. */
export interface ReservableCache {
  /** Sets what `owner` takes of the capacity. */
  reserve(owner: object, bytes: number): void
}

/** The memtables of one column family. */
export interface WriteBuffer {
  /** Bytes of the memtable that is being written; 0 when it is empty. */
  readonly mutableBytes: number
  /** Bytes of that one and of those that wait for their flush. */
  readonly memoryUsage: number
  /** When the memtable that is being written was begun: counts up. */
  readonly since: number
}

/** A database. */
export interface BufferUser {
  readonly path: string
  readonly buffers: Iterable<WriteBuffer>
  /** Why it can flush nothing now, if that is so. */
  readonly stuck: string | undefined
  /** Seals a memtable, soon, and flushes it; false when that has been asked for already. */
  flush(buffer: WriteBuffer): boolean
  /** Flushes what is sealed, however little that is. */
  flushSealed(): void
  /** Memory has been given back, or somebody is stuck, or not any more. */
  noteChange(): void
}

const MUTABLE_SHARE = 7 / 8
/** The part of the whole that those who can flush may use, whatever the others hold. */
const LEAST_SHARE = 1 / 8
const LEAST_BUFFER_SIZE = 64 * 1024
/** A cache is told of changes in steps of so many bytes. RocksDB: cache_reservation_manager.h */
const RESERVATION_STEP = 256 * 1024

interface Sums {
  mutable: number
  total: number
  /** Of those who are stuck. */
  stuck: number
}

export class WriteBufferManager {
  readonly allowStall: boolean
  private size: number
  private readonly cache: ReservableCache | undefined
  private readonly users = new Set<BufferUser>()
  private reserved = 0

  constructor({ bufferSize, allowStall = false, cache }: WriteBufferManagerOptions) {
    checkSize(bufferSize)
    this.size = bufferSize
    this.allowStall = allowStall
    this.cache = cache
  }

  get bufferSize(): number {
    return this.size
  }

  setBufferSize(bufferSize: number): void {
    checkSize(bufferSize)
    this.size = bufferSize
    this.noteChange()
  }

  /** Bytes of all memtables of all databases. */
  get memoryUsage(): number {
    const { total, stuck } = this.sums()
    return total + stuck
  }

  /** Bytes of those that are being written, of databases that can flush. */
  get mutableMemoryUsage(): number {
    return this.sums().mutable
  }

  /** A database has been opened. */
  add(user: BufferUser): void {
    this.users.add(user)
  }

  /** A database has been closed. */
  remove(user: BufferUser): void {
    if (!this.users.delete(user)) return
    this.reserve()
    this.noteChange()
  }

  /** Something is to be flushed before more is written. */
  get shouldFlush(): boolean {
    const { mutable, total, stuck } = this.sums()
    const room = this.roomBeside(stuck)
    return mutable > room * MUTABLE_SHARE || (total >= room && mutable >= room / 2)
  }

  /** Writes are to wait. */
  get shouldStall(): boolean {
    if (!this.allowStall) return false
    const { total, stuck } = this.sums()
    return total >= this.roomBeside(stuck)
  }

  /** Has the oldest memtable sealed that can be flushed and is not to be yet; starts the flushes that wait for more. */
  flushOldest(): void {
    const candidates: { user: BufferUser; buffer: WriteBuffer }[] = []
    for (const user of this.users) {
      if (user.stuck !== undefined) continue
      user.flushSealed()
      for (const buffer of user.buffers) if (buffer.mutableBytes > 0) candidates.push({ user, buffer })
    }
    candidates.sort((a, b) => a.buffer.since - b.buffer.since)
    candidates.find(({ user, buffer }) => user.flush(buffer))
  }

  /** In words, with what keeps others from giving memory back. */
  describe(): string {
    const held = `memtables of ${this.users.size} databases hold ${this.memoryUsage} of ${this.size} bytes (writeBufferManager)`
    const stuck = [...this.users].flatMap(({ path, stuck }) =>
      stuck === undefined ? [] : `${path}: ${stuck}`,
    )
    return [held, ...stuck].join('; ')
  }

  /** Lets everybody look again, and brings the cache up to date. */
  noteChange(): void {
    this.reserve()
    for (const user of this.users) user.noteChange()
  }

  /** Makes the cache keep as much room as is held, about. */
  reserve(): void {
    if (this.cache === undefined) return
    const bytes = Math.ceil(this.memoryUsage / RESERVATION_STEP) * RESERVATION_STEP
    if (bytes === this.reserved) return
    this.reserved = bytes
    this.cache.reserve(this, bytes)
  }

  private roomBeside(stuck: number): number {
    return Math.max(this.size - stuck, this.size * LEAST_SHARE)
  }

  private sums(): Sums {
    const sums = { mutable: 0, total: 0, stuck: 0 }
    for (const { buffers, stuck } of this.users) {
      for (const { mutableBytes, memoryUsage } of buffers) {
        if (stuck !== undefined) sums.stuck += memoryUsage
        else {
          sums.mutable += mutableBytes
          sums.total += memoryUsage
        }
      }
    }
    return sums
  }
}

function checkSize(bufferSize: number): void {
  if (Number.isSafeInteger(bufferSize) && bufferSize >= LEAST_BUFFER_SIZE) return
  const problem = `bufferSize must be a whole number from ${LEAST_BUFFER_SIZE} on, not ${bufferSize}`
  throw new VarveError('INVALID_ARGUMENT', problem, { option: 'bufferSize' })
}
