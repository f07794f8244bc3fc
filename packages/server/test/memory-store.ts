/** A `Store` over a sorted array, so that the server is tested without an engine. */
import type { Store, StoreEntry, StoreOperation, StoreRange, StoreRead, StoreScan } from '../store.ts'

const BATCH_ROWS = 100

class MemoryError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class MemoryStore implements Store {
  readonly families = new Map<string, StoreEntry[]>([
    ['default', []],
    ['users', []],
  ])
  backgroundError: Error | undefined
  /** Scans that were started and not yet left. */
  scansOpen = 0
  batchesRead = 0
  /** When set, a scan fails in the middle, after this many batches. */
  failScanAfter = Number.POSITIVE_INFINITY

  async get(key: Uint8Array, options: StoreRead = {}): Promise<Uint8Array | undefined> {
    const family = this.family(options.columnFamily)
    const at = position(family, key)
    return isAt(family, at, key) ? family[at][1] : undefined
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    if (this.backgroundError !== undefined) throw this.backgroundError
    for (const { columnFamily } of operations) this.family(columnFamily)
    for (const operation of operations) {
      const family = this.family(operation.columnFamily)
      const at = position(family, operation.key)
      const replaced = isAt(family, at, operation.key) ? 1 : 0
      if (operation.type === 'put') family.splice(at, replaced, [operation.key, operation.value])
      else family.splice(at, replaced)
    }
  }

  entries(range: StoreRange = {}): StoreScan {
    const rows = this.select(range)
    return { batches: () => this.inBatches(rows) }
  }

  statistics(): object {
    return { entries: [...this.families.values()].reduce((sum, family) => sum + family.length, 0) }
  }

  private select({ start, end, prefix, reverse, limit, columnFamily }: StoreRange): StoreEntry[] {
    const rows = this.family(columnFamily).filter(
      ([key]) =>
        (start === undefined || Buffer.compare(key, start) >= 0) &&
        (end === undefined || Buffer.compare(key, end) < 0) &&
        (prefix === undefined || Buffer.compare(key.subarray(0, prefix.length), prefix) === 0),
    )
    if (reverse === true) rows.reverse()
    return rows.slice(0, limit)
  }

  private async *inBatches(rows: StoreEntry[]): AsyncGenerator<StoreEntry[]> {
    this.scansOpen++
    try {
      for (let at = 0; at < rows.length; at += BATCH_ROWS) {
        if (at / BATCH_ROWS >= this.failScanAfter) throw new MemoryError('CORRUPTION', 'bad block')
        this.batchesRead++
        yield rows.slice(at, at + BATCH_ROWS)
      }
    } finally {
      this.scansOpen--
    }
  }

  private family(name = 'default'): StoreEntry[] {
    const family = this.families.get(name)
    if (family === undefined) throw new MemoryError('NOT_FOUND', 'no such column family')
    return family
  }
}

/** Where `key` is or belongs. */
function position(family: StoreEntry[], key: Uint8Array): number {
  let low = 0
  let high = family.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Buffer.compare(family[middle][0], key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function isAt(family: StoreEntry[], at: number, key: Uint8Array): boolean {
  return at < family.length && Buffer.compare(family[at][0], key) === 0
}
