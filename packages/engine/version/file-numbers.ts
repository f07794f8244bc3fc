/** The counter that all kinds of files share. No number is given out twice. */
export class FileNumbers {
  /** The number that the next file will get. */
  next = 2

  take(): number {
    return this.next++
  }

  /** The first of `count` numbers in a row. */
  reserve(count: number): number {
    const first = this.next
    this.next += count
    return first
  }

  /** Sees to it that `number` is not given out. */
  note(number: number): void {
    if (number >= this.next) this.next = number + 1
  }
}
