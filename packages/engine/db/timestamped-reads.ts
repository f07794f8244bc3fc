/**
 * Reads of column families whose keys have timestamps: each is a scan that ends with its first row. What has to come from
 * a disk is read at once, blocking.
 */
import type { Column } from '@varve/format/entity'
import { notSupported, VarveError } from '@varve/format/errors'
import { TIMESTAMP_LENGTH, TimestampOrder } from '@varve/format/key'
import { Step } from '../cursor/cursor.ts'
import { driveSync } from '../cursor/driver.ts'
import type { RowCursor } from '../cursor/row-cursor.ts'
import { type Bytes, keyBytes } from './arguments.ts'
import { copyOut } from './copy-out.ts'
import type { Family } from './family.ts'
import type { ReadEngine, ReadFamily, ReadOptions } from './read-path.ts'
import { openRows } from './scan.ts'

const MAX_TIMESTAMP = 2n ** 64n - 1n

/** The timestamp of a read as eight bytes, little-endian: the greatest unless one is given. */
export function timestampOf({ timestamp = MAX_TIMESTAMP }: Pick<ReadOptions, 'timestamp'>): Uint8Array {
  const isWhole = typeof timestamp === 'bigint' || Number.isSafeInteger(timestamp)
  if (!isWhole || timestamp < 0 || timestamp > MAX_TIMESTAMP) {
    throw new VarveError(
      'INVALID_ARGUMENT',
      `timestamp must be a whole number of 64 bits, not ${timestamp}`,
      {
        option: 'timestamp',
      },
    )
  }
  const bytes = new Uint8Array(TIMESTAMP_LENGTH)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timestamp), true)
  return bytes
}

/** Throws `INVALID_ARGUMENT` for a timestamp where keys have none. */
export function refuseTimestamp(
  family: ReadFamily,
  options: Pick<ReadOptions, 'timestamp'> | undefined,
): void {
  if (options?.timestamp === undefined || family.order instanceof TimestampOrder) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `the keys of the column family ${JSON.stringify(family.name)} have no timestamps`,
    { option: 'timestamp' },
  )
}

/** Throws `NOT_SUPPORTED` for a family that can only be read. */
export function refuseTimestampWrite({ order, name }: Pick<Family, 'order' | 'name'>): void {
  if (!(order instanceof TimestampOrder)) return
  const what = `writing to the column family ${JSON.stringify(name)}, whose keys have timestamps (${order.name}),`
  throw notSupported(what)
}

export function getAt(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options: ReadOptions | undefined,
): Uint8Array | undefined {
  return readAt(engine, family, key, options, rows =>
    copyOut(rows.valueBytes, rows.valueStart, rows.valueEnd),
  )
}

export function getEntityAt(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options: ReadOptions | undefined,
): Column[] | undefined {
  return readAt(engine, family, key, options, rows => rows.columns())
}

/** What `take` makes of the row of a key as its reader sees it, or undefined. */
function readAt<Result>(
  engine: ReadEngine,
  family: ReadFamily,
  key: Bytes,
  options: ReadOptions = {},
  take: (rows: RowCursor) => Result,
): Result | undefined {
  const bytes = keyBytes(key)
  const rows = openRows(engine, family, { lower: undefined, upper: undefined }, options)
  try {
    const step = driveSync(() => rows.seek(bytes), rows)
    const isFound = step === Step.moved && isKey(rows, bytes)
    engine.statistics.keysRead++
    if (!isFound) return undefined
    engine.statistics.keysFound++
    return take(rows)
  } finally {
    rows.release()
  }
}

function isKey({ keyBytes, keyStart, keyEnd }: RowCursor, key: Uint8Array): boolean {
  return Buffer.compare(keyBytes.subarray(keyStart, keyEnd), key) === 0
}
