/** The figures for programs: what `--json` prints, and what a stored baseline would be compared with. */
import { SUBJECT } from '../systems/system.ts'
import type { Results } from './results.ts'

export interface Row {
  workload: string
  system: string
  opsPerSecond: number
  /** On Varve's rows; null when the other has no figure. */
  ratioToRocksdb?: number | null
  ratioToBestPeer?: number | null
}

export function rowsOf(results: Results): Row[] {
  return results.workloads.flatMap(workload => {
    const { toRocksdb, toBestPeer } = results.ratios(workload)
    return results.systems.flatMap(system => {
      const figure = results.figure(workload.name, system)
      if (figure === undefined) return []
      const row: Row = { workload: workload.name, system, opsPerSecond: Math.round(figure.median) }
      if (system !== SUBJECT) return [row]
      return [{ ...row, ratioToRocksdb: rounded(toRocksdb), ratioToBestPeer: rounded(toBestPeer) }]
    })
  })
}

function rounded(ratio: number | undefined): number | null {
  return ratio === undefined ? null : Number(ratio.toFixed(3))
}
