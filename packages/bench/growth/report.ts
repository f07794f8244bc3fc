/** Growth as tables and a plot, and whether Varve falls by more than C++ RocksDB does. */
import { type Panel, plot } from '../report/plot.ts'
import { table } from '../report/tables.ts'
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
import { REFERENCE, SUBJECT } from '../systems/system.ts'
import type { Growth } from './growth.ts'
import { GETS, type GrowthPoint, type GrowthWorkload, growthWorkloads, SCANNED, SEEKS } from './point.ts'

export interface GrowthRun extends Growth {
  repetitions: number
  command: string
  machine: readonly string[]
  day: string
}

/** Memory that a process of any size may have beyond its write buffers (two) and its block cache. */
const ALLOWED_BEYOND_BYTES = 150 * 2 ** 20
const CONFIGURED_BYTES = 2 * WRITE_BUFFER_BYTES + CACHE_BYTES
/** Two measurements of the same differ by as much on a quiet machine. */
const NOISE = 0.05

/** What of its rate at the smallest size a workload has kept. */
export interface Fall {
  workload: GrowthWorkload
  keys: number
  kept: number
  keptByRocksdb: number
  isHeld: boolean
}

export function falls(points: readonly GrowthPoint[]): Fall[] {
  const [first, ...rest] = [...new Set(points.map(({ keys }) => keys))].toSorted((a, b) => a - b)
  const rate = (system: string, keys: number, workload: GrowthWorkload) =>
    points.find(point => point.system === system && point.keys === keys)?.rates[workload]
  return growthWorkloads.flatMap(workload =>
    rest.flatMap(keys => {
      const [own, ownFirst] = [keys, first].map(size => rate(SUBJECT, size, workload))
      const [other, otherFirst] = [keys, first].map(size => rate(REFERENCE, size, workload))
      if (own === undefined || ownFirst === undefined || other === undefined || otherFirst === undefined)
        return []
      const kept = own / ownFirst
      const keptByRocksdb = other / otherFirst
      return [{ workload, keys, kept, keptByRocksdb, isHeld: kept >= keptByRocksdb * (1 - NOISE) }]
    }),
  )
}

export function growthText(run: GrowthRun): string {
  return [
    rateTable(run.points),
    costTable(run.points),
    fallTable(falls(run.points)),
    run.failures.map(line => `- not run: ${line}`).join('\n'),
    conditions(run).join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

export function growthPage(run: GrowthRun, plotName: string): { text: string; plot: string } {
  return {
    text: `# As work grows, ${run.day}\n\n    ${run.command}\n\n![The tables below as a plot](${plotName})\n\n${growthText(run)}\n`,
    plot: plot('Varve and C++ RocksDB as work grows', panelsOf(run.points)),
  }
}

const count = (number: number) => Math.round(number).toLocaleString('en')
const mib = (bytes: number) => `${count(bytes / 2 ** 20)} MiB`

function rateTable(points: readonly GrowthPoint[]): string {
  return table(
    ['ops/s', 'keys', ...growthWorkloads],
    points.map(({ system, keys, rates }) => [
      system,
      count(keys),
      ...growthWorkloads.map(name => count(rates[name])),
    ]),
  )
}

function costTable(points: readonly GrowthPoint[]): string {
  return table(
    [
      'system',
      'keys',
      'write amp.',
      'blocks/get',
      'read from files',
      'space amp.',
      'directory',
      'peak RSS',
      'allowed',
    ],
    points.map(point => [
      point.system,
      count(point.keys),
      point.writeAmplification.toFixed(2),
      point.blocksPerGet.toFixed(2),
      point.blocksReadPerGet.toFixed(2),
      point.spaceAmplification.toFixed(2),
      mib(point.settledBytes),
      mib(point.peakResidentBytes),
      point.system === SUBJECT ? memoryVerdict(point.peakResidentBytes) : '-',
    ]),
  )
}

function memoryVerdict(bytes: number): string {
  return bytes <= CONFIGURED_BYTES + ALLOWED_BEYOND_BYTES ? 'yes' : 'NO'
}

function fallTable(rows: readonly Fall[]): string {
  if (rows.length === 0) return ''
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`
  const lines = rows.map(({ workload, keys, kept, keptByRocksdb, isHeld }) => [
    workload,
    count(keys),
    percent(kept),
    percent(keptByRocksdb),
    isHeld ? 'no' : 'YES',
  ])
  return table(
    ['of its rate at the smallest size', 'keys', 'varve keeps', 'C++ keeps', 'falls by more'],
    lines,
  )
}

function panelsOf(points: readonly GrowthPoint[]): Panel[] {
  const systems = [...new Set(points.map(({ system }) => system))]
  const panel = (title: string, figure: (point: GrowthPoint) => number): Panel => ({
    title,
    series: systems.map(name => ({
      name,
      points: points.filter(({ system }) => system === name).map(point => [point.keys, figure(point)]),
    })),
  })
  return [
    ...growthWorkloads.map(name => panel(`${name}, ops/s`, point => point.rates[name])),
    panel('write amplification', point => point.writeAmplification),
    panel('data blocks looked at per get', point => point.blocksPerGet),
    panel('space amplification', point => point.spaceAmplification),
    panel('peak RSS, MiB', point => point.peakResidentBytes / 2 ** 20),
  ]
}

function conditions({ points, repetitions, machine }: GrowthRun): string[] {
  return [
    `- keys of ${KEY_BYTES} bytes drawn at random, as many puts as keys, values of ${VALUE_BYTES} bytes that compress to half; median of ${repetitions}; each size in a process and a directory of its own`,
    `- block cache ${mib(CACHE_BYTES)}, write buffer ${mib(WRITE_BUFFER_BYTES)}, Bloom filter ${BLOOM_BITS_PER_KEY} bits a key, blocks of ${BLOCK_BYTES} bytes, ${COMPRESSION}`,
    `- fillrandom, then flush and wait until all is quiet; readrandom: ${count(GETS)} gets, of which 63 % find a value; readseq: the first ${count(SCANNED)} entries at most; seekrandom: ${count(SEEKS)} seeks with 10 next; compact: all, in puts of fillrandom per second`,
    '- write amplification: bytes that flushes and compactions wrote until all was quiet, to bytes of keys and values put; the log is not in it, compression is',
    '- blocks/get: data blocks that a get of readrandom looked at in the cache, and how many of them it read from a file; index and filter are in memory on both sides',
    '- space amplification: the directory when all was quiet after the load, to the same after the full compaction',
    `- allowed: peak RSS of at most two write buffers, the block cache and ${mib(ALLOWED_BEYOND_BYTES)}, ${mib(CONFIGURED_BYTES + ALLOWED_BEYOND_BYTES)} in all`,
    `- "falls by more": Varve keeps less than C++ does, by more than the noise of ${100 * NOISE} %`,
    ...machine.map(line => `- ${line}`),
    ...[...new Set(points.map(({ system }) => system))].map(name => {
      const { version, mode } = systemNamed(name)
      return `- **${name}** ${version()}: ${name === REFERENCE ? 'db_bench, one process a step, with --statistics --stats_level=1; ' : ''}${mode}`
    }),
  ]
}
