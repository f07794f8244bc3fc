/**
 * The memory of memtables that have been flushed, for those to come. A new arena costs the system a page fault for
 * every four kilobytes; and the old one, which a worker has looked at too, would go only when the garbage of both
 * threads has been collected, which can be many arenas later.
 */

/** Two may be waiting for their flush while a third is written; afterwards one is. */
const IDLE_MAX = 2

export class ArenaPool {
  /** The one given back last at the end: its pages are the likeliest to be in a cache. */
  private readonly idle: SharedArrayBuffer[] = []

  /** An arena of so many bytes, with anything in them. */
  take(bytes: number): SharedArrayBuffer {
    const fitting = this.idle.findLastIndex(arena => arena.byteLength === bytes)
    return fitting < 0 ? new SharedArrayBuffer(bytes) : this.idle.splice(fitting, 1)[0]
  }

  /** Takes an arena back that nobody reads any more, on any thread. */
  give(arena: SharedArrayBuffer): void {
    this.idle.push(arena)
    if (this.idle.length > IDLE_MAX) this.idle.shift()
  }
}
