/**
 * What a database must answer: a sorted map so plain that it can be trusted. A key is kept as a string of one
 * character per byte, because such strings compare as the bytes do.
 */

/** A key with its value. */
export type Row = readonly [key: Uint8Array, value: Uint8Array]

/** Half-open, on bytes; `reverse` starts at the end. */
export interface ModelRange {
  start?: Uint8Array
  end?: Uint8Array
  reverse?: boolean
  limit?: number
}

export class SortedModel {
  private readonly values: Map<string, Uint8Array>
  /** The keys in order; built again when it is needed and a key has come or gone. */
  private order: string[] | undefined

  constructor(values: Map<string, Uint8Array> = new Map()) {
    this.values = values
  }

  static of(rows: Iterable<Row>): SortedModel {
    const model = new SortedModel()
    for (const [key, value] of rows) model.put(key, value)
    return model
  }

  get size(): number {
    return this.values.size
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const name = nameOf(key)
    if (this.order !== undefined && !this.values.has(name)) this.order = undefined
    this.values.set(name, value)
  }

  delete(key: Uint8Array): void {
    if (this.values.delete(nameOf(key))) this.order = undefined
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(nameOf(key))
  }

  has(key: Uint8Array): boolean {
    return this.values.has(nameOf(key))
  }

  /** This moment, kept: later changes do not reach the copy. */
  copy(): SortedModel {
    return new SortedModel(new Map(this.values))
  }

  /** The rows of a range in order. */
  *rows(range: ModelRange = {}): Generator<Row> {
    const names = this.sortedNames()
    const from = range.start === undefined ? 0 : this.rankOf(range.start)
    const to = range.end === undefined ? names.length : this.rankOf(range.end)
    let left = range.limit ?? Number.POSITIVE_INFINITY
    if (range.reverse === true) {
      for (let i = to - 1; i >= from && left > 0; i--, left--) yield this.rowAt(names[i])
    } else {
      for (let i = from; i < to && left > 0; i++, left--) yield this.rowAt(names[i])
    }
  }

  /** How many keys are below `key`: the position at which it stands or would stand. */
  rankOf(key: Uint8Array): number {
    const names = this.sortedNames()
    const name = nameOf(key)
    let low = 0
    let high = names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (names[middle] < name) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The row at a position of the order, if there is one. */
  at(rank: number): Row | undefined {
    const name = this.sortedNames()[rank]
    return name === undefined ? undefined : this.rowAt(name)
  }

  private sortedNames(): string[] {
    this.order ??= [...this.values.keys()].sort(byCodeUnits)
    return this.order
  }

  private rowAt(name: string): Row {
    return [Buffer.from(name, 'latin1'), this.values.get(name) as Uint8Array]
  }
}

/** One character per byte. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
