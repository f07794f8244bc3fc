/** What the figures were taken on. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { resolve } from 'node:path'

export function describeMachine(directory: string): string[] {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const load = loadavg()
    .map(average => average.toFixed(1))
    .join(', ')
  return [
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${memory}, ${type()} ${release()}`,
    `Node ${process.version}; databases in ${directory} (${fileSystemOf(directory)})`,
    `load averages when it began: ${load}`,
  ]
}

/** More work on the machine than the benchmark's own moves every figure. */
export function isBusy(): boolean {
  return process.platform !== 'win32' && loadavg()[0] > 0.5
}

function fileSystemOf(directory: string): string {
  if (process.platform !== 'linux') return 'file system unknown'
  const path = resolve(directory)
  const [mount] = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
    .filter(([, point]) => point === '/' || path === point || path.startsWith(`${point}/`))
    .sort(([, a], [, b]) => b.length - a.length)
  return mount?.[2] ?? 'file system unknown'
}
