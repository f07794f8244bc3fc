/** The whole report, as printed and as stored. */
import {
  BLOCK_BYTES,
  BLOOM_BITS_PER_KEY,
  CACHE_BYTES,
  COMPRESSION,
  KEY_BYTES,
  VALUE_BYTES,
  WRITE_BUFFER_BYTES,
} from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { shortfallTable } from './floors.ts'
import type { NotRun, Results } from './results.ts'
import { figureTable, gainTable, peakTable, ratioTable } from './tables.ts'

export interface Run {
  results: Results
  /** `npm run bench -- ...` as it was called. */
  command: string
  num: number
  repetitions: number
  seconds: number
  machine: readonly string[]
  versions: ReadonlyMap<string, string>
  /** As 2026-01-31. */
  day: string
}

export function reportText(run: Run): string {
  const { results } = run
  return [
    ratioTable(results),
    shortfallTable(results),
    figureTable(results),
    gainTable(results),
    peakTable(results),
    notRunLines(results.notRun).join('\n'),
    conditions(run).join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

export function reportPage(run: Run): string {
  return `# Speed beside C++ RocksDB and the npm peers, ${run.day}\n\n    ${run.command}\n\n${reportText(run)}\n`
}

/** One line for each reason and set of workloads that it keeps from running, with all systems that it does so on. */
export function notRunLines(notRun: readonly NotRun[]): string[] {
  const workloads = new Map<string, { system: string; reason: string; names: string[] }>()
  for (const { system, workload, reason } of notRun) {
    const entry = workloads.get(`${system}: ${reason}`) ?? { system, reason, names: [] }
    if (workload !== undefined) entry.names.push(workload)
    workloads.set(`${system}: ${reason}`, entry)
  }
  const systems = new Map<string, { reason: string; names: string; systems: string[] }>()
  for (const { system, reason, names } of workloads.values()) {
    const key = `${names}: ${reason}`
    const entry = systems.get(key) ?? { reason, names: names.join(', '), systems: [] }
    entry.systems.push(system)
    systems.set(key, entry)
  }
  return [...systems.values()].map(
    entry =>
      `- not run: ${entry.names === '' ? '' : `${entry.names} on `}${entry.systems.join(', ')}: ${entry.reason}`,
  )
}

function conditions({ results, num, repetitions, seconds, machine, versions }: Run): string[] {
  const mib = (bytes: number) => `${bytes / 2 ** 20} MiB`
  return [
    `- ${num.toLocaleString('en')} keys of ${KEY_BYTES} bytes, values of ${VALUE_BYTES} bytes that compress to half; ` +
      `${repetitions} ${repetitions === 1 ? 'repetition' : 'repetitions'} of each system, each in a process and a directory of its own; ` +
      `a workload ends after ${seconds} s`,
    `- for every LSM, where it can be set: block cache ${mib(CACHE_BYTES)}, write buffer ${mib(WRITE_BUFFER_BYTES)}, ` +
      `Bloom filter ${BLOOM_BITS_PER_KEY} bits a key, blocks of ${BLOCK_BYTES} bytes, ${COMPRESSION}`,
    '- readers find a compacted fillrandom with its overwrite on top, partly in memory; in Node they are warmed up by up ' +
      'to 20,000 operations',
    '- a compaction begins when what the fill left in memory is in files, for systems that can be told to write it; Node ' +
      'keeps compiled modules, as what is installed is compiled',
    ...machine.map(line => `- ${line}`),
    ...results.systems
      .filter(system => versions.has(system))
      .map(system => `- **${system}** ${versions.get(system)}: ${systemNamed(system).mode}`),
  ]
}
