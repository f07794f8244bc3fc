/**
 * Rows to iterate over, as the entries of a database are. Every iteration reads the moment at which it began, and lets go
 * of it when it ends, also when the loop is left early.
 *
 *     for await (const [key, value] of users.entries({ prefix: ['Berlin'] })) ...     reads in the background
 *     for (const [key, value] of users.query('byAge', { gte: 30 })) ...               blocks while it reads
 */

export interface RowSource<Row> {
  /** Begins an iteration that reads in the background. */
  batches: () => AsyncIterable<readonly Row[]>
  /** Begins one that blocks. */
  rows: () => Iterable<Row>
}

export class Rows<Row> implements AsyncIterable<Row>, Iterable<Row> {
  private readonly source: RowSource<Row>

  /** Use `View.entries`, `View.query` and the like. */
  constructor(source: RowSource<Row>) {
    this.source = source
  }

  /** The rows in arrays of up to a thousand: the fastest way. */
  batches(): AsyncIterable<readonly Row[]> {
    return this.source.batches()
  }

  /** All rows at once. */
  async toArray(): Promise<Row[]> {
    const all: Row[] = []
    for await (const rows of this.source.batches()) for (const row of rows) all.push(row)
    return all
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Row> {
    for await (const rows of this.source.batches()) for (const row of rows) yield row
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.source.rows()[Symbol.iterator]()
  }
}

/** So many values are read at a time: of a mebibyte each, that is 64 MiB. */
const VALUES_AT_ONCE = 64

/** A batch of entries in parts, for each of which the values of its rows are read. */
export function* partsOf<Entry>(batch: readonly Entry[]): IterableIterator<readonly Entry[]> {
  for (let at = 0; at < batch.length; at += VALUES_AT_ONCE) yield batch.slice(at, at + VALUES_AT_ONCE)
}

/** Rows made of what a database iterates over. */
export function mapRows<From, Row>(
  from: { batches(): AsyncIterable<readonly From[]> } & Iterable<From>,
  make: (stored: From) => Row,
): Rows<Row> {
  return new Rows({
    async *batches() {
      for await (const batch of from.batches()) yield batch.map(make)
    },
    *rows() {
      for (const stored of from) yield make(stored)
    },
  })
}
