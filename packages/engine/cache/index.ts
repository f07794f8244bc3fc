export { BlockCache, BlockSlots } from './block-cache.ts'
