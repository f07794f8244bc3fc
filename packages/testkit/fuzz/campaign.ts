/**
 * Feeds the targets in turns, a slice of time each. An input that ends in a way not seen before is kept and
 * mutated further: error messages are specific enough to tell how far the decoder came.
 */
import { Random } from '../random.ts'
import { judge } from './judge.ts'
import { mutate } from './mutator.ts'
import type { FuzzTarget } from './targets.ts'

export interface FuzzFailure {
  target: string
  message: string
  input: Uint8Array
}

const SLICE_MS = 100
/** Failures of one target after which it is left alone: they are mostly the same bug. */
const FAILURES_PER_TARGET = 5
const KEPT_MAX = 300

export class TargetCampaign {
  readonly target: FuzzTarget
  readonly failures: FuzzFailure[] = []
  executions = 0
  slowest = 0 // Milliseconds.
  private readonly random: Random
  private readonly inputs: Uint8Array[]
  private readonly signatures = new Set<string>()

  constructor(target: FuzzTarget, random: Random) {
    this.target = target
    this.random = random
    this.inputs = [...target.corpus]
    for (const input of target.corpus) this.execute(input)
  }

  /** `before` is told each input before it runs. */
  runSlice(before: (input: Uint8Array) => void): void {
    const end = performance.now() + SLICE_MS
    while (performance.now() < end && this.failures.length < FAILURES_PER_TARGET) {
      const input = mutate(this.random.pick(this.inputs), this.inputs, this.random)
      if (this.random.chance(0.8)) this.target.repair?.(input)
      before(input)
      this.execute(input, before)
    }
  }

  private execute(input: Uint8Array, before: (input: Uint8Array) => void = () => {}): void {
    this.executions++
    const { failure, signature, milliseconds } = judge(this.target, input)
    this.slowest = Math.max(this.slowest, milliseconds)
    if (failure !== undefined) {
      this.failures.push({
        target: this.target.name,
        message: failure,
        input: this.shrink(input, failure, before),
      })
    }
    if (this.signatures.has(signature)) return
    this.signatures.add(signature)
    if (input.length <= 65_536 && this.inputs.length < KEPT_MAX) this.inputs.push(input.slice())
  }

  /** Takes pieces away for as long as what is left fails too. */
  private shrink(input: Uint8Array, failure: string, before: (input: Uint8Array) => void): Uint8Array {
    let smallest = input
    const kind = failure.slice(0, 4)
    const end = performance.now() + 5000
    for (let size = smallest.length >>> 1; size >= 1 && performance.now() < end; size >>>= 1) {
      for (let at = 0; at + size <= smallest.length && performance.now() < end; ) {
        const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
        this.target.repair?.(shorter)
        before(shorter)
        if (judge(this.target, shorter).failure?.startsWith(kind) === true) smallest = shorter
        else at += size
      }
    }
    return smallest
  }
}

export function campaigns(targets: readonly FuzzTarget[], seed: number): TargetCampaign[] {
  const random = new Random(seed)
  return targets.map((target, index) => new TargetCampaign(target, random.fork(index)))
}
