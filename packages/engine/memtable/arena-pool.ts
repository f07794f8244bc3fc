/**
 * The memory of memtables that have been flushed, for those to come. A new arena costs the system a page fault for
 * every four kilobytes; and the old one, which a worker has looked at too, would go only when the garbage of both
 * threads has been collected, which can be many arenas later.
 */

export class ArenaPool {
  /** One is enough: while a memtable is flushed there are two, and afterwards one too many. */
  private idle: SharedArrayBuffer | undefined = undefined

  /** An arena of so many bytes, with anything in them. */
  take(bytes: number): SharedArrayBuffer {
    const { idle } = this
    if (idle?.byteLength !== bytes) return new SharedArrayBuffer(bytes)
    this.idle = undefined
    return idle
  }

  /** Takes an arena back that nobody reads any more, on any thread. */
  give(arena: SharedArrayBuffer): void {
    this.idle = arena
  }
}
