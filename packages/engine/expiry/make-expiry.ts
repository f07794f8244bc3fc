/** The two kinds of expiry. */
import {
  KEY_STAMP_LENGTH,
  readKeyExpiry,
  readTtlTime,
  TTL_STAMP_LENGTH,
  withKeyExpiry,
  withTtlTime,
} from '@varve/format/expiry'
import { type Expiry, type ExpirySource, type Life, NEVER } from './expiry.ts'

export function makeExpiry(source: ExpirySource): Expiry {
  return source.kind === 'keys' ? new KeyExpiry(source) : new DatabaseExpiry(source)
}

/** Each entry is over when its writer said. */
class KeyExpiry implements Expiry {
  readonly source: ExpirySource
  readonly stampLength: number = KEY_STAMP_LENGTH

  constructor(source: ExpirySource) {
    this.source = source
  }

  stamp(value: Uint8Array, { end }: Life): Uint8Array {
    return withKeyExpiry(value, end === NEVER ? 0 : end)
  }

  lifeOf(bytes: Uint8Array, start: number, end: number): Life | undefined {
    const over = this.endOf(bytes, start, end)
    return over === undefined ? undefined : { written: 0, end: over }
  }

  endOf(bytes: Uint8Array, start: number, end: number): number | undefined {
    const expiry = readKeyExpiry(bytes, start, end)
    if (expiry < 0) return undefined
    return expiry === 0 ? NEVER : expiry
  }

  combined(older: Life, newer: Life): Life | undefined {
    return older.end === newer.end ? newer : undefined
  }
}

/**
 * Every entry is over `ttl` seconds after it was written: as in RocksDB when the clock, in whole seconds, shows more than
 * that. What entries become when they are combined is as young as the youngest of them. (In RocksDB it is as young as
 * the compaction.)
 */
class DatabaseExpiry implements Expiry {
  readonly source: ExpirySource
  readonly stampLength: number = TTL_STAMP_LENGTH

  constructor(source: ExpirySource) {
    this.source = source
  }

  stamp(value: Uint8Array, { written }: Life): Uint8Array {
    return withTtlTime(value, Math.floor(written / 1000))
  }

  lifeOf(bytes: Uint8Array, start: number, end: number): Life | undefined {
    const over = this.endOf(bytes, start, end)
    return over === undefined ? undefined : { written: readTtlTime(bytes, start, end) * 1000, end: over }
  }

  endOf(bytes: Uint8Array, start: number, end: number): number | undefined {
    const written = readTtlTime(bytes, start, end)
    if (written < 0) return undefined
    const { ttl } = this.source
    return ttl === 0 ? NEVER : (written + ttl + 1) * 1000
  }

  combined(older: Life, newer: Life): Life {
    return older.written > newer.written ? older : newer
  }
}
