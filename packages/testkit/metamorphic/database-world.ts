/**
 * Worlds of real databases. `plain`: a simulated disk on which everything happens at once. `simulated`: the same
 * disk, where the seed decides the order of file operations, jobs and timers. `threads`: real files below the
 * system's temporary directory, and worker threads; nothing can be killed there, so a kill is a closing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseFileName } from '@varve/format/names'
import { parseOptionsFile } from '@varve/format/options'
import { type ColumnFamilyOptions, type Database, type OpenOptions, open, verifyDatabase } from 'varve'
import { NodeFileSystem, nodeRuntime, type Runtime } from 'varve/internal'
import { Random, SimulatedDisk } from '../disk/index.ts'
import { MERGE_OPERATOR } from '../model/operations.ts'
import { plainRuntime, simulatedRuntime } from '../simulation/index.ts'
import { ImmediateJobs } from './immediate-jobs.ts'
import { modelRange } from './model-range.ts'
import type { Range, Store } from './store.ts'
import { refuseUnlessWhole, type World } from './world.ts'

export const worldNames = ['plain', 'simulated', 'threads'] as const
export type WorldName = (typeof worldNames)[number]

/** What happened in the background: evidence that there was something to get wrong. */
export interface WorkDone {
  flushes: number
  compactions: number
  trivialMoves: number
}

/** Milliseconds, of whichever time the world has, that background work may take to come to rest. */
const SETTLE_MS_MAX = 20_000

/** A database that has failed may never be closed. */
const CLOSE_MS_MAX = 1000

/** In milliseconds since 1970: the model has the same. */
export const START_OF_TIME: number = Date.UTC(2020, 0, 1)

/** Nothing runs for so long: it is at rest. */
const QUIET_MS = 3

export class DatabaseWorld implements World {
  readonly work: WorkDone = { flushes: 0, compactions: 0, trivialMoves: 0 }
  readonly losesUnloggedAtClose: boolean
  private readonly name: WorldName
  private readonly options: OpenOptions
  private readonly seeds: Random
  private readonly directory: string
  private disk = new SimulatedDisk()
  private now = START_OF_TIME
  private runtime: Runtime | undefined
  private stopTracing: () => void = () => undefined
  private opened: Database | undefined
  /** At the end of the process before. */
  private families: readonly string[] = []

  constructor(name: WorldName, options: OpenOptions, seed: number) {
    this.name = name
    this.options = options
    this.seeds = new Random(seed).fork(5)
    this.losesUnloggedAtClose = options.avoidFlushDuringShutdown === true
    this.directory = name === 'threads' ? mkdtempSync(join(tmpdir(), 'varve-metamorphic-')) : '/db'
  }

  async open(readOnly: boolean): Promise<Store> {
    this.runtime = this.withOwnClock(this.newRuntime())
    const { options: given } = this
    const options = {
      mergeOperator: MERGE_OPERATOR,
      ...given,
      columnFamilies: this.familyOptions(),
      readOnly,
    }
    this.opened = await open(this.directory, options, this.runtime)
    return options.comparator === undefined ? this.opened : withPrefixes(this.opened)
  }

  /** Options of families that there are; to open with those of others would make them. */
  private familyOptions(): Record<string, ColumnFamilyOptions> {
    const given = Object.entries(this.options.columnFamilies ?? {})
    return Object.fromEntries(given.filter(([name]) => name === 'default' || this.families.includes(name)))
  }

  async close(): Promise<void> {
    const db = this.takeDatabase()
    await db.close()
  }

  /** The old process goes on with a disk that nobody looks at any more, and is closed to give its memory back. */
  async kill(): Promise<void> {
    const db = this.takeDatabase()
    if (this.name !== 'threads') this.disk = this.disk.copy()
    await db.close()
  }

  async losePower(): Promise<void> {
    const db = this.takeDatabase()
    if (this.name !== 'threads') this.disk = this.disk.crash('loseAll', this.seeds)
    await db.close()
  }

  async settle(): Promise<void> {
    const { opened: db, runtime } = this
    if (db === undefined || runtime === undefined) return
    let quiet = 0
    for (let waited = 0; waited < SETTLE_MS_MAX; waited++) {
      quiet = isBusy(db) ? 0 : quiet + 1
      if (quiet === QUIET_MS) return
      await new Promise<void>(resolve => {
        runtime.setTimer(1, resolve, true)
      })
    }
    throw new Error('the background does not come to rest')
  }

  async familiesInOptionsFile(): Promise<string[]> {
    const fs = this.fileSystem()
    const names = (await fs.list(this.directory)).filter(name => parseFileName(name)?.kind === 'options')
    const newest = names.sort((a, b) => numberOf(a) - numberOf(b)).at(-1)
    if (newest === undefined) throw new Error('there is no OPTIONS file')
    const { columnFamilies } = parseOptionsFile(await fs.readFile(join(this.directory, newest)), newest)
    return columnFamilies.map(({ name }) => name).sort()
  }

  async verify(): Promise<void> {
    if (this.name === 'threads') return refuseUnlessWhole(await verifyDatabase(this.directory))
    if (this.disk.openHandles > 0) throw new Error(`${this.disk.openHandles} files are open after closing`)
    refuseUnlessWhole(await verifyDatabase(this.directory, {}, plainRuntime(this.disk, 1)))
  }

  /** Ends what a failure has left open, if it can be ended, and removes what lies on the real disk. */
  async dispose(): Promise<void> {
    const { opened } = this
    if (opened !== undefined) await Promise.race([Promise.allSettled([opened.close()]), pause(CLOSE_MS_MAX)])
    this.stopTracing()
    if (this.name === 'threads') rmSync(this.directory, { recursive: true })
  }

  private takeDatabase(): Database {
    const { opened: db } = this
    if (db === undefined) throw new Error('the database is not open')
    this.opened = undefined
    this.families = db.columnFamilyNames()
    const { flushes, compactions, trivialMoves } = db.statistics()
    this.work.flushes += flushes
    this.work.compactions += compactions
    this.work.trivialMoves += trivialMoves
    return db
  }

  passTime(seconds: number): void {
    this.now += seconds * 1000
  }

  /** The time of day stands still but for the steps that let it pass. */
  private withOwnClock(runtime: Runtime): Runtime {
    const { clock } = runtime
    return { ...runtime, clock: { now: () => this.now, monotonic: () => clock.monotonic() } }
  }

  private fileSystem() {
    return this.name === 'threads' ? new NodeFileSystem() : this.disk
  }

  private newRuntime(): Runtime {
    this.stopTracing()
    const { maxBackgroundJobs = 2, maxSubcompactions = 1 } = this.options
    if (this.name === 'threads') return nodeRuntime({ workers: maxBackgroundJobs + maxSubcompactions - 1 })
    const seed = this.seeds.next()
    if (this.name === 'plain') {
      return { ...plainRuntime(this.disk, seed), jobs: new ImmediateJobs(this.disk) }
    }
    const world = simulatedRuntime(this.disk, seed)
    this.stopTracing = () => world.detach()
    return world
  }
}

/** What waits without running is no sign: options may want it to wait. */
function isBusy(db: Database): boolean {
  const number = (name: string): number => Number(db.property(`rocksdb.${name}`))
  return number('num-running-flushes') + number('num-running-compactions') > 0
}

async function pause(milliseconds: number): Promise<void> {
  await setTimeout(milliseconds, undefined, { ref: false })
}

function numberOf(name: string): number {
  return parseFileName(name)?.number ?? 0
}

/** Families of a comparator of their own take no prefixes; that of the test kit is bytewise, so they are ranges. */
function withPrefixes(db: Database): Store {
  const ranged = new Set(['cursor', 'entries', 'entities', 'keys', 'values'])
  return new Proxy(db, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name, target)
      if (typeof method !== 'function') return method
      if (!ranged.has(String(name))) return method.bind(target)
      return (range: Range = {}) => method.call(target, withoutPrefix(range))
    },
  })
}

function withoutPrefix({ prefix, ...range }: Range): Range {
  if (prefix === undefined) return range
  const { start, end } = modelRange({ ...range, prefix })
  const { reverse, limit, snapshot, fillCache, columnFamily } = range
  const given = { reverse, limit, snapshot, fillCache, columnFamily, start, end }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
