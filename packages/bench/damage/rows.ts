/** The rows that every store is given. */
import { createHash } from 'node:crypto'

/** Enough for several tables of an LSM, or a tree of two levels. */
export const ROW_COUNT = 2000
export const WRITE_BUFFER_BYTES: number = 64 * 1024

export const keys: readonly Buffer[] = Array.from({ length: ROW_COUNT }, (_, number) =>
  Buffer.from(`key${String(number).padStart(8, '0')}`),
)

/** 96 bytes that compress a little and are those of no other row. */
export const values: readonly Buffer[] = keys.map((key, number) => {
  const digest = createHash('sha256').update(key).digest('hex')
  return Buffer.from(`${String(number).padStart(32, '.')}${digest}`)
})
