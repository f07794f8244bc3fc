/** For tests: the tables in testdata/rocksdb, all written by C++ RocksDB. */
import { readFileSync } from 'node:fs'
import { fromHex } from '../../bytes/index.ts'

const vectors = new URL('../../../../testdata/rocksdb/vectors/', import.meta.url)

export interface SampleTable {
  /** Database and file, such as `7.8.3/tiny 000009.sst`. */
  name: string
  bytes: Uint8Array
}

/** Every table of the sample databases. */
export function sampleTables(): SampleTable[] {
  const databases: Record<string, Record<string, string>> = JSON.parse(vectorText('sample_dbs.json'))
  const tables: SampleTable[] = []
  for (const [database, files] of Object.entries(databases)) {
    for (const [file, content] of Object.entries(files)) {
      if (!file.endsWith('.sst')) continue
      tables.push({ name: `${database} ${file}`, bytes: Uint8Array.from(Buffer.from(content, 'base64')) })
    }
  }
  return tables
}

export function vectorText(name: string): string {
  return readFileSync(new URL(name, vectors), 'utf8')
}

/** An annotated table of the vectors: its lines of dump, and the bytes that stand in hex below them. */
export function annotatedTable(name: string): { lines: string[]; bytes: Uint8Array } {
  const [dump, hex] = vectorText(name).split('# raw hex of whole file')
  const lines = dump.split('\n').filter(line => !line.startsWith('#'))
  while (lines[0] === '') lines.shift()
  while (lines.at(-1) === '') lines.pop()
  return { lines, bytes: fromHex(hex.replaceAll(/\s/g, '')) }
}
