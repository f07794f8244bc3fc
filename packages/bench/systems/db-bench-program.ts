/** Starting C++ RocksDB's `db_bench`, and reading what it prints. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOfDirectory } from '../run/directory.ts'

/** Another build than the one on the path can be named in the environment. */
const PROGRAM = process.env.DB_BENCH ?? 'db_bench'

/** How often the process's peak of memory is looked up. */
const PEAK_LOOK_MS = 50

export type Flags = Record<string, string | number | boolean>

export interface ProgramRun {
  printed: string
  /** From start to end of the process. */
  seconds: number
  /** Undefined where the system does not tell. */
  peakResidentBytes: number | undefined
}

/** With `killAfter` the process is killed with -9 as soon as it has printed the figures of that benchmark. */
export async function runDbBench(flags: Flags, killAfter?: string): Promise<ProgramRun> {
  const started = performance.now()
  const child = spawn(
    PROGRAM,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let printed = ''
  let errors = ''
  let isKilled = false
  child.stdout.on('data', chunk => {
    printed += chunk
    if (killAfter === undefined || isKilled || !hasFigures(printed, killAfter)) return
    isKilled = child.kill('SIGKILL')
  })
  // Progress goes there too: only its end is of interest.
  child.stderr.on('data', chunk => {
    errors = (errors + chunk).slice(-1000)
  })
  const watch = new PeakWatch(child)
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  const [code, signal] = await once(child, 'close')
  process.off('exit', endWithUs)
  watch.end()
  if (code !== 0 && !isKilled)
    throw new Error(`${PROGRAM} ended with ${signal ?? `exit code ${code}`}: ${errors}`)
  return { printed, seconds: (performance.now() - started) / 1000, peakResidentBytes: watch.peak }
}

/** Looks up the high-water mark of a process's memory while it lives: afterwards nobody tells. */
class PeakWatch {
  peak: number | undefined = undefined
  private readonly timer: NodeJS.Timeout | undefined

  constructor({ pid }: ChildProcess) {
    if (process.platform === 'linux' && pid !== undefined)
      this.timer = setInterval(() => this.look(pid), PEAK_LOOK_MS)
  }

  private look(pid: number): void {
    try {
      const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
      if (kib !== undefined) this.peak = Number(kib) * 1024
    } catch (error) {
      // It has ended; its close is about to be heard of.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ESRCH') throw error
      this.end()
    }
  }

  end(): void {
    clearInterval(this.timer)
  }
}

/** `fillseq : 2.345 micros/op 426439 ops/sec 2.345 seconds 1000000 operations; ...`. */
const FIGURES = /^(\w+) *: +([\d.]+) micros\/op (\d+) ops\/sec ([\d.]+) seconds (\d+) operations/

function hasFigures(printed: string, benchmark: string): boolean {
  return printed.split(/[\r\n]/).some(line => FIGURES.exec(line)?.[1] === benchmark)
}

export function figuresOf(printed: string, benchmark: string): { operations: number; seconds: number } {
  for (const text of printed.split(/[\r\n]/)) {
    const [, name, micros, rate, seconds, operations] = FIGURES.exec(text) ?? []
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

/** A ticker of what `--statistics` prints: `rocksdb.bytes.written COUNT : 123`. */
export function tickerOf(printed: string, name: string): number {
  const found = new RegExp(`^${name.replaceAll('.', '\\.')} COUNT : (\\d+)`, 'm').exec(printed)?.[1]
  if (found === undefined) throw new Error(`${PROGRAM} printed no ${name}`)
  return Number(found)
}

/** Of a database without the logs for people, of which every start leaves one. */
export function databaseBytes(path: string): number {
  return bytesOfDirectory(path, name => !name.startsWith('LOG'))
}

export function dbBenchMissing(): string | undefined {
  const { error } = spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' })
  return error === undefined ? undefined : 'db_bench is not installed (apt-get install rocksdb-tools)'
}

/** With what the program itself says against the way it was built: `WARNING: Assertions are enabled`. */
export function dbBenchVersion(): string {
  const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' })
  const number = /[\d.]+/.exec(stdout ?? '')?.[0] ?? 'of unknown version'
  return [`C++ ${number}`, ...warningsOf(printedHeader())].join(', ')
}

/** Without a benchmark it prints the conditions and makes the directory of its database, no more. */
function printedHeader(): string {
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-'))
  const { stdout } = spawnSync(PROGRAM, ['--benchmarks=', `--db=${directory}`], { encoding: 'utf8' })
  rmSync(directory, { recursive: true })
  return stdout ?? ''
}

export function warningsOf(printed: string): string[] {
  return [...printed.matchAll(/^WARNING: (.*)$/gm)].map(([, text]) => `which warns "${text}"`)
}
