/** For tests: the tools of C++ RocksDB, where they are installed. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** False, or the reason why a test that needs the tool is not run: never a pass. Said aloud too. */
export function notRunWithout(tool: string): string | false {
  if ((process.env['PATH'] ?? '').split(delimiter).some(directory => existsSync(join(directory, tool))))
    return false
  const reason = `not run: ${tool} is not installed`
  console.log(reason)
  return reason
}

export function runTool(tool: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
}

/** Gives `use` a directory of its own, and removes it afterwards. */
export function withDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'varve-sst-'))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The tables of a directory by name. */
export function readTables(directory: string): Map<string, Uint8Array> {
  const names = readdirSync(directory).filter(name => name.endsWith('.sst'))
  return new Map(names.sort().map(name => [name, new Uint8Array(readFileSync(join(directory, name)))]))
}

/** The rows that `sst_dump` prints of every table in a directory, by the table's name. */
export function scanWithSstDump(directory: string): Map<string, string[]> {
  const { stdout } = runTool('sst_dump', [`--file=${directory}`, '--command=scan', '--output_hex'])
  const rows = new Map<string, string[]>()
  let current: string[] = []
  for (const line of stdout.split('\n')) {
    const started = /^Process .*?([^/]+\.sst)$/.exec(line)?.[1]
    if (started !== undefined) rows.set(started, (current = []))
    else if (line.startsWith("'")) current.push(line)
  }
  return rows
}
