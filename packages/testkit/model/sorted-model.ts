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

/** What a plain read sees of a key, and all columns if it is an entity. */
interface StoredValue {
  readonly value: Uint8Array
  readonly columns: ModelColumns | undefined
}

/** In order of their names. */
export type ModelColumns = readonly (readonly [name: Uint8Array, value: Uint8Array])[]

export class SortedModel {
  private readonly values: Map<string, StoredValue>
  /** The keys in order; built again when it is needed and a key has come or gone. */
  private order: string[] | undefined

  constructor(values: Map<string, StoredValue> = new Map()) {
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

  put(key: Uint8Array, value: Uint8Array, columns?: ModelColumns): void {
    const name = nameOf(key)
    if (this.order !== undefined && !this.values.has(name)) this.order = undefined
    this.values.set(name, { value, columns })
  }

  delete(key: Uint8Array): void {
    if (this.values.delete(nameOf(key))) this.order = undefined
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(nameOf(key))?.value
  }

  /** The columns of an entity; undefined for anything else. */
  columns(key: Uint8Array): ModelColumns | undefined {
    return this.values.get(nameOf(key))?.columns
  }

  /** As `getEntity` gives it: a plain value is one column without a name. */
  entity(key: Uint8Array): ModelColumns | undefined {
    const stored = this.values.get(nameOf(key))
    return stored === undefined ? undefined : (stored.columns ?? [[new Uint8Array(0), stored.value]])
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
    return [Buffer.from(name, 'latin1'), (this.values.get(name) as StoredValue).value]
  }
}

/** One character per byte. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
