/**
 * Random operations on a whole database and on its model, compared as they go. A run is repeated by its seed.
 * What runs: check-operations.ts. Here is the state of a run, and opening and closing.
 */
import { type Cursor, type Database, type OpenOptions, open, type Snapshot, verifyDatabase } from 'varve'
import { InlineRunner, nodeRuntime, poisonIdleBlocks } from 'varve/internal'
import type { Random } from '../random.ts'
import { KeySpace } from './generators.ts'
import type { RangePair } from './random-range.ts'
import { type Row, SortedModel } from './sorted-model.ts'

// Whoever reads a block that nobody holds for it is to notice.
poisonIdleBlocks()

/** A moment that is read from for as long as it is held. */
export interface HeldSnapshot {
  snapshot: Snapshot
  families: Map<string, SortedModel>
}

/** A cursor and the rows that it must go over, whatever is written meanwhile. */
export interface HeldCursor {
  cursor: Cursor
  rows: Row[]
}

/** An iteration that was begun and is taken up again now and then. */
export interface HeldIteration {
  iterator: AsyncIterator<[Uint8Array, Uint8Array]>
  rows: Row[]
  taken: number
}

export class ModelCheck {
  readonly random: Random
  readonly keys: KeySpace
  readonly families: Map<string, SortedModel> = new Map([['default', new SortedModel()]])
  readonly snapshots: HeldSnapshot[] = []
  readonly cursors: HeldCursor[] = []
  readonly iterations: HeldIteration[] = []
  /** How often each operation ran. */
  readonly counts: Map<string, number> = new Map()
  comparedRows = 0
  /** Runs flushes and compactions on the main thread: starting threads takes longer than these small ones. */
  inline = false
  private opened: Database | undefined
  private readonly directory: string
  private readonly optionsOf: (random: Random) => OpenOptions

  constructor(directory: string, random: Random, optionsOf: (random: Random) => OpenOptions) {
    this.directory = directory
    this.random = random
    this.optionsOf = optionsOf
    this.keys = new KeySpace(random, 700)
  }

  get db(): Database {
    if (this.opened === undefined) throw new Error('the database is not open')
    return this.opened
  }

  async open(options: OpenOptions = this.optionsOf(this.random)): Promise<void> {
    this.opened = await open(this.directory, options, this.inline ? inlineRuntime() : undefined)
  }

  /** Closes what is held too: it must not outlive the database. */
  async close(): Promise<void> {
    for (const { snapshot } of this.snapshots.splice(0)) snapshot.close()
    for (const { cursor } of this.cursors.splice(0)) cursor.close()
    for (const { iterator } of this.iterations.splice(0)) await iterator.return?.()
    const { db } = this
    this.opened = undefined
    await db.close()
  }

  /** Every byte of the closed database is in order. */
  async verify(): Promise<void> {
    const { ok, problems } = await verifyDatabase(this.directory, { deep: true })
    if (!ok) throw new Error(`verify: ${problems[0].file} at ${problems[0].offset}: ${problems[0].message}`)
  }

  familyName(): string {
    return this.random.pick([...this.families.keys()])
  }

  model(family: string): SortedModel {
    return this.families.get(family) as SortedModel
  }

  /** A moment to read from: mostly now, sometimes one that is held. */
  moment(family: string): { model: SortedModel; options: { columnFamily: string; snapshot?: Snapshot } } {
    const held =
      this.random.chance(0.3) && this.snapshots.length > 0 ? this.random.pick(this.snapshots) : undefined
    const model = held?.families.get(family)
    if (held === undefined || model === undefined)
      return { model: this.model(family), options: { columnFamily: family } }
    return { model, options: { columnFamily: family, snapshot: held.snapshot } }
  }

  sameValue(found: Uint8Array | undefined, expected: Uint8Array | undefined, what: string): void {
    this.comparedRows++
    const same =
      found === undefined || expected === undefined
        ? found === expected
        : Buffer.compare(found, expected) === 0
    if (!same) throw new Error(`${what}: expected ${show(expected)}, got ${show(found)}`)
  }

  sameRows(found: readonly Row[], expected: Iterable<Row>, what: () => string): void {
    let index = 0
    for (const [key, value] of expected) {
      const row = found[index++]
      if (row === undefined) throw new Error(`${what()}: row ${index - 1}, ${show(key)}, is missing`)
      if (Buffer.compare(row[0], key) !== 0)
        throw new Error(`${what()}: row ${index - 1} is ${show(row[0])}, expected ${show(key)}`)
      this.sameValue(row[1], value, `${what()}: value of ${show(key)}`)
    }
    if (index < found.length) throw new Error(`${what()}: ${show(found[index][0])} should not be there`)
  }
}

function inlineRuntime() {
  const runtime = nodeRuntime({ workers: 1 })
  return { ...runtime, jobs: new InlineRunner(runtime.fs) }
}

export function show(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'nothing'
  const hex = Buffer.from(bytes.subarray(0, 40)).toString('hex')
  return `0x${hex}${bytes.length > 40 ? `... (${bytes.length} bytes)` : ''}`
}

export function showRange({ given }: RangePair): string {
  const parts = Object.entries(given).map(
    ([name, value]) => `${name}=${value instanceof Uint8Array ? show(value) : value}`,
  )
  return `{ ${parts.join(' ')} }`
}
