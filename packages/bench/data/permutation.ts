/**
 * The numbers from 0 to count - 1, each once, in random order, without a table of them: a Feistel network over
 * the next power of four is a bijection there, and what it gives beyond the count is skipped.
 */
const ROUNDS = 4

export class Permutation {
  private readonly count: number
  private readonly halfBits: number
  private readonly seed: number
  private at = 0

  constructor(count: number, seed: number) {
    this.count = count
    this.halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(count, 2)) / 2))
    this.seed = seed
  }

  next(): number {
    let number = this.shuffle(this.at++)
    while (number >= this.count) number = this.shuffle(this.at++)
    return number
  }

  private shuffle(number: number): number {
    const mask = 2 ** this.halfBits - 1
    let left = Math.floor(number / 2 ** this.halfBits)
    let right = number & mask
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = Math.imul(right ^ (this.seed + round), 0x9e37_79b1)
      const next = left ^ ((mixed ^ (mixed >>> 15)) & mask)
      left = right
      right = next
    }
    return left * 2 ** this.halfBits + right
  }
}
