export { KEY_STAMP_LENGTH, MAX_KEY_EXPIRY, readKeyExpiry, withKeyExpiry } from './key-stamp.ts'
export { MIN_TTL_TIME, readTtlTime, TTL_STAMP_LENGTH, withTtlTime } from './ttl-stamp.ts'
