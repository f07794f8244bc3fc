/** How callers say how long an entry is to live. */
import { VarveError } from '@varve/format/errors'
import { MAX_KEY_EXPIRY } from '@varve/format/expiry'
import { type Expiry, type Life, NEVER } from './expiry.ts'

/** For puts and merges in column families with `expiringKeys`. One of both, or neither: the entry stays. */
export interface Lifetime {
  /** Seconds, also parts of one, after which the entry is over. */
  ttl?: number
  /** When it is over: a date, or milliseconds since 1970. */
  expiresAt?: Date | number
}

/** Whether it says anything. */
export function isLifetime({ ttl, expiresAt }: Lifetime): boolean {
  return ttl !== undefined || expiresAt !== undefined
}

/** Checks it, and gives the life of an entry written at `now`. Throws `INVALID_ARGUMENT`. */
export function lifeOf(expiry: Expiry | undefined, lifetime: Lifetime | undefined, now: number): Life {
  const written = Math.max(0, Math.floor(now))
  if (lifetime === undefined || !isLifetime(lifetime)) return { written, end: NEVER }
  const { ttl, expiresAt } = lifetime
  if (expiry === undefined)
    throw refused('expiringKeys', 'the column family has no expiringKeys: nothing in it can expire')
  if (expiry.source.kind === 'database')
    throw refused('ttl', 'in a column family with ttlDatabase all entries live equally long')
  if (ttl !== undefined && expiresAt !== undefined)
    throw refused('ttl', 'ttl and expiresAt exclude each other')
  return { written, end: ttl === undefined ? momentOf(expiresAt) : written + millisecondsOf(ttl) }
}

function millisecondsOf(ttl: number): number {
  const milliseconds = Math.ceil(ttl * 1000)
  if (typeof ttl === 'number' && ttl > 0 && milliseconds < MAX_KEY_EXPIRY / 2) return milliseconds
  throw refused('ttl', `ttl must be a number of seconds above 0, not ${ttl}`)
}

function momentOf(expiresAt: Date | number | undefined): number {
  const moment = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt
  if (typeof moment === 'number' && moment >= 1 && moment <= MAX_KEY_EXPIRY) return Math.floor(moment)
  throw refused('expiresAt', `expiresAt must be a date or milliseconds since 1970, not ${expiresAt}`)
}

function refused(option: string, message: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', message, { option })
}
