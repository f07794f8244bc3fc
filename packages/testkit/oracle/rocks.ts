/**
 * RocksDB's library, driven through `cpp/rocks.cc`: what the tools have no command for. It is built into `.oracle/` of the
 * checkout where there is a compiler and Debian's librocksdb-dev, once for each version of the source.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NewestDriver } from './newest-driver.ts'
import { hex, isInstalled, run } from './tools.ts'

const source = fileURLToPath(new URL('./cpp/rocks.cc', import.meta.url))
const home = fileURLToPath(new URL('../../../.oracle/cpp/', import.meta.url))

/** The program, or why there is none. */
export async function buildRocks(): Promise<{ program: string } | { reason: string }> {
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const program = join(home, `rocks-${digest}`)
  if (existsSync(program)) return { program }
  if (!isInstalled('c++')) return { reason: 'there is no C++ compiler (apt-get install g++ librocksdb-dev)' }
  mkdirSync(home, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  const { status, stderr } = await run('c++', ['-std=c++17', source, '-o', unfinished, '-lrocksdb'])
  if (status !== 0) return { reason: `cpp/rocks.cc cannot be built: ${stderr.trim().split('\n')[0]}` }
  renameSync(unfinished, program)
  return { program }
}

/** A database that the library has open. Families go by their names, keys and values are bytes. */
export class RocksDatabase {
  private readonly driver: NewestDriver

  private constructor(driver: NewestDriver) {
    this.driver = driver
  }

  /** Settings as cpp/rocks.cc has them. `close` ends its process. */
  static async open(
    program: string,
    directory: string,
    settings: readonly string[] = [],
  ): Promise<RocksDatabase> {
    const db = new RocksDatabase(new NewestDriver(program, []))
    try {
      await db.driver.ask('open', word(directory), ...settings)
      return db
    } catch (error) {
      db.driver.stop()
      throw error
    }
  }

  /** Opens, does what is to be done, and closes. */
  static async use<Result>(
    program: string,
    directory: string,
    settings: readonly string[],
    work: (db: RocksDatabase) => Promise<Result>,
  ): Promise<Result> {
    const db = await RocksDatabase.open(program, directory, settings)
    try {
      return await work(db)
    } finally {
      await db.close()
    }
  }

  async close(): Promise<void> {
    try {
      await this.driver.ask('close')
    } finally {
      this.driver.stop()
    }
  }

  /** A command about a family: byte arrays become hex, other words stay. Returns the words of each row, as bytes. */
  async ask(verb: string, family: string, ...words: readonly (Uint8Array | string)[]): Promise<Buffer[][]> {
    const spelled = words.map(each => (typeof each === 'string' ? each : hex(each)))
    const rows = await this.driver.ask(verb, word(family), ...spelled)
    return rows.map(row => row.split(' ').map(each => Buffer.from(each.slice(2), 'hex')))
  }

  /** Reads every block of every table. */
  async verify(): Promise<void> {
    await this.driver.ask('verify')
  }
}

/** A timestamp as cpp/rocks.cc takes it, behind the last word. */
export function at(timestamp: number): string {
  return `@${timestamp}`
}

/** How the comparator of a family other than the default one is given at open. */
export function familyComparator(family: string, comparator: string): string {
  return `family:${word(family)}=${comparator}`
}

function word(text: string): string {
  return hex(Buffer.from(text))
}
