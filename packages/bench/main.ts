/** `npm run bench`: Varve beside C++ RocksDB and the embedded databases that npm has. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureAmplification } from './amplification/amplification.ts'
import { amplificationPage, amplificationText } from './amplification/report.ts'
import { baselineOf, readBaseline, writeBaseline } from './check/baseline.ts'
import { check } from './check/check.ts'
import { type Command, parseCommand, UsageError } from './command-line.ts'
import { measureGrowth } from './growth/growth.ts'
import { growthPage, growthText } from './growth/report.ts'
import { helpText } from './help.ts'
import { measureLatency } from './latency/latency.ts'
import { latencyPage, latencyText } from './latency/report.ts'
import { describeMachine, isBusy } from './report/machine.ts'
import { type Run, reportPage, reportText } from './report/report.ts'
import { Results } from './report/results.ts'
import { rowsOf } from './report/rows.ts'
import { log, measure, presentSystems } from './run/measure.ts'
import { systemNamed } from './systems/index.ts'
import { SUBJECT } from './systems/system.ts'

const measurements = fileURLToPath(new URL('../../docs/measurements/', import.meta.url))

function save(name: string, text: string): void {
  mkdirSync(measurements, { recursive: true })
  const file = join(measurements, name)
  writeFileSync(file, text)
  log(`Written to ${file}`)
}

function print(command: Command, rows: unknown, text: string): void {
  console.log(command.json ? JSON.stringify(rows, undefined, 2) : text)
}

async function compareSystems(command: Command, origin: Origin): Promise<void> {
  const { settings, repetitions, directory } = command
  const results = new Results(command.systems, command.workloads)
  const systems = presentSystems(command.systems, results)
  const workloads = command.workloads.map(({ name }) => name)
  await measure({ systems, workloadsOf: () => workloads, repetitions, settings, directory }, results)
  const run: Run = {
    ...origin,
    results,
    num: settings.num,
    repetitions,
    seconds: settings.seconds,
    versions: new Map(systems.map(name => [name, systemNamed(name).version()])),
  }
  print(command, rowsOf(results), reportText(run))
  if (command.save) save(`bench-${origin.day}.md`, reportPage(run))
  if (command.writeBaseline)
    log(`Written to ${writeBaseline(baselineOf(results, settings, origin.day, origin.machine[0]))}`)
  // A peer that fails is a note in the report; Varve failing is a failure.
  if (results.notRun.some(({ system, workload }) => system === SUBJECT && workload === undefined))
    process.exitCode = 1
}

async function checkBaseline(command: Command): Promise<void> {
  const baseline = readBaseline()
  if (baseline === undefined) throw new UsageError('there is no baseline')
  const verdict = await check(command, baseline, command.workloads)
  print(command, verdict.standings, verdict.text)
  if (verdict.hasFallen) process.exitCode = 1
}

async function growth(command: Command, origin: Origin): Promise<void> {
  const run = { ...origin, ...(await measureGrowth(command)), repetitions: command.repetitions }
  print(command, run.points, growthText(run))
  if (run.points.every(({ system }) => system !== SUBJECT)) process.exitCode = 1
  if (!command.save) return
  const plot = `growth-${origin.day}.svg`
  const page = growthPage(run, plot)
  save(`growth-${origin.day}.md`, page.text)
  save(plot, page.plot)
}

async function latency(command: Command, origin: Origin): Promise<void> {
  const run = { ...origin, latency: await measureLatency(command) }
  print(command, run.latency, latencyText(run))
  if (command.save) save(`latency-${origin.day}.md`, latencyPage(run))
}

async function amplification(command: Command, origin: Origin): Promise<void> {
  const { settings, writes, directory } = command
  const plan = { keys: settings.num, writes, seed: settings.seed, directory }
  const run = { ...origin, ...plan, ...(await measureAmplification(plan)) }
  print(command, run.points, amplificationText(run))
  if (command.save) save(`amplification-${origin.day}.md`, amplificationPage(run))
}

/** Where figures come from. */
interface Origin {
  /** `npm run bench -- ...` as it was called. */
  command: string
  machine: readonly string[]
  /** As 2026-01-31. */
  day: string
}

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args, readBaseline)
  if (command.help) return console.log(helpText())
  if (isBusy()) log('The machine is busy with something else: take the figures as rough.')
  const origin: Origin = {
    command: ['npm run bench --', ...args].join(' '),
    machine: describeMachine(command.directory),
    day: new Date().toISOString().slice(0, 10),
  }
  if (command.mode === 'check') await checkBaseline(command)
  else if (command.mode === 'growth') await growth(command, origin)
  else if (command.mode === 'latency') await latency(command, origin)
  else if (command.mode === 'amplification') await amplification(command, origin)
  else await compareSystems(command, origin)
}

// Interrupted: the children and their databases go too (see run/run-job.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  log(`${error.message}\nTry: npm run bench -- --help`)
  process.exitCode = 2
}
