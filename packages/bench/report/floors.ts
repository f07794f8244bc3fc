/** What Varve means to reach, as ratios, and how far each workload of a run is from it. */
import { SUBJECT } from '../systems/system.ts'
import type { Workload } from '../workloads/index.ts'
import { type Results, ratio } from './results.ts'
import { table } from './tables.ts'

interface Floor {
  toRocksdb?: number
  toBestPeer?: number
  /** Where not the best peer counts but this one. */
  peer?: string
}

const floors: Record<string, Floor> = {
  fillsync: { toRocksdb: 1, toBestPeer: 1 },
  fillsync64: { toRocksdb: 1, toBestPeer: 1 },
  fillseq: { toRocksdb: 1, toBestPeer: 2 },
  fillseq100: { toRocksdb: 1, toBestPeer: 2 },
  fillrandom: { toRocksdb: 1, toBestPeer: 2 },
  overwrite: { toRocksdb: 1, toBestPeer: 2 },
  readrandom: { toRocksdb: 1, toBestPeer: 2 },
  readmissing: { toRocksdb: 0.6, toBestPeer: 2 },
  get64: { toBestPeer: 2 },
  multiget100: { toRocksdb: 1, toBestPeer: 2 },
  readseq: { toRocksdb: 1, toBestPeer: 3 },
  readreverse: { toRocksdb: 1, toBestPeer: 3 },
  'readseq-arrays': { toRocksdb: 0.4, toBestPeer: 3 },
  'readreverse-arrays': { toRocksdb: 0.4, toBestPeer: 3 },
  seekrandom: { toRocksdb: 1, toBestPeer: 2 },
  readwhilewriting: { toRocksdb: 0.7, toBestPeer: 2 },
  compact: { toRocksdb: 0.5, toBestPeer: 1, peer: 'classic-level' },
  compact2: { toRocksdb: 0.9, toBestPeer: 1, peer: 'classic-level' },
  openafterkill: { toRocksdb: 0.5 },
}

/** Of 64 writers to one. */
const GROUP_COMMIT_FLOOR = 20

export interface Shortfall {
  workload: string
  against: string
  ratio: number
  floor: number
}

/** Where the run is below a floor; what was not measured is not there. */
export function shortfalls(results: Results): Shortfall[] {
  const found = results.workloads.flatMap(workload => standingsOf(workload, results))
  const own = (name: string) => results.figure(name, SUBJECT)?.median
  const [together, alone] = [own('fillsync64'), own('fillsync')]
  if (together !== undefined && alone !== undefined) {
    const ratio = together / alone
    found.push({ workload: 'fillsync64', against: 'its own fillsync', ratio, floor: GROUP_COMMIT_FLOOR })
  }
  return found.filter(({ ratio, floor }) => ratio < floor)
}

function standingsOf(workload: Workload, results: Results): Shortfall[] {
  const { toRocksdb, toBestPeer, peer } = floors[workload.name] ?? {}
  const { name, heldAgainst = name } = workload
  const ratios = results.ratios(workload)
  const own = results.figure(name, SUBJECT)?.median
  const named = peer === undefined ? undefined : results.figure(heldAgainst, peer)?.median
  const toPeer = peer === undefined ? ratios.toBestPeer : ratio(own, named)
  return [
    standing(name, 'C++ RocksDB', ratios.toRocksdb, toRocksdb),
    standing(name, peer ?? ratios.bestPeer ?? '', toPeer, toBestPeer),
  ].flatMap(one => one ?? [])
}

function standing(
  workload: string,
  against: string,
  ratioNow: number | undefined,
  floor: number | undefined,
): Shortfall | undefined {
  if (ratioNow === undefined || floor === undefined) return undefined
  return { workload, against, ratio: ratioNow, floor }
}

export function shortfallTable(results: Results): string {
  const rows = shortfalls(results).map(({ workload, against, ratio: now, floor }) => [
    workload,
    against,
    `${now.toFixed(2)}x`,
    `${floor.toFixed(1)}x`,
  ])
  return rows.length === 0 ? '' : table(['short of its floor', 'against', 'ratio', 'floor'], rows)
}
