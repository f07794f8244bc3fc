/** A fingerprint of a set of rows, which one row more or less changes in a few operations. */
export class StateHash {
  static readonly empty: StateHash = new StateHash(0, 0, 0)
  readonly rows: number
  private readonly low: number
  private readonly high: number

  private constructor(rows: number, low: number, high: number) {
    this.rows = rows
    this.low = low
    this.high = high
  }

  /** With the row, if it was not in the set, or without it, if it was. Both count as one more in `rows`. */
  toggled(key: string, value: string): StateHash {
    let low = 0x811c_9dc5
    let high = 0x9747_b28c ^ key.length
    for (const text of [key, value]) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        low = Math.imul(low ^ code, 0x0100_0193)
        high = Math.imul(high ^ code, 0x85eb_ca6b) ^ (high >>> 15)
      }
      low = Math.imul(low ^ 0x1_0001, 0x0100_0193)
    }
    return new StateHash(this.rows + 1, this.low ^ low, this.high ^ high)
  }

  equals(other: StateHash | undefined): boolean {
    return other !== undefined && this.low === other.low && this.high === other.high
  }
}
