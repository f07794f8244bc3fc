/**
 * What the rate limiter of the options means for a job of this database.
 *
 * RocksDB: db/flush_job.cc and db/compaction/compaction_job.cc, GetRateLimiterPriority
 */
import type { RatePriority, SharedRateLimit } from '../rate-limiter/index.ts'
import type { Engine } from './engine.ts'

/** For the job's message. Work that writers wait for goes before all other. */
export function rateLimitOf(engine: Engine, usual: RatePriority): SharedRateLimit | undefined {
  return engine.options.db.rateLimiter?.share(engine.controller.isHolding ? 'user' : usual)
}

/** Waits until jobs that ran in this thread, and could not wait there, have been made good. */
export async function untilSolvent(engine: Engine): Promise<void> {
  const { rateLimiter } = engine.options.db
  if (rateLimiter === undefined) return
  const { clock } = engine.runtime
  for (let wait = rateLimiter.debtAt(clock.monotonic()); wait > 0; ) {
    if (engine.state !== 'open') return
    await engine.sleep(wait)
    rateLimiter.noteDebtPaid(wait)
    wait = rateLimiter.debtAt(clock.monotonic())
  }
}
