/** Latency as a page, and whether it keeps what is promised. */
import { table } from '../report/tables.ts'
import { BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION, KEY_BYTES, VALUE_BYTES } from '../settings.ts'
import type { LatencyFigures, Percentiles } from './figures.ts'
import { LATENCY_BUFFER_BYTES, LATENCY_LEVEL_BYTES, LATENCY_TABLE_BYTES } from './latency.ts'

export interface LatencyRun {
  latency: LatencyFigures
  command: string
  machine: readonly string[]
  day: string
}

/** What the event loop's block must stay below, in milliseconds, and memory beyond what is configured. */
const MOST_BLOCKED = { p999: 5, worst: 50 }
const ALLOWED_BEYOND_BYTES = 150 * 2 ** 20

export function latencyPage(run: LatencyRun): string {
  return `# Latency at a fixed rate while compactions run, ${run.day}\n\n    ${run.command}\n\n${latencyText(run)}\n`
}

export function latencyText({ latency, machine }: LatencyRun): string {
  const { put, get, blocked, timerDelay } = latency
  const row = (name: string, { p50, p99, p999, worst }: Percentiles) => [
    name,
    ...[p50, p99, p999, worst].map(milliseconds => milliseconds.toFixed(2)),
  ]
  return [
    table(
      ['milliseconds', 'p50', 'p99', 'p99.9', 'worst'],
      [
        row('put', put),
        row('get', get),
        row('event loop blocked', blocked),
        row('event loop delay, timer', timerDelay),
      ],
    ),
    '',
    ...verdicts(latency).map(({ says, isKept }) => `- ${isKept ? 'kept' : 'NOT KEPT'}: ${says}`),
    '',
    ...conditions(latency),
    ...machine.map(line => `- ${line}`),
  ].join('\n')
}

export function verdicts(latency: LatencyFigures): { says: string; isKept: boolean }[] {
  const { blocked, peakResidentBytes, configuredBytes } = latency
  const allowed = configuredBytes + ALLOWED_BEYOND_BYTES
  return [
    {
      says: `the event loop makes at most one in a thousand wait for more than ${MOST_BLOCKED.p999} ms: p99.9 ${blocked.p999.toFixed(2)} ms`,
      isKept: blocked.p999 <= MOST_BLOCKED.p999,
    },
    {
      says: `and nobody for more than ${MOST_BLOCKED.worst} ms: worst ${blocked.worst.toFixed(2)} ms`,
      isKept: blocked.worst <= MOST_BLOCKED.worst,
    },
    {
      says: `peak RSS is at most the ${mib(configuredBytes)} of buffers and cache plus ${mib(ALLOWED_BEYOND_BYTES)}: ${mib(peakResidentBytes)}`,
      isKept: peakResidentBytes <= allowed,
    },
  ]
}

function conditions(latency: LatencyFigures): string[] {
  const { keys, rate, seconds, operations, compactions, flushes, compactingShare, stalledSeconds } = latency
  const count = (number: number) => number.toLocaleString('en')
  return [
    `- ${count(rate)} operations a second for ${seconds} s (${count(operations)} in all), put and get in turn, of random keys of ${count(keys)} of ${KEY_BYTES} bytes, values of ${VALUE_BYTES} bytes that compress to half`,
    "- put and get: promises, timed from the moment at which the schedule had them due to their answer, so that an operation that had to wait for its turn counts with its wait; they are issued by the database's own thread, which a metronome in another process wakes every quarter of a millisecond: so much of a wait may be its",
    '- event loop blocked: the wait of somebody who comes every millisecond for a beat of the metronome; timer: monitorEventLoopDelay with a resolution of 1 ms, which is taken off',
    `- write buffers ${mib(LATENCY_BUFFER_BYTES)}, tables ${mib(LATENCY_TABLE_BYTES)}, base level ${mib(LATENCY_LEVEL_BYTES)}; block cache ${mib(CACHE_BYTES)}, Bloom filter ${BLOOM_BITS_PER_KEY} bits a key, ${COMPRESSION}`,
    `- full compactions by compact() follow one another; meanwhile ${count(flushes)} flushes, ${count(compactions)} compactions, one of them running ${(100 * compactingShare).toFixed(0)} % of the time; writes held back for ${stalledSeconds.toFixed(2)} s`,
  ]
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
