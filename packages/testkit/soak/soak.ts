/**
 * A long life of one database: everything at once, again and again, in a key space that does not grow, each answer
 * checked. The model knows of each key the version it was last put with; a value follows from key and version, so
 * the model is small and exact.
 */
import { type Cursor, type Database, type OpenOptions, open, type Snapshot } from 'varve'
import type { Random } from '../random.ts'

const KEYS = 3000
const HELD_MAX = 8
const lasting = ['default', 'second'] as const
/** Comes and goes. */
const PASSING = 'passing'

const KIB = 1024
const options: OpenOptions = {
  columnFamilies: { second: {} },
  writeBufferSize: 256 * KIB,
  targetFileSizeBase: 256 * KIB,
  maxBytesForLevelBase: 1024 * KIB,
  blockCacheSize: 1024 * KIB,
  maxManifestFileSize: 64 * KIB,
  compression: 'lz4',
}

type Versions = Map<number, number>

interface Held {
  readonly snapshot: Snapshot
  readonly families: ReadonlyMap<string, Versions>
}

interface HeldCursor {
  readonly cursor: Cursor
  readonly family: string
  readonly versions: Versions
}

export class Soak {
  operations = 0
  compared = 0
  reopenings = 0
  private readonly directory: string
  private readonly random: Random
  private db: Database
  private readonly families = new Map<string, Versions>(lasting.map(name => [name, new Map()]))
  private readonly snapshots: Held[] = []
  private readonly cursors: HeldCursor[] = []
  private version = 0

  private constructor(directory: string, random: Random, db: Database) {
    this.directory = directory
    this.random = random
    this.db = db
  }

  static async start(directory: string, random: Random): Promise<Soak> {
    return new Soak(directory, random, await open(directory, options))
  }

  /** A few hundred operations. Throws when an answer is wrong. */
  async round(): Promise<void> {
    const { random } = this
    for (let i = 0; i < 20; i++) await this.writes()
    for (let i = 0; i < 100; i++) await this.lookup()
    this.scan(this.db.cursor({ columnFamily: 'default' }), this.versionsOf('default'), 'default')
    if (random.chance(0.5)) this.holdOrLetGo()
    if (random.chance(0.1)) await this.db.flush()
    if (random.chance(0.02)) await this.db.compact({ columnFamily: random.pick(lasting) })
    if (random.chance(0.05)) await this.changeFamilies()
    if (random.chance(0.01)) await this.reopen()
  }

  async finish(): Promise<void> {
    this.letAllGo()
    for (const [family, versions] of this.families)
      this.scan(this.db.cursor({ columnFamily: family }), versions, family)
    await this.db.close()
  }

  /** Writers that do not wait for each other. */
  private async writes(): Promise<void> {
    const { random } = this
    const family = random.pick([...this.families.keys()])
    const versions = this.versionsOf(family)
    const pending: Promise<void>[] = []
    for (let i = 0; i < 16; i++) {
      const number = random.below(KEYS)
      const sync = random.chance(0.002)
      if (random.chance(0.25)) {
        versions.delete(number)
        pending.push(this.db.delete(keyOf(number), { columnFamily: family, sync }))
      } else {
        versions.set(number, ++this.version)
        const value = valueFor(number, this.version)
        pending.push(this.db.put(keyOf(number), value, { columnFamily: family, sync }))
      }
    }
    this.operations += pending.length
    await Promise.all(pending)
  }

  private async lookup(): Promise<void> {
    const { random } = this
    const family = random.pick([...this.families.keys()])
    const number = random.below(KEYS)
    const held = this.snapshots.length > 0 && random.chance(0.3) ? random.pick(this.snapshots) : undefined
    const versions = held?.families.get(family) ?? this.versionsOf(family)
    const snapshot = held?.families.has(family) === true ? { snapshot: held.snapshot } : {}
    const found = await this.db.get(keyOf(number), { columnFamily: family, ...snapshot })
    this.operations++
    this.same(found, versions.get(number), number, `get in ${family}`)
  }

  /** Walks all of it and closes the cursor. */
  private scan(cursor: Cursor, versions: Versions, family: string): void {
    const numbers = [...versions.keys()].sort((a, b) => a - b)
    try {
      let valid = cursor.first()
      for (const number of numbers) {
        const key = valid ? Buffer.from(cursor.key).toString('latin1') : undefined
        if (key !== keyOf(number)) throw new Error(`scan of ${family}: ${key} and not ${keyOf(number)}`)
        this.same(cursor.value, versions.get(number), number, `scan of ${family}`)
        valid = cursor.next()
      }
      if (valid) throw new Error(`scan of ${family}: a row too many`)
    } finally {
      cursor.close()
    }
    this.operations += numbers.length
  }

  private holdOrLetGo(): void {
    const { random } = this
    if (this.snapshots.length < HELD_MAX && random.chance(0.5)) {
      const families = new Map([...this.families].map(([name, versions]) => [name, new Map(versions)]))
      this.snapshots.push({ snapshot: this.db.snapshot(), families })
      const family = random.pick([...this.families.keys()])
      const cursor = this.db.cursor({ columnFamily: family })
      this.cursors.push({ cursor, family, versions: new Map(this.versionsOf(family)) })
      return
    }
    this.snapshots.splice(random.below(this.snapshots.length + 1), 1)[0]?.snapshot.close()
    const [held] = this.cursors.splice(random.below(this.cursors.length + 1), 1)
    if (held !== undefined) this.scan(held.cursor, held.versions, `${held.family}, seen by a held cursor`)
    while (this.cursors.length > HELD_MAX) this.cursors.shift()?.cursor.close()
  }

  private letAllGo(): void {
    for (const { snapshot } of this.snapshots.splice(0)) snapshot.close()
    for (const { cursor } of this.cursors.splice(0)) cursor.close()
  }

  private async changeFamilies(): Promise<void> {
    if (this.families.delete(PASSING)) {
      for (const { families } of this.snapshots) (families as Map<string, Versions>).delete(PASSING)
      await this.db.dropColumnFamily(PASSING)
    } else {
      await this.db.columnFamily(PASSING)
      this.families.set(PASSING, new Map())
    }
  }

  private async reopen(): Promise<void> {
    this.letAllGo()
    await this.db.close()
    this.db = await open(this.directory, options)
    this.reopenings++
  }

  private versionsOf(family: string): Versions {
    const versions = this.families.get(family)
    if (versions === undefined) throw new Error(`there is no family ${family}`)
    return versions
  }

  private same(found: Uint8Array | undefined, version: number | undefined, number: number, what: string) {
    this.compared++
    const text = found && Buffer.from(found).toString('latin1')
    const expected = version === undefined ? undefined : valueFor(number, version)
    if (text === expected) return
    throw new Error(`${what}: ${keyOf(number)} is ${text?.slice(0, 40)} and not ${expected?.slice(0, 40)}`)
  }
}

function keyOf(number: number): string {
  return `key${String(number).padStart(6, '0')}`
}

/** 20 to 1,000 bytes. */
function valueFor(number: number, version: number): string {
  const text = `${number}:${version};`
  return text.repeat(1 + ((number * 31 + version) % 64))
}
