/**
 * A large load, watched: random keys put through `db.put` in small windows, while the event loop's delay, the
 * longest wait for a single put, throughput and memory are taken.
 *
 *     node packages/bench/load.ts --num 10000000
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { type Database, open, type StallEvent } from 'varve'
import { KeyRing } from './data/keys.ts'
import { Permutation } from './data/permutation.ts'
import { ValuePool } from './data/values.ts'
import { describeMachine } from './report/machine.ts'
import { table } from './report/tables.ts'
import { bytesOfDirectory } from './run/directory.ts'
import { BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION, WRITE_BUFFER_BYTES } from './settings.ts'

const HELP = `Usage: node packages/bench/load.ts [options]

Loads a new database in random order, every key once, and says how evenly that went.

  --num=N       keys (10 000 000)
  --window=N    puts awaited together (64)
  --dir=DIR     where the database is made and removed (${tmpdir()})
  --keep        leaves the database there
  --json        prints the summary as an object`

/** How often throughput and memory are looked at. */
const SAMPLE_MS = 5000
/** Resolution of the event loop's delay. */
const DELAY_RESOLUTION_MS = 1
const SEED = 20_260_101
const MIB = 2 ** 20

interface Options {
  num: number
  window: number
  directory: string
  keep: boolean
  json: boolean
}

/** A stretch of the load. */
interface Sample {
  seconds: number
  putsPerSecond: number
  residentMiB: number
  level0Files: number
}

interface Summary {
  keys: number
  seconds: number
  putsPerSecond: number
  /** While loading: how late the event loop's timers were. */
  eventLoopDelayMs: { p50: number; p99: number; p999: number; max: number }
  /** From the call of a put to its acknowledgement. */
  putMs: { p50: number; p99: number; p999: number; max: number }
  /** What held writes back, by the database's own account. */
  stalls: { state: string; reason: string; seconds: number }[]
  stalledSeconds: number
  settleSeconds: number
  peakResidentMiB: number
  filesMiB: number
  writeAmplification: number
  samples: Sample[]
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      num: { type: 'string', default: '10000000' },
      window: { type: 'string', default: '64' },
      dir: { type: 'string', default: tmpdir() },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { num, window, dir, keep, json } = values
  return { num: Number(num), window: Number(window), directory: resolve(dir), keep, json }
}

/** Notes when writes were held back and why. */
class StallWatch {
  readonly stalls: { state: string; reason: string; seconds: number }[] = []
  private since = 0
  private current: StallEvent | undefined = undefined

  constructor(db: Database) {
    db.on('stall', event => this.note(event))
  }

  private note(event: StallEvent): void {
    const now = performance.now()
    if (this.current !== undefined) {
      const { state, reason } = this.current
      this.stalls.push({ state, reason, seconds: (now - this.since) / 1000 })
    }
    this.current = event.state === 'ended' ? undefined : event
    this.since = now
  }
}

async function load(
  db: Database,
  { num, window }: Options,
): Promise<Omit<Summary, 'peakResidentMiB' | 'filesMiB'>> {
  const keys = new KeyRing()
  const values = new ValuePool(SEED)
  const order = new Permutation(num, SEED)
  const stallWatch = new StallWatch(db)
  const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  const putTimes = createHistogram()
  const samples: Sample[] = []
  const started = performance.now()
  let sampledAt = started
  let sampledPuts = 0
  delays.enable()
  for (let done = 0; done < num; done += window) {
    await putWindow(db, keys, values, order, Math.min(window, num - done), putTimes)
    const now = performance.now()
    if (now - sampledAt < SAMPLE_MS) continue
    const sample: Sample = {
      seconds: (now - started) / 1000,
      putsPerSecond: ((done + window - sampledPuts) / (now - sampledAt)) * 1000,
      residentMiB: process.memoryUsage.rss() / MIB,
      level0Files: Number(db.property('rocksdb.num-files-at-level0')),
    }
    samples.push(sample)
    process.stderr.write(`${describeSample(sample, (done + window) / num)}\n`)
    sampledAt = now
    sampledPuts = done + window
  }
  const seconds = (performance.now() - started) / 1000
  delays.disable()
  const settleSeconds = await settle(db)
  const { flushBytesWritten, compactionBytesWritten, bytesWritten, walBytes, stallMicros } = db.statistics()
  return {
    keys: num,
    seconds,
    putsPerSecond: num / seconds,
    // The delay counts from the timer's due time; its resolution is part of every figure and taken off.
    eventLoopDelayMs: percentiles(delays, 1e6, DELAY_RESOLUTION_MS),
    putMs: percentiles(putTimes, 1e6, 0),
    stalls: stallWatch.stalls,
    stalledSeconds: stallMicros / 1e6,
    settleSeconds,
    writeAmplification: (walBytes + flushBytesWritten + compactionBytesWritten) / bytesWritten,
    samples,
  }
}

async function putWindow(
  db: Database,
  keys: KeyRing,
  values: ValuePool,
  order: Permutation,
  count: number,
  putTimes: ReturnType<typeof createHistogram>,
): Promise<void> {
  const pending: Promise<void>[] = []
  const issued = performance.now()
  for (let i = 0; i < count; i++) pending.push(db.put(keys.key(order.next()), values.next()))
  await pending[0]
  // All are issued at once and acknowledged in order: the first and the last bound the rest.
  putTimes.record(nanoseconds(performance.now() - issued))
  await Promise.all(pending)
  putTimes.record(nanoseconds(performance.now() - issued))
}

function nanoseconds(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds * 1e6))
}

interface Percentiles {
  percentile(percent: number): number
  max: number
}

function percentiles(histogram: Percentiles, unit: number, less: number): Summary['putMs'] {
  const at = (value: number) => Math.max(0, value / unit - less)
  return {
    p50: at(histogram.percentile(50)),
    p99: at(histogram.percentile(99)),
    p999: at(histogram.percentile(99.9)),
    max: at(histogram.max),
  }
}

/** Seconds until flushes and compactions have caught up. */
async function settle(db: Database): Promise<number> {
  const started = performance.now()
  const busy = [
    'rocksdb.num-immutable-mem-table',
    'rocksdb.compaction-pending',
    'rocksdb.num-running-compactions',
  ]
  while (busy.some(name => db.property(name) !== '0')) await new Promise(done => setTimeout(done, 50))
  return (performance.now() - started) / 1000
}

function describeSample({ seconds, putsPerSecond, residentMiB, level0Files }: Sample, share: number): string {
  const rate = Math.round(putsPerSecond).toLocaleString('en')
  return `${seconds.toFixed(0).padStart(5)} s ${(100 * share).toFixed(1).padStart(5)} %  ${rate.padStart(9)} puts/s  ${residentMiB.toFixed(0)} MiB resident  ${level0Files} files in level 0`
}

function summaryText({ samples, ...summary }: Summary, machine: readonly string[]): string {
  const rates = samples.map(({ putsPerSecond }) => putsPerSecond).sort((a, b) => a - b)
  const latency = (name: string, { p50, p99, p999, max }: Summary['putMs']) => [
    name,
    ...[p50, p99, p999, max].map(ms => ms.toFixed(2)),
  ]
  const stalls = summary.stalls.map(
    ({ state, reason, seconds }) => `- ${state} for ${seconds.toFixed(2)} s: ${reason}`,
  )
  return [
    `${summary.keys.toLocaleString('en')} random puts in ${summary.seconds.toFixed(1)} s: ${Math.round(summary.putsPerSecond).toLocaleString('en')} puts/s` +
      (rates.length === 0
        ? ''
        : ` (slowest 5 s: ${Math.round(rates[0]).toLocaleString('en')}, fastest: ${Math.round(rates[rates.length - 1]).toLocaleString('en')})`),
    '',
    table(
      ['milliseconds', 'p50', 'p99', 'p99.9', 'max'],
      [latency('event loop delay', summary.eventLoopDelayMs), latency('wait for a put', summary.putMs)],
    ),
    '',
    `- writes held back for ${summary.stalledSeconds.toFixed(2)} s in all; background work went on for ${summary.settleSeconds.toFixed(1)} s after the load`,
    ...stalls,
    `- peak RSS ${summary.peakResidentMiB.toFixed(0)} MiB, of which ${(2 * WRITE_BUFFER_BYTES + CACHE_BYTES) / MIB} MiB are the two write buffers and the block cache`,
    `- ${summary.filesMiB.toFixed(0)} MiB of files; write amplification ${summary.writeAmplification.toFixed(2)} (log, flushes and compactions, to user bytes)`,
    ...machine.map(line => `- ${line}`),
  ].join('\n')
}

const options = parseOptions()
if (options === undefined) console.log(HELP)
else {
  const machine = describeMachine(options.directory)
  const directory = mkdtempSync(join(options.directory, 'varve-load-'))
  try {
    const db = await open(directory, {
      blockCacheSize: CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
      bloomBitsPerKey: BLOOM_BITS_PER_KEY,
      compression: COMPRESSION,
    })
    const loaded = await load(db, options)
    const filesMiB = bytesOfDirectory(directory) / MIB
    await db.close()
    const peakResidentMiB = process.resourceUsage().maxRSS / 1024
    const summary: Summary = { ...loaded, filesMiB, peakResidentMiB }
    console.log(options.json ? JSON.stringify(summary, undefined, 2) : summaryText(summary, machine))
  } finally {
    if (!options.keep) rmSync(directory, { recursive: true, force: true })
  }
}
