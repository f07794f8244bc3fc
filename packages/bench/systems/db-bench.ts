/**
 * C++ RocksDB by its own benchmark, `db_bench`, on one thread and with the options that all systems get. It is
 * started once for each set of workloads that its flags allow to share a process:
 *
 *     fillsync | fillsync64 | fillseq | fillseq100 | fillrandom ... seekrandom | multiget100 | readwhilewriting
 *     | compact2 | openafterkill
 *
 * multiget100 and readwhilewriting open what the one before them left.
 */
import { join } from 'node:path'
import { checkLog } from '../run/killed.ts'
import {
  BATCH_KEYS,
  BLOCK_BYTES,
  BLOOM_BITS_PER_KEY,
  CACHE_BYTES,
  type ChildMessage,
  COMPRESSION,
  type Job,
  KEY_BYTES,
  REPLAY_KEYS,
  REPLAY_WRITE_BUFFER_BYTES,
  VALUE_BYTES,
  WRITE_BUFFER_BYTES,
} from '../settings.ts'
import { openafterkill, WRITES_PER_SECOND, workloadNamed, workloads } from '../workloads/index.ts'
import { dbBenchMissing, dbBenchVersion, type Flags, figuresOf, runDbBench } from './db-bench-program.ts'
import type { ProgramSystem } from './system.ts'

/** One start of the program. */
interface Start {
  /** Our names. */
  workloads: string[]
  flags: Flags
  /** A benchmark that runs before them, unmeasured. */
  before?: string
  /** Needs what the start before it left, and that start even when nobody asked for its figures. */
  goesOn?: true
}

function startsOf({ settings }: Job): Start[] {
  const { syncedWrites } = settings
  return [
    { workloads: ['fillsync'], flags: { writes: syncedWrites } },
    { workloads: ['fillsync64'], flags: { writes: syncedWrites, threads: 64 } },
    { workloads: ['fillseq'], flags: {} },
    { workloads: ['fillseq100'], flags: { batch_size: BATCH_KEYS } },
    {
      workloads: [
        'fillrandom',
        'compact',
        'overwrite',
        'readrandom',
        'readmissing',
        'readseq',
        'readreverse',
        'seekrandom',
      ],
      flags: { seek_nexts: 10 },
    },
    {
      workloads: ['multiget100'],
      flags: { use_existing_db: true, batch_size: BATCH_KEYS, multiread_batched: true },
      goesOn: true,
    },
    {
      workloads: ['readwhilewriting'],
      flags: {
        use_existing_db: true,
        benchmark_write_rate_limit: WRITES_PER_SECOND * (KEY_BYTES + VALUE_BYTES),
      },
      goesOn: true,
    },
    { workloads: ['compact2'], flags: { subcompactions: 2 }, before: 'fillrandom' },
  ]
}

export function commonFlags({ directory, settings, repetition }: Omit<Job, 'workloads' | 'system'>): Flags {
  return {
    db: directory,
    num: settings.num,
    seed: settings.seed + repetition,
    threads: 1,
    key_size: KEY_BYTES,
    value_size: VALUE_BYTES,
    compression_ratio: 0.5,
    compression_type: COMPRESSION,
    block_size: BLOCK_BYTES,
    bloom_bits: BLOOM_BITS_PER_KEY,
    cache_size: CACHE_BYTES,
    write_buffer_size: WRITE_BUFFER_BYTES,
    level_compaction_dynamic_level_bytes: true,
    max_background_jobs: 2,
    disable_wal: 0,
  }
}

/**
 * db_bench numbers its threads from 0 in every process and seeds them so: with the seed of the start before, a reader
 * would draw the very keys that were written, in that order, and find them all.
 */
export function seedOfStart(seed: number, startIndex: number): number {
  return seed + 1000 * startIndex
}

/** The benchmarks of a start that must run for the wanted workloads: with those that fill the database. */
function benchmarksOf(start: Start, wanted: readonly string[], isNeeded: boolean): string[] {
  const last = isNeeded
    ? start.workloads.length
    : start.workloads.findLastIndex(name => wanted.includes(name))
  const names = start.workloads.filter(
    (name, at) => wanted.includes(name) || (workloadNamed(name).preparesStage === true && at < last),
  )
  const benchmarks = names.flatMap(name => {
    const benchmark = workloadNamed(name).dbBench ?? name
    // As `flushAll` does for the stores in our process.
    if (benchmark === 'compact') return ['flush', 'waitforcompaction', benchmark]
    return name === 'overwrite' ? [benchmark, 'waitforcompaction'] : [benchmark]
  })
  return start.before === undefined || benchmarks.length === 0 ? benchmarks : [start.before, ...benchmarks]
}

async function measure(job: Job, report: (message: ChildMessage) => void): Promise<number> {
  for (const { name, dbBench: benchmark } of workloads) {
    if (benchmark !== undefined || !job.workloads.includes(name)) continue
    report({ kind: 'notRun', workload: name, reason: 'db_bench has no such benchmark' })
  }
  const starts = startsOf(job)
  let peak = 0
  for (const [at, start] of starts.entries()) {
    const later = starts.slice(at + 1)
    const isNeeded =
      start.workloads.includes('fillrandom') &&
      later.some(({ goesOn, workloads: names }) => goesOn && names.some(name => job.workloads.includes(name)))
    const benchmarks = benchmarksOf(start, job.workloads, isNeeded)
    if (benchmarks.length === 0) continue
    const common = commonFlags(job)
    const seed = seedOfStart(Number(common.seed), at)
    const { printed, peakResidentBytes = 0 } = await runDbBench({
      ...common,
      ...start.flags,
      seed,
      benchmarks: benchmarks.join(','),
    })
    peak = Math.max(peak, peakResidentBytes)
    for (const name of start.workloads) {
      if (!job.workloads.includes(name)) continue
      const benchmark = workloadNamed(name).dbBench ?? name
      const figures = figuresOf(printed, benchmark)
      // A compaction is one operation to db_bench; what counts here is how many entries went through it.
      if (benchmark === 'compact') figures.operations = job.settings.num
      report({ kind: 'outcome', outcome: { workload: name, ...figures } })
    }
  }
  if (job.workloads.includes(openafterkill.name)) await measureOpening(job, report)
  // Without the opening's, whose write buffer is larger.
  return peak
}

async function measureOpening(job: Job, report: (message: ChildMessage) => void): Promise<void> {
  const seconds = await secondsToOpen(job)
  report({
    kind: 'outcome',
    outcome: { workload: openafterkill.name, operations: REPLAY_KEYS, seconds },
  })
}

/** More reads than fit before the kill. */
const ENDLESS = 1e12

/**
 * db_bench does not time its opening: taken is the whole process that opens the killed database and reads one key,
 * less the same process on a database of one batch (the quickest of three).
 */
async function secondsToOpen(job: Job): Promise<number> {
  const common = {
    ...commonFlags(job),
    num: REPLAY_KEYS,
    write_buffer_size: REPLAY_WRITE_BUFFER_BYTES,
    batch_size: BATCH_KEYS,
  }
  const killed = join(job.directory, 'killed')
  const small = join(job.directory, 'small')
  const reading = { benchmarks: 'readrandom', use_existing_db: true, reads: 1 }
  await runDbBench({ ...common, db: small, benchmarks: 'fillrandom', writes: BATCH_KEYS })
  const filling = { ...common, db: killed, benchmarks: 'fillrandom,readrandom', reads: ENDLESS }
  await runDbBench(filling, 'fillrandom')
  checkLog(killed)
  const { seconds } = await runDbBench({ ...common, ...reading, db: killed })
  const starts: number[] = []
  for (let i = 0; i < 3; i++) starts.push((await runDbBench({ ...common, ...reading, db: small })).seconds)
  return seconds - Math.min(...starts)
}

export const dbBench: ProgramSystem = {
  kind: 'program',
  name: 'rocksdb',
  mode:
    'C++ db_bench, one thread (64 for fillsync64, a second one that writes in readwhilewriting), max_background_jobs=2, ' +
    'subcompactions=1 (2 for compact2), level_compaction_dynamic_level_bytes=true, everything else by its ' +
    'defaults; openafterkill is the time of a whole process that opens and reads one key, less that of the same on a small database',
  missing: dbBenchMissing,
  version: dbBenchVersion,
  measure,
}
