/** Amplification as a page, and whether Varve writes more than C++ RocksDB does. */
import { table } from '../report/tables.ts'
import { BLOOM_BITS_PER_KEY, CACHE_BYTES, COMPRESSION, KEY_BYTES } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import { REFERENCE, SUBJECT } from '../systems/system.ts'
import type { Amplification } from './amplification.ts'
import {
  AMPLIFIED_BLOBS,
  AMPLIFIED_BUFFER_BYTES,
  AMPLIFIED_LEVEL_BYTES,
  AMPLIFIED_TABLE_BYTES,
  AMPLIFIED_VALUE_BYTES,
  type AmplificationPoint,
  type Style,
  styles,
} from './point.ts'

export interface AmplificationRun extends Amplification {
  keys: number
  writes: number
  command: string
  machine: readonly string[]
  day: string
}

/** Varve may write so many times what C++ RocksDB writes. */
const MOST_TO_ROCKSDB = 1.1

export interface Standing {
  style: Style
  toRocksdb: number
  isKept: boolean
}

export function standings(points: readonly AmplificationPoint[]): Standing[] {
  return styles.flatMap(style => {
    const [own, other] = [SUBJECT, REFERENCE].map(
      name => points.find(point => point.system === name && point.style === style)?.writeAmplification,
    )
    if (own === undefined || other === undefined) return []
    const toRocksdb = own / other
    return [{ style, toRocksdb, isKept: toRocksdb <= MOST_TO_ROCKSDB }]
  })
}

export function amplificationPage(run: AmplificationRun): string {
  return `# What updates make a database write and keep, ${run.day}\n\n    ${run.command}\n\n${amplificationText(run)}\n`
}

export function amplificationText(run: AmplificationRun): string {
  const rows = run.points.map(point => [
    point.style,
    point.system,
    count(point.putRate),
    count(point.settledRate),
    gib(point.tableBytes),
    point.writeAmplification.toFixed(2),
    point.spaceAmplification.toFixed(2),
    gib(point.settledBytes),
  ])
  const header = [
    'style',
    'system',
    'puts/s',
    'until quiet',
    'written',
    'write amp.',
    'space amp.',
    'directory',
  ]
  const verdicts = standings(run.points).map(
    ({ style, toRocksdb, isKept }) =>
      `- ${isKept ? 'kept' : 'NOT KEPT'}: ${style} writes at most ${MOST_TO_ROCKSDB} times what C++ RocksDB does: ${toRocksdb.toFixed(2)}`,
  )
  const notRun = run.missing === undefined ? [] : [`- not run: ${REFERENCE}: ${run.missing}`]
  return [table(header, rows), '', ...verdicts, ...notRun, '', ...conditions(run)].join('\n')
}

function conditions({ keys, writes, machine }: AmplificationRun): string[] {
  return [
    `- ${count(writes)} puts of random keys of ${count(keys)} of ${KEY_BYTES} bytes, values of ${AMPLIFIED_VALUE_BYTES} bytes that compress to half`,
    `- write buffer ${mib(AMPLIFIED_BUFFER_BYTES)}, tables ${mib(AMPLIFIED_TABLE_BYTES)}, base level ${mib(AMPLIFIED_LEVEL_BYTES)}, block cache ${mib(CACHE_BYTES)}, Bloom filter ${BLOOM_BITS_PER_KEY} bits a key, ${COMPRESSION}; everything else by its defaults`,
    `- blob: leveled, all values in blob files of ${mib(AMPLIFIED_BLOBS.fileBytes)}; the older ${percent(AMPLIFIED_BLOBS.collectedShare)} of them are collected where ${percent(AMPLIFIED_BLOBS.collectedFrom)} of these is garbage`,
    '- puts/s: until the last put was acknowledged; until quiet: and nothing was left to flush or compact (C++: the whole process)',
    '- written: by flushes and compactions, the log is not in it; write amp.: the same to the bytes of keys and values put',
    '- space amp.: the directory when all was quiet, to the same after a full compaction',
    ...machine.map(line => `- ${line}`),
    ...[SUBJECT, REFERENCE].map(name => `- **${name}** ${systemNamed(name).version()}`),
  ]
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en')
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`
}

function percent(share: number): string {
  return `${100 * share} %`
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
