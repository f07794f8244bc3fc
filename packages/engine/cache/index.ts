export { BlockCache, type BlockSlots, CachedBlock } from './block-cache.ts'
