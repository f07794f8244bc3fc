/** The figures for people: tables that line up in a terminal and are Markdown at the same time. */
import { SUBJECT } from '../systems/system.ts'
import type { Figure, Results } from './results.ts'

const NO_FIGURE = '-'

/** The first column is text, the others are numbers. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`))
  return [line(header), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')
}

/** Varve beside C++ RocksDB and beside whichever peer is best at each workload. */
export function ratioTable(results: Results): string {
  const rows = results.workloads.map(workload => {
    const { toRocksdb, toBestPeer, bestPeer } = results.ratios(workload)
    return [
      workload.name,
      rate(results.figure(workload.name, SUBJECT)),
      times(toRocksdb),
      times(toBestPeer),
      bestPeer ?? NO_FIGURE,
    ]
  })
  return table(['workload', 'varve, ops/s', 'to C++ RocksDB', 'to best peer', 'best peer'], rows)
}

/** Median and spread of every system. */
export function figureTable(results: Results): string {
  const shown = results.systems.filter(system =>
    results.workloads.some(({ name }) => results.figure(name, system) !== undefined),
  )
  const rows = results.workloads.map(({ name }) => [
    name,
    ...shown.map(system => withSpread(results.figure(name, system))),
  ])
  return table(['ops/s: median (min-max), thousands', ...shown], rows)
}

/** What doing it together or by two gains, within each system. */
const GAINS: readonly (readonly [workload: string, over: string, name: string])[] = [
  ['fillsync64', 'fillsync', 'group commit: fillsync64 / fillsync'],
  ['compact2', 'compact', 'second thread: compact2 / compact'],
]

export function gainTable(results: Results): string {
  const shown = results.systems.filter(system =>
    GAINS.some(([workload, over]) => gain(results, system, workload, over) !== undefined),
  )
  const rows = GAINS.filter(([workload, over]) =>
    shown.some(system => gain(results, system, workload, over) !== undefined),
  ).map(([workload, over, name]) => [
    name,
    ...shown.map(system => times(gain(results, system, workload, over))),
  ])
  return rows.length === 0 ? '' : table(['within one system', ...shown], rows)
}

function gain(results: Results, system: string, workload: string, over: string): number | undefined {
  const [own, other] = [workload, over].map(name => results.figure(name, system)?.median)
  return own === undefined || other === undefined ? undefined : own / other
}

export function peakTable(results: Results): string {
  const rows = results.systems.flatMap(system => {
    const peak = results.peak(system)
    return peak === undefined || peak === 0 ? [] : [[system, `${Math.round(peak / 2 ** 20)} MiB`]]
  })
  return rows.length === 0 ? '' : table(['system', 'peak RSS of its process'], rows)
}

function rate(figure: Figure | undefined): string {
  return figure === undefined ? NO_FIGURE : Math.round(figure.median).toLocaleString('en')
}

function withSpread(figure: Figure | undefined): string {
  if (figure === undefined) return NO_FIGURE
  const { median, min, max } = figure
  return min === max ? thousands(median) : `${thousands(median)} (${thousands(min)}-${thousands(max)})`
}

/** Three digits that count. */
function thousands(rate: number): string {
  const number = rate / 1000
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2)
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? NO_FIGURE : `${ratio.toFixed(2)}x`
}
