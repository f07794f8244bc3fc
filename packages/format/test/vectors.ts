/** The files that C++ RocksDB wrote, for tests. What is in them: testdata/rocksdb/vectors/README.md */
import { readFileSync } from 'node:fs'

const directory = new URL('../../../testdata/rocksdb/vectors/', import.meta.url)

/** The parsed contents of <name>.json. */
export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, directory), 'utf8'))
}

export interface SampleFile {
  /** Such as `7.8.3/tiny/000008.log`. */
  path: string
  name: string
  bytes: Uint8Array
}

/** Every file of every sample database. */
export function sampleFiles(): SampleFile[] {
  const databases = loadVectors<Record<string, Record<string, string>>>('sample_dbs')
  return Object.entries(databases).flatMap(([database, files]) =>
    Object.entries(files).map(([name, base64]) => ({
      path: `${database}/${name}`,
      name,
      bytes: Uint8Array.from(Buffer.from(base64, 'base64')),
    })),
  )
}
