import { MemoryStore } from './memory-store.ts'
import { serverSuite } from './server-suite.ts'

serverSuite('a store in memory', async () => ({ store: new MemoryStore(), close: async () => {} }))
