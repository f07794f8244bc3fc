/**
 * C++ RocksDB by its own benchmark, `db_bench`, on one thread and with the options that all systems get. It is
 * started once for each set of workloads that its flags allow to share a process:
 *
 *     fillsync | fillsync64 | fillseq | fillseq100 | fillrandom ... seekrandom | multiget100 | readwhilewriting
 *
 * The last two open what the one before them left.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  BLOCK_BYTES,
  BLOOM_BITS_PER_KEY,
  CACHE_BYTES,
  type ChildMessage,
  COMPRESSION,
  type Job,
  KEY_BYTES,
  VALUE_BYTES,
  WRITE_BUFFER_BYTES,
} from '../settings.ts'
import { WRITES_PER_SECOND, workloadNamed, workloads } from '../workloads/index.ts'
import type { ProgramSystem } from './system.ts'

const PROGRAM = 'db_bench'

type Flags = Record<string, string | number | boolean>

/** One start of the program. */
interface Start {
  /** Our names. */
  workloads: string[]
  flags: Flags
  /** Needs what the start before it left, and that start even when nobody asked for its figures. */
  goesOn?: true
}

function startsOf({ settings }: Job): Start[] {
  const { syncedWrites } = settings
  return [
    { workloads: ['fillsync'], flags: { writes: syncedWrites } },
    { workloads: ['fillsync64'], flags: { writes: Math.ceil(syncedWrites / 8), threads: 64 } },
    { workloads: ['fillseq'], flags: {} },
    { workloads: ['fillseq100'], flags: { batch_size: 100 } },
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
      flags: { use_existing_db: true, batch_size: 100, multiread_batched: true },
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
  ]
}

function commonFlags({ directory, settings, repetition }: Job): Flags {
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

/** The benchmarks of a start that must run for the wanted workloads: with those that fill the database. */
function benchmarksOf(start: Start, wanted: readonly string[], isNeeded: boolean): string[] {
  const last = isNeeded
    ? start.workloads.length
    : start.workloads.findLastIndex(name => wanted.includes(name))
  const names = start.workloads.filter(
    (name, at) => wanted.includes(name) || (workloadNamed(name).preparesStage === true && at < last),
  )
  return names.flatMap(name => {
    const benchmark = workloadNamed(name).dbBench ?? name
    return name === 'overwrite' ? [benchmark, 'waitforcompaction'] : [benchmark]
  })
}

async function measure(job: Job, report: (message: ChildMessage) => void): Promise<void> {
  for (const { name, dbBench: benchmark } of workloads) {
    if (benchmark !== undefined || !job.workloads.includes(name)) continue
    report({ kind: 'notRun', workload: name, reason: 'db_bench has no such benchmark' })
  }
  const starts = startsOf(job)
  for (const [at, start] of starts.entries()) {
    const later = starts.slice(at + 1)
    const isNeeded =
      start.workloads.includes('fillrandom') &&
      later.some(({ goesOn, workloads: names }) => goesOn && names.some(name => job.workloads.includes(name)))
    const benchmarks = benchmarksOf(start, job.workloads, isNeeded)
    if (benchmarks.length === 0) continue
    const printed = await run({ ...commonFlags(job), ...start.flags, benchmarks: benchmarks.join(',') })
    for (const name of start.workloads) {
      if (!job.workloads.includes(name)) continue
      const figures = figuresOf(printed, workloadNamed(name).dbBench ?? name)
      // A compaction is one operation to db_bench; what counts here is how many entries went through it.
      if (name === 'compact') figures.operations = job.settings.num
      report({ kind: 'outcome', outcome: { workload: name, ...figures } })
    }
  }
}

async function run(flags: Flags): Promise<string> {
  const child = spawn(
    PROGRAM,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let printed = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    printed += chunk
  })
  // Progress goes there too: only its end is of interest.
  child.stderr.on('data', chunk => {
    errors = (errors + chunk).slice(-1000)
  })
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  const [code, signal] = await once(child, 'close')
  process.off('exit', endWithUs)
  if (code !== 0) throw new Error(`${PROGRAM} ended with ${signal ?? `exit code ${code}`}: ${errors}`)
  return printed
}

/** Finds `fillseq : 2.345 micros/op 426439 ops/sec 2.345 seconds 1000000 operations; ...`. */
export function figuresOf(printed: string, benchmark: string): { operations: number; seconds: number } {
  const line = /^(\w+) *: +([\d.]+) micros\/op (\d+) ops\/sec ([\d.]+) seconds (\d+) operations/
  for (const text of printed.split(/[\r\n]/)) {
    const [, name, micros, rate, seconds, operations] = line.exec(text) ?? []
    if (name !== benchmark) continue
    // The rate has more digits than the seconds where there are many operations, and none where there is one.
    const count = Number(operations)
    return {
      operations: count,
      seconds: count === 1 ? Number(micros) / 1e6 : rateSeconds(count, rate, seconds),
    }
  }
  throw new Error(`${PROGRAM} printed no figures for ${benchmark}`)
}

function rateSeconds(operations: number, rate: string, seconds: string): number {
  return Number(rate) > 0 ? operations / Number(rate) : Number(seconds)
}

export const dbBench: ProgramSystem = {
  kind: 'program',
  name: 'rocksdb',
  mode:
    'C++ db_bench, one thread (64 for fillsync64, a second one that writes in readwhilewriting), two background ' +
    'threads, level_compaction_dynamic_level_bytes=true, everything else by its defaults',
  missing() {
    const { error } = spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' })
    return error === undefined ? undefined : 'db_bench is not installed (apt-get install rocksdb-tools)'
  },
  version() {
    const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' })
    return `C++ ${/[\d.]+/.exec(stdout ?? '')?.[0] ?? 'of unknown version'}`
  },
  measure,
}
