export { BlockCache, BlockSlots } from './block-cache.ts'
export { BlockPool, hold, letGo, poisonIdleBlocks } from './block-pool.ts'
