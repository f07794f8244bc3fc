/** `npm run bench`: Varve beside C++ RocksDB and the embedded databases that npm has. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, helpText, parseCommand, UsageError } from './command-line.ts'
import { installPeers } from './peers/install.ts'
import { describeMachine, isBusy } from './report/machine.ts'
import { type Run, reportPage, reportText } from './report/report.ts'
import { Results } from './report/results.ts'
import { rowsOf } from './report/rows.ts'
import { runJob } from './run/run-job.ts'
import type { ChildMessage } from './settings.ts'
import { systemNamed } from './systems/index.ts'
import { SUBJECT } from './systems/system.ts'

const measurements = fileURLToPath(new URL('../../docs/measurements/', import.meta.url))

/** Progress and notes; standard output is for the report alone. */
function log(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** The systems that can run here; the others are recorded with their reason. */
function present(command: Command, results: Results): string[] {
  const failure = installPeers(log)
  if (failure !== undefined) log(`The npm peers could not be installed: ${failure}`)
  return command.systems.filter(name => {
    const reason = systemNamed(name).missing()
    if (reason === undefined) return true
    log(`not run: ${name}: ${reason}`)
    results.addNotRun(name, undefined, reason)
    return false
  })
}

function recorder(results: Results, system: string, label: string): (message: ChildMessage) => void {
  return message => {
    if (message.kind === 'peak') results.addPeak(system, message.residentBytes)
    else if (message.kind === 'notRun') results.addNotRun(system, message.workload, message.reason)
    else {
      const { workload, operations, seconds } = message.outcome
      results.add(system, message.outcome)
      const rate = Math.round(operations / seconds).toLocaleString('en')
      log(`${label} ${workload.padEnd(18)} ${rate.padStart(12)} ops/s  ${seconds.toFixed(1).padStart(6)} s`)
    }
  }
}

/** Systems take turns, so that a slow minute of the machine does not fall on one of them. */
async function measure(command: Command, systems: readonly string[], results: Results): Promise<void> {
  const workloads = command.workloads.map(({ name }) => name)
  for (let repetition = 1; repetition <= command.repetitions; repetition++) {
    for (const system of systems) {
      const label = `[${repetition}/${command.repetitions}] ${system.padEnd(15)}`
      const job = { system, workloads, settings: command.settings, repetition }
      const failure = await runJob(job, resolve(command.directory), recorder(results, system, label))
      if (failure === undefined) continue
      log(`${label} failed: ${failure}`)
      results.addNotRun(system, undefined, failure)
    }
  }
}

function save(run: Run): void {
  mkdirSync(measurements, { recursive: true })
  const file = join(measurements, `bench-${run.startedAt.toISOString().slice(0, 10)}.md`)
  writeFileSync(file, reportPage(run))
  log(`Written to ${file}`)
}

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args)
  if (command.help) return console.log(helpText())
  if (isBusy()) log('The machine is busy with something else: take the figures as rough.')
  const results = new Results(command.systems, command.workloads)
  const machine = describeMachine(command.directory)
  const startedAt = new Date()
  const systems = present(command, results)
  await measure(command, systems, results)
  const run: Run = {
    results,
    command: ['npm run bench --', ...args].join(' '),
    num: command.settings.num,
    repetitions: command.repetitions,
    seconds: command.settings.seconds,
    machine,
    versions: new Map(systems.map(name => [name, systemNamed(name).version()])),
    startedAt,
  }
  console.log(command.json ? JSON.stringify(rowsOf(results), undefined, 2) : reportText(run))
  if (command.save) save(run)
  // A peer that fails is a note in the report; Varve failing is a failure.
  if (results.notRun.some(({ system, workload }) => system === SUBJECT && workload === undefined))
    process.exitCode = 1
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
