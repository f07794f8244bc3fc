/** `varve stats`: what a database consists of. */
import type { Command } from 'commander'
import type { BlobStats, Database } from 'varve'
import { jsonOption, withExample } from '../command-line.ts'
import { withDatabase } from '../open-database.ts'
import { Output } from '../output.ts'
import { formatBytes, formatCount } from '../progress-bar.ts'

export function addStats(program: Command): void {
  const command = program
    .command('stats <db>')
    .description('Prints column families, levels, files and sizes.')
    .addOption(jsonOption("everything as one JSON object, with the properties by RocksDB's names"))
    .action(stats)
  withExample(command, 'varve stats ./data', 'varve stats ./data --json')
}

interface LevelStats {
  level: number
  files: number
  bytes: number
  entries: number
}

interface FamilyStats {
  name: string
  estimatedKeys: number
  memtableBytes: number
  levels: LevelStats[]
  blobs: BlobStats
  properties: Record<string, string>
}

async function stats(path: string, options: { json?: true }): Promise<void> {
  const { propertyNames } = await import('varve')
  await withDatabase(path, 'read', async database => {
    const families = database.columnFamilyNames().map(name => familyStats(database, name, propertyNames))
    const output = new Output()
    if (options.json === true) {
      output.line(JSON.stringify({ path, columnFamilies: families, statistics: database.statistics() }))
    } else {
      for (const family of families) describe(family, output)
    }
    output.flush()
  })
}

function familyStats(database: Database, name: string, propertyNames: readonly string[]): FamilyStats {
  const levels = new Map<number, LevelStats>()
  for (const { columnFamily, level, size, entries } of database.liveFiles()) {
    if (columnFamily !== name) continue
    const sums = levels.get(level) ?? { level, files: 0, bytes: 0, entries: 0 }
    levels.set(level, {
      level,
      files: sums.files + 1,
      bytes: sums.bytes + size,
      entries: sums.entries + entries,
    })
  }
  const property = (propertyName: string) => database.property(propertyName, { columnFamily: name })
  return {
    name,
    estimatedKeys: Number(property('rocksdb.estimate-num-keys') ?? 0),
    memtableBytes: Number(property('rocksdb.cur-size-all-mem-tables') ?? 0),
    blobs: database.blobStats({ columnFamily: name }),
    levels: [...levels.values()].sort((a, b) => a.level - b.level),
    properties: Object.fromEntries(
      propertyNames.flatMap(propertyName => {
        const value = property(propertyName)
        return value === undefined ? [] : [[propertyName, value]]
      }),
    ),
  }
}

function describe({ name, estimatedKeys, memtableBytes, levels, blobs }: FamilyStats, output: Output): void {
  const files = levels.reduce((sum, level) => sum + level.files, 0)
  const bytes = levels.reduce((sum, level) => sum + level.bytes, 0)
  output.line(`column family ${name}`)
  output.line(`  keys       about ${formatCount(estimatedKeys)}`)
  output.line(`  in memory  ${formatBytes(memtableBytes)}`)
  output.line(`  in files   ${formatBytes(bytes)} in ${formatCount(files)}`)
  if (blobs.files > 0) {
    const garbage = `${(100 * blobs.garbageRatio).toFixed(1)} % garbage`
    output.line(`  in blobs   ${formatBytes(blobs.totalBytes)} in ${formatCount(blobs.files)}, ${garbage}`)
  }
  if (levels.length === 0) return
  output.line(
    `  ${'level'.padStart(5)} ${'files'.padStart(7)} ${'size'.padStart(12)} ${'entries'.padStart(14)}`,
  )
  for (const level of levels) {
    const cells = [
      String(level.level).padStart(5),
      formatCount(level.files).padStart(7),
      formatBytes(level.bytes).padStart(12),
      formatCount(level.entries).padStart(14),
    ]
    output.line(`  ${cells.join(' ')}`)
  }
}
