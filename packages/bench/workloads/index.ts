/** The workloads, in the order in which they run and are shown. */
import {
  compact,
  compact2,
  fillrandom,
  fillseq,
  fillseq100,
  fillsync,
  fillsync64,
  openafterkill,
  overwrite,
} from './fills.ts'
import { get64, multiget100, readmissing, readrandom, readwhilewriting } from './gets.ts'
import { readreverse, readreverseArrays, readseq, readseqArrays, seekrandom } from './scans.ts'
import type { Workload } from './workload.ts'

export { openafterkill } from './fills.ts'
export { WRITES_PER_SECOND } from './gets.ts'
export { Bench, type Budget, needsOf, type Stage, stages, type Workload } from './workload.ts'

export const workloads: readonly Workload[] = [
  fillsync,
  fillsync64,
  fillseq,
  fillseq100,
  fillrandom,
  compact,
  overwrite,
  readrandom,
  readmissing,
  get64,
  multiget100,
  readseq,
  readreverse,
  readseqArrays,
  readreverseArrays,
  seekrandom,
  readwhilewriting,
  compact2,
  openafterkill,
]

export function workloadNamed(name: string): Workload {
  const workload = workloads.find(other => other.name === name)
  if (workload === undefined) throw new Error(`there is no workload ${name}`)
  return workload
}

/** The workloads to run for the named ones: with those whose figures they are held against, in order. */
export function withReferences(names: readonly string[]): Workload[] {
  const wanted = new Set(names.flatMap(name => [name, workloadNamed(name).heldAgainst ?? name]))
  return workloads.filter(({ name }) => wanted.has(name))
}
