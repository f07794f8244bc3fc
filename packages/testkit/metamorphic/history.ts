/** Histories: lists of steps that follow from a seed and from nothing else, least of all from options. */
import type { OpenOptions } from 'varve'
import { Random } from '../random.ts'
import { cursorKinds } from './cursor-kinds.ts'
import { expiryKinds } from './expiry-kinds.ts'
import { lifeKinds } from './life-kinds.ts'
import { familyNames, makingOf, Planner } from './planner.ts'
import { readKinds } from './read-kinds.ts'
import { scanKinds } from './scan-kinds.ts'
import type { Kind, Step } from './step.ts'
import { tuningKinds } from './tuning-kinds.ts'
import { writeKinds } from './write-kinds.ts'

/** Every kind of step. */
export const kinds: readonly Kind[] = [
  ...writeKinds,
  ...readKinds,
  ...scanKinds,
  ...cursorKinds,
  ...lifeKinds,
  ...tuningKinds,
  ...expiryKinds,
]

/** The same seed, count and options give the same steps. */
export function historyOf(seed: number, count: number, options: OpenOptions = {}): Step[] {
  const planner = new Planner(new Random(seed).fork(11), !everyKeyMayExpire(options))
  const { random } = planner
  // Each history has kinds that it is fond of, and some that it hardly knows.
  const weights = kinds.map(({ weight }) => weight * random.pick([0.2, 0.5, 1, 1, 2, 4]))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const steps: Step[] = familyNames.slice(1).map(familyStep)
  while (steps.length < count) {
    let left = (random.next() / 2 ** 32) * total
    const kind = kinds[weights.findIndex(weight => (left -= weight) < 0)] ?? kinds[0]
    steps.push({ kind: kind.name, ...kind.plan(planner) })
  }
  return steps
}

function everyKeyMayExpire({ expiringKeys, ttlDatabase, columnFamilies }: OpenOptions): boolean {
  return (
    expiringKeys === true ||
    ttlDatabase !== undefined ||
    columnFamilies?.['default']?.ttlDatabase !== undefined
  )
}

function familyStep(name: string): Step {
  return {
    kind: 'family made',
    text: () => name,
    run: async ({ store }) => (await store.columnFamily(name, makingOf(name))).name,
  }
}
