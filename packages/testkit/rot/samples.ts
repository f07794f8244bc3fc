/**
 * Databases of C++ RocksDB for the rot sweep, from the fixtures of the repository: format_versions 6 and 7, hash
 * index, values apart from keys, whole-file checksums. What they hold is what they hold undamaged; other tests know
 * that this is right. Their logs carry no evidence and no MANIFEST speaks for them, so those are left alone.
 */
import { readFileSync } from 'node:fs'
import { open } from 'varve'
import { SimulatedDisk } from '../disk/index.ts'
import { plainRuntime } from '../simulation/index.ts'
import { DIRECTORY, History } from '../sweep/index.ts'
import type { RotDatabase } from './databases.ts'

const names = [
  '7.8.3/tiny',
  '7.8.3/multiver',
  '7.8.3/fcksum',
  '7.8.3/hashidx',
  '11.9.0/tiny',
  '11.9.0/pred',
  '11.9.0/sepkv',
  '11.9.0/fv6_ck1',
]

const fixtures = new URL('../../../testdata/rocksdb/vectors/sample_dbs.json', import.meta.url)

export async function sampleDatabases(): Promise<RotDatabase[]> {
  const all = JSON.parse(readFileSync(fixtures, 'utf8')) as Record<string, Record<string, string>>
  const databases: RotDatabase[] = []
  for (const name of names) databases.push(await sampleDatabase(name, all[name]))
  return databases
}

async function sampleDatabase(name: string, files: Record<string, string>): Promise<RotDatabase> {
  const disk = new SimulatedDisk()
  await disk.makeDirectory(DIRECTORY)
  for (const [file, base64] of Object.entries(files)) {
    const handle = disk.openSync(`${DIRECTORY}/${file}`, 'create')
    handle.writeSync(Buffer.from(base64, 'base64'), 0)
    handle.syncSync()
    handle.closeSync()
  }
  disk.syncDirectorySync(DIRECTORY)
  return {
    name: `cpp-${name.replace('/', '-')}`,
    disk,
    script: { name, options: {}, rounds: () => [] },
    moment: (await historyOf(disk)).now(),
    openLog: undefined,
    evidence: 'none',
  }
}

/** As if one write had made it, and had been synced. */
async function historyOf(disk: SimulatedDisk): Promise<History> {
  const db = await open(DIRECTORY, { readOnly: true, createIfMissing: false }, plainRuntime(disk.copy(), 1))
  const history = new History(db.columnFamilyNames())
  try {
    const rows = await db.entries().toArray()
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
    const puts = rows.map(([key, value]) => ({ type: 'put' as const, key: text(key), value: text(value) }))
    history.acknowledge(history.write(puts), true)
  } finally {
    await db.close()
  }
  return history
}
