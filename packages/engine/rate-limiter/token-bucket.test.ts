import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BucketSettings, type RatePriority, RateRequest, TokenBucket } from './token-bucket.ts'

const MILLISECOND = 1000
const SECOND = 1_000_000

/** Jobs that want bytes in virtual time, each as soon as it has those before. */
class World {
  now = 0
  readonly granted: { at: number; bytes: number; priority: RatePriority }[] = []
  readonly bucket: TokenBucket
  private readonly queue: { at: number; go: () => void }[] = []

  constructor(settings: Partial<BucketSettings> = {}) {
    const usual = {
      bytesPerSecond: SECOND,
      refillPeriodMicros: 100 * MILLISECOND,
      fairness: 10,
      autoTuned: false,
    }
    this.bucket = TokenBucket.create({ ...usual, ...settings })
  }

  /** Wants `sizes`, one after another, from the time `from` on; `pause` microseconds between them. */
  job(priority: RatePriority, sizes: readonly number[], from = 0, pause = 0): void {
    const [size, ...rest] = sizes
    if (size === undefined) return
    const request = new RateRequest(size, priority)
    const go = () => {
      const before = request.remaining
      const wait = this.bucket.take(request, this.now)
      if (before > request.remaining)
        this.granted.push({ at: this.now, bytes: before - request.remaining, priority })
      if (wait > 0) this.at(this.now + wait, go)
      else this.job(priority, rest, this.now + pause, pause)
    }
    this.at(from, go)
  }

  at(at: number, go: () => void): void {
    this.queue.push({ at, go })
  }

  run(until = Number.POSITIVE_INFINITY): void {
    for (;;) {
      this.queue.sort((a, b) => a.at - b.at)
      if (this.queue.length === 0 || this.queue[0].at > until) return
      const [{ at, go }] = this.queue.splice(0, 1)
      this.now = Math.max(this.now, at)
      go()
    }
  }

  bytes(priority?: RatePriority, from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.granted
      .filter(
        grant => (priority ?? grant.priority) === grant.priority && grant.at >= from && grant.at < until,
      )
      .reduce((sum, { bytes }) => sum + bytes, 0)
  }
}

const many = (size: number) => new Array<number>(20_000).fill(size)

test('however many ask for whatever, no span of time sees more than the rate and two periods more', () => {
  const jobs = fc.array(
    fc.record({
      priority: fc.constantFrom<RatePriority>('user', 'high', 'low'),
      from: fc.nat(2 * SECOND),
      pause: fc.constantFrom(0, 0, 50 * MILLISECOND),
      sizes: fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 20 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  const periods = fc.constantFrom(1, 10, 100)
  fc.assert(
    fc.property(jobs, periods, fc.integer({ min: 1, max: 12 }), (jobs, periodMs, fairness) => {
      const refillPeriodMicros = periodMs * MILLISECOND
      const world = new World({ refillPeriodMicros, fairness })
      for (const { priority, sizes, from, pause } of jobs) world.job(priority, sizes, from, pause)
      world.run()
      const wanted = jobs.reduce((sum, { sizes }) => sum + sizes.reduce((a, b) => a + b, 0), 0)
      assert.equal(world.bytes(), wanted, 'all get what they want in the end')
      for (let start = 0; start < world.granted.length; start += 7) {
        let bytes = 0
        for (const grant of world.granted.slice(start)) {
          bytes += grant.bytes
          const span = grant.at - world.granted[start].at
          assert.ok(bytes <= span + 2 * refillPeriodMicros, `${bytes} bytes in ${span} us`)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('what nobody took in a period is gone with it', () => {
  const { bucket } = new World()
  const takenAt = (now: number, wanted: number) => {
    const request = new RateRequest(wanted, 'low')
    bucket.take(request, now)
    bucket.abandon(request)
    return wanted - request.remaining
  }
  takenAt(0, 1)
  takenAt(100 * MILLISECOND, 1)
  assert.equal(takenAt(200 * MILLISECOND - 1, SECOND), 100_000 - 1)
  assert.equal(takenAt(200 * MILLISECOND, SECOND), 100_000)
})

test('the rate is reached when enough is asked for, and a change of it holds from the next period on', () => {
  const world = new World()
  for (const priority of ['high', 'low', 'low'] as const) world.job(priority, many(7000))
  world.run(10 * SECOND)
  assert.ok(Math.abs(world.bytes(undefined, 0, 10 * SECOND) - 10 * SECOND) <= 200_000)
  world.bucket.setBytesPerSecond(3 * SECOND)
  world.run(20 * SECOND)
  assert.ok(Math.abs(world.bytes(undefined, 10 * SECOND, 20 * SECOND) - 30 * SECOND) <= 600_000)
})

test('flushes go before compactions, which go first in one period of ten all the same', () => {
  const world = new World()
  world.job('low', many(5000))
  world.job('high', many(5000))
  world.run(20 * SECOND)
  const share = world.bytes('low') / world.bytes()
  assert.ok(share > 0.04 && share < 0.13, `${share}`)
})

test('work that writers wait for goes before all other', () => {
  const world = new World()
  world.job('low', many(5000))
  world.job('high', many(5000))
  world.job('user', many(5000), SECOND)
  world.run(5 * SECOND)
  const share = world.bytes('user', 2 * SECOND) / world.bytes(undefined, 2 * SECOND)
  assert.ok(share > 0.95, `${share}`)
})

test('a request larger than a period has is served in parts', () => {
  const world = new World()
  world.job('low', [1_000_000])
  world.run()
  assert.equal(world.bytes(), 1_000_000)
  assert.ok(world.now >= 800 * MILLISECOND && world.now <= 1000 * MILLISECOND)
})

test('one that died while it waited holds the others up for a moment only', () => {
  const world = new World()
  world.bucket.take(new RateRequest(500_000, 'high'), 0)
  world.job('low', many(5000))
  world.run(3 * SECOND)
  assert.ok(world.bytes('low') > 1_500_000)
})

test('one that gives up is not waited for', () => {
  const world = new World()
  const request = new RateRequest(500_000, 'high')
  world.bucket.take(request, 0)
  world.bucket.abandon(request)
  world.job('low', [100_000], 100 * MILLISECOND)
  world.run()
  assert.equal(world.now, 100 * MILLISECOND)
})

test('what is overdrawn is a debt until it has been made good', () => {
  const { bucket } = new World()
  bucket.overdraw(new RateRequest(350_000, 'low'))
  let now = 0
  for (let debt = bucket.debtAt(now); debt > 0; debt = bucket.debtAt(now)) now += debt
  assert.equal(now, 300 * MILLISECOND)
  assert.equal(bucket.totals('low').bytes, 350_000)
})

test('a tuned rate follows what is asked for, within its bounds', () => {
  const world = new World({ autoTuned: true })
  assert.equal(world.bucket.bytesPerSecond, SECOND / 2)
  world.job('low', many(20_000))
  world.run(300 * SECOND)
  assert.ok(world.bucket.bytesPerSecond > 0.8 * SECOND, `${world.bucket.bytesPerSecond}`)
  const idle = new World({ autoTuned: true })
  idle.job('low', many(10).slice(0, 500), 0, 100 * MILLISECOND)
  idle.run(60 * SECOND)
  assert.equal(idle.bucket.bytesPerSecond, SECOND / 20)
})
