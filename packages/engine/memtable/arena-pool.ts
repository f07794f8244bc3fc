/**
 * The memory of memtables that have been flushed, for those to come, of all column families of a database. A new
 * arena costs the system a page fault for every four kilobytes; and the old one, which a worker has looked at too,
 * would go only when the garbage of both threads has been collected, which can be many arenas later.
 *
 * A database that is closed leaves its arenas to the next one that is opened. Otherwise they would pile up: shared
 * memory does not hurry the garbage collector (measured: 8,000 databases opened in a row held 23 GiB). They are left
 * weakly, so that a process without another database gets its memory back.
 */

/** Two may be waiting for their flush while a third is written; afterwards one is. */
const IDLE_MAX = 2

/** A weak reference costs nothing; there may be many column families. */
const LEFT_BEHIND_MAX = 64

/** Of databases that are closed. */
const leftBehind: WeakRef<SharedArrayBuffer>[] = []

export class ArenaPool {
  /** The one given back last at the end: its pages are the likeliest to be in a cache. */
  private readonly idle: SharedArrayBuffer[] = []
  private isClosed = false

  /** An arena of so many bytes, with anything in them. */
  take(bytes: number): SharedArrayBuffer {
    const fitting = this.idle.findLastIndex(arena => arena.byteLength === bytes)
    if (fitting >= 0) return this.idle.splice(fitting, 1)[0]
    return takeLeftBehind(bytes) ?? new SharedArrayBuffer(bytes)
  }

  /** Takes an arena back that nobody reads any more, on any thread. */
  give(arena: SharedArrayBuffer): void {
    if (this.isClosed) leaveBehind(arena)
    else this.idle.push(arena)
    if (this.idle.length > IDLE_MAX) this.idle.shift()
  }

  /** Leaves what lies idle, and what is yet to be given back, to the pools of other databases. */
  close(): void {
    this.isClosed = true
    for (const arena of this.idle.splice(0)) leaveBehind(arena)
  }
}

function leaveBehind(arena: SharedArrayBuffer): void {
  leftBehind.push(new WeakRef(arena))
  if (leftBehind.length > LEFT_BEHIND_MAX) leftBehind.shift()
}

function takeLeftBehind(bytes: number): SharedArrayBuffer | undefined {
  for (const [index, left] of leftBehind.entries()) {
    const arena = left.deref()
    if (arena?.byteLength !== bytes) continue
    leftBehind.splice(index, 1)
    return arena
  }
  return undefined
}
