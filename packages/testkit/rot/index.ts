/** `@varve/testkit/rot`: small databases, every way to damage them, and what they may do then. */
export { allFlips, allLosses, type Damage, type DamageKind, damageAddress, damaged } from './damage.ts'
export { type RotDatabase, rotDatabases } from './databases.ts'
export { readDamaged, useDamaged, type Verdict } from './verdict.ts'
