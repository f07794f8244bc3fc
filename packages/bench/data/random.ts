/**
 * Random numbers that cost a few nanoseconds and are the same in every system: xorshift32 by Marsaglia, its
 * seed spread by a multiplication. The test kit's generator is better and three times dearer.
 */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e37_79b1) | 1
    for (let i = 0; i < 8; i++) this.below(1)
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    let state = this.state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound)
  }
}
