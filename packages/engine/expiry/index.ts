export {
  combiningLives,
  type Expiry,
  type ExpiryKind,
  type ExpirySource,
  type Life,
  NEVER,
} from './expiry.ts'
export { isLifetime, type Lifetime, lifeOf } from './lifetime.ts'
export { makeExpiry } from './make-expiry.ts'
export { ReadMoment } from './read-moment.ts'
