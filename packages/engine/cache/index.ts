export {
  BlockCache,
  type BlockCacheOptions,
  type BlockCacheStatistics,
  BlockSlots,
} from './block-cache.ts'
export { BlockPool, hold, letGo, poisonIdleBlocks } from './block-pool.ts'
export type { ContentsHolder } from './held-contents.ts'
