/** Metamorphic runs: the same history under many options, with the same answers; failing cases are made small. */
export { type CampaignOptions, campaign, Tally } from './campaign.ts'
export { type Case, commandOf, type MakeWorld, parseCase, playCase, reduceCase, usualWorld } from './case.ts'
export { DatabaseWorld, type WorldName } from './database-world.ts'
export { historyOf, kinds } from './history.ts'
export { fixedSets, type OptionSet, randomSet } from './option-sets.ts'
export { Difference, expectedLines, playAndCompare } from './play.ts'
export { reduceList, reduceOptions } from './reduce.ts'
export type { Store } from './store.ts'
