/**
 * Seeded randomness: the same seed gives the same run, on every machine. Every program of this package prints
 * its seed, and takes it back to repeat what it did.
 *
 * The generator is xoshiro128** by Blackman and Vigna, its state filled by splitmix32.
 */
import { randomInt } from 'node:crypto'

export class Random {
  /** What repeats everything drawn from this generator. */
  readonly seed: number
  private a: number
  private b: number
  private c: number
  private d: number

  constructor(seed: number) {
    this.seed = seed
    let state = seed | 0
    const fill = (): number => {
      state = (state + 0x9e37_79b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0_aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a_2d97)
      return (mixed ^ (mixed >>> 15)) | 0
    }
    this.a = fill()
    this.b = fill()
    this.c = fill()
    this.d = fill()
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const scrambled = Math.imul(this.b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound)
  }

  /** A whole number from `min` to `max`, both possible. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** A number from 0 to `bound` - 1 of which small ones come much more often: sizes, hot keys. */
  skewed(bound: number): number {
    return this.below(this.below(bound) + 1)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.next() & 0xff
    return bytes
  }

  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const other = this.below(i + 1)
      ;[list[i], list[other]] = [list[other], list[i]]
    }
    return list
  }

  /** A generator of its own for a part of the work: what one part draws does not move the others. */
  fork(part: number): Random {
    return new Random(Math.imul(this.seed ^ 0x5bd1_e995, 0x27d4_eb2f) + Math.imul(part + 1, 0x1656_67b1))
  }
}

/** A seed for a run that was given none. */
export function freshSeed(): number {
  return randomInt(0x7fff_ffff)
}
