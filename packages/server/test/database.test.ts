import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'varve'
import { serverSuite } from './server-suite.ts'

serverSuite('a database', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'varve-server-'))
  const store = await open(directory, { columnFamilies: { users: {} } })
  return {
    store,
    async close() {
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
})
