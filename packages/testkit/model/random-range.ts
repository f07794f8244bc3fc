/** Ranges as users give them, and the half-open range of the model that means the same. */
import type { RangeOptions } from 'varve'
import type { Random } from '../random.ts'
import type { KeySpace } from './generators.ts'
import type { ModelRange } from './sorted-model.ts'

export interface RangePair {
  given: RangeOptions
  model: ModelRange
}

export function randomRange(keys: KeySpace, random: Random): RangePair {
  const given: RangeOptions = {}
  const model: ModelRange = {}
  if (random.chance(0.2)) takePrefix(given, model, keys.pick(random).subarray(0, random.between(0, 4)))
  else {
    if (random.chance(0.6)) takeLower(given, model, keys.near(random), random.below(3))
    if (random.chance(0.6)) takeUpper(given, model, keys.near(random), random.below(3))
  }
  if (random.chance(0.4)) given.reverse = model.reverse = true
  if (random.chance(0.3)) given.limit = model.limit = random.below(30)
  if (random.chance(0.1)) given.fillCache = false
  return { given, model }
}

function takeLower(given: RangeOptions, model: ModelRange, key: Uint8Array, how: number): void {
  if (how === 0) given.gt = key
  else if (how === 1) given.gte = key
  else given.start = key
  model.start = how === 0 ? justAfter(key) : key
}

function takeUpper(given: RangeOptions, model: ModelRange, key: Uint8Array, how: number): void {
  if (how === 0) given.lte = key
  else if (how === 1) given.lt = key
  else given.end = key
  model.end = how === 0 ? justAfter(key) : key
}

function takePrefix(given: RangeOptions, model: ModelRange, prefix: Uint8Array): void {
  given.prefix = prefix
  model.start = prefix
  const end = afterPrefix(prefix)
  if (end !== undefined) model.end = end
}

/** The smallest key above `key`. */
function justAfter(key: Uint8Array): Uint8Array {
  return Uint8Array.of(...key, 0)
}

/** The smallest key above all that begin with `prefix`; none when it is empty or all 0xff. */
function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const end = new Uint8Array(prefix)
  for (let last = end.length - 1; last >= 0; last--) {
    if (end[last] < 0xff) {
      end[last]++
      return end.slice(0, last + 1)
    }
  }
  return undefined
}
