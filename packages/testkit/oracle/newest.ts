/**
 * The same exchange with the newest RocksDB: tables of format_version 6 and 7 with checksums that know their
 * place, and whatever its defaults have become, read by Varve; and Varve's directories read and written by it.
 */
import type { CompressionName } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { applyOperation } from '../model/operations.ts'
import { isSingleKey } from '../model/single-keys.ts'
import { type Row, SortedModel } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import type { Check } from './campaign.ts'
import type { Checked, Contents } from './cpp-checks.ts'
import type { NewestDatabase } from './newest-driver.ts'
import { installRocksdbjni, installRocksdict, type Newest, type NotRun } from './newest-install.ts'
import { hex, OracleError } from './tools.ts'
import { randomFamilies, randomOpenOptions } from './varve-options.ts'
import { compareWithVarve, emptyContents, inVarve, isSame, settle, writeThroughVarve } from './varve-side.ts'

export interface NewestCampaign {
  title: string
  checks: Check[]
  stop(): void
}

/** So many checks with each newer RocksDB, or why there is none. */
export async function newestChecks(count: number): Promise<(NewestCampaign | NotRun)[]> {
  if (count === 0) return []
  const campaigns: (NewestCampaign | NotRun)[] = []
  for (const install of [installRocksdict, installRocksdbjni]) {
    const found = await install()
    if ('reason' in found) campaigns.push(found)
    else
      campaigns.push({
        title: found.title,
        checks: checksWith(found, count),
        stop: () => found.driver.stop(),
      })
  }
  return campaigns
}

function checksWith(newest: Newest, count: number): Check[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index % 2 === 0 ? `${newest.title} to Varve` : `Varve to ${newest.title}`,
    run: (directory, random) => exchange(newest, directory, random, index % 2 === 0),
  }))
}

/** Hands a directory to and fro, three to six times. */
async function exchange(
  newest: Newest,
  directory: string,
  random: Random,
  newestFirst: boolean,
): Promise<Checked> {
  const contents = emptyContents(newestFirst ? ['default'] : randomFamilies(random))
  const settings = randomSettings(newest, random)
  const shares = newest.mergeSetting === undefined ? { merge: 0 } : {}
  const compressions = newest.compressions.filter(isCompression)
  const options = {
    ...randomOpenOptions(random, compressions),
    formatVersion: random.between(2, newest.formatVersion),
  }
  const columnFamilies = Object.fromEntries([...contents.keys()].slice(1).map(name => [name, {}]))
  const total: Checked = { rows: 0, tables: 0 }
  let isNewestsTurn = newestFirst
  for (let turns = random.between(3, 6); turns > 0; turns--) {
    if (isNewestsTurn) {
      await newest.driver.use(directory, settings, async db => {
        total.rows += await compareWithNewest(db, contents)
        await writeThroughNewest(db, newest, contents, random)
        total.rows += await compareWithNewest(db, contents)
      })
    } else {
      await inVarve(directory, { ...options, columnFamilies }, async db => {
        total.rows += await compareWithVarve(db, contents, random)
        await writeThroughVarve(db, contents, random, {
          operations: random.between(1, 800),
          keySpace: 400,
          shares,
        })
        await settle(db, random)
        total.tables += db.liveFiles().length
      })
    }
    isNewestsTurn = !isNewestsTurn
  }
  if (isNewestsTurn) await newest.driver.use(directory, settings, db => compareWithNewest(db, contents))
  else await inVarve(directory, options, async db => void (await compareWithVarve(db, contents, random)))
  return total
}

function isCompression(name: CompressionName | 'lz4hc'): name is CompressionName {
  return name !== 'lz4hc'
}

/** Its defaults in half of the cases, which is what its users have; anything else in the other half. */
function randomSettings(newest: Newest, random: Random): string[] {
  const settings = [`writeBufferSize=${random.pick([100_000, 300_000])}`]
  if (newest.mergeSetting !== undefined) settings.push(newest.mergeSetting)
  if (random.chance(0.5)) return settings
  settings.push(
    `formatVersion=${random.between(2, newest.formatVersion)}`,
    `compression=${random.pick(newest.compressions)}`,
    `blockSize=${random.pick([256, 1024, 4096, 16384])}`,
    `checksum=${random.pick(['kNoChecksum', 'kCRC32c', 'kxxHash', 'kxxHash64', 'kXXH3'])}`,
    `restartInterval=${random.pick([1, 4, 16])}`,
    `indexRestartInterval=${random.pick([1, 1, 8])}`,
  )
  if (random.chance(0.7)) settings.push('bloomBits=10')
  if (random.chance(0.3)) settings.push(`partitioned=${random.pick(['index', 'filters'])}`)
  if (random.chance(0.3)) settings.push('hashIndex=1')
  return settings
}

async function compareWithNewest(db: NewestDatabase, contents: Contents): Promise<number> {
  const families = (await db.families()).sort().join()
  const expected = [...contents.keys()].sort().join()
  if (families !== expected)
    throw new OracleError(`the newest RocksDB sees the families ${families}, expected ${expected}`)
  await db.verify()
  let rows = 0
  for (const [family, model] of contents) {
    const found = (await db.model(family)).rows()
    for (const [key, value] of model.rows()) {
      const { value: row, done } = found.next()
      if (done === true || !isSame(row[0], key) || !isSame(row[1], value)) {
        const got = done === true ? 'the end' : hex(row[0])
        throw new OracleError(
          `the newest RocksDB differs in ${family}, row ${rows}: expected ${hex(key)}, got ${got}`,
        )
      }
      rows++
    }
    if (found.next().done !== true) throw new OracleError(`the newest RocksDB has rows too many in ${family}`)
  }
  return rows
}

async function writeThroughNewest(
  db: NewestDatabase,
  newest: Newest,
  contents: Contents,
  random: Random,
): Promise<void> {
  if (random.chance(0.2) && !contents.has('made by C++')) {
    await db.create('made by C++')
    contents.set('made by C++', new SortedModel())
  }
  for (const [family, model] of contents) {
    const keys = new KeySpace(random, 300)
    const both = new Both(db, family, model)
    for (let n = random.between(0, 6); n > 0; n--) {
      await both.batch(randomRows(random, keys, random.between(1, 200), 3000))
      const gone = random.chance(0.7) ? model.at(random.below(model.size)) : undefined
      if (gone !== undefined && !isSingleKey(gone[0])) await both.delete(gone[0])
      if (newest.mergeSetting !== undefined) {
        for (const row of randomRows(random, keys, random.between(0, 20), 300)) await both.merge(row)
      }
      if (random.chance(0.1)) await both.deleteRange(keys.pick(random), keys.pick(random))
      if (random.chance(0.5)) await db.flush(family)
    }
    if (random.chance(0.3)) await db.compact(family)
  }
}

function randomRows(random: Random, keys: KeySpace, count: number, largestValue: number): Row[] {
  return Array.from({ length: count }, (): Row => [keys.pick(random), randomValue(random, largestValue)])
}

/** A column family of the newest RocksDB and its model: what is done to one is done to the other. */
class Both {
  private readonly db: NewestDatabase
  private readonly family: string
  private readonly model: SortedModel

  constructor(db: NewestDatabase, family: string, model: SortedModel) {
    this.db = db
    this.family = family
    this.model = model
  }

  async batch(rows: readonly Row[]): Promise<void> {
    await this.db.batch(this.family, rows)
    for (const [key, value] of rows) this.model.put(key, value)
  }

  async delete(key: Uint8Array): Promise<void> {
    await this.db.delete(this.family, key)
    this.model.delete(key)
  }

  async merge([key, operand]: Row): Promise<void> {
    await this.db.merge(this.family, key, operand)
    applyOperation(this.model, { type: 'merge', key, operand })
  }

  async deleteRange(one: Uint8Array, other: Uint8Array): Promise<void> {
    const [start, end] = [one, other].sort(Buffer.compare)
    await this.db.deleteRange(this.family, start, end)
    applyOperation(this.model, { type: 'deleteRange', start, end })
  }
}
