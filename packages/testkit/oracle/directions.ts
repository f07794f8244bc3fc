/**
 * The ways a directory goes between the two: made by C++ and taken over by Varve, made by Varve and taken over
 * by C++, and handed to and fro. A model stands between them and is right when both agree with it.
 */
import { open } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { type Row, SortedModel } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import { type Checked, type Contents, checkInCpp } from './cpp-checks.ts'
import { blobFlags, type CppRecipe } from './cpp-recipes.ts'
import { cppModel } from './cpp-rows.ts'
import { cppColumnFamilies, hex, ldb, loadLines } from './tools.ts'
import { randomFamilies, randomFamilyOptions, randomOpenOptions } from './varve-options.ts'
import {
  compareWithVarve,
  emptyContents,
  inVarve,
  mustVerify,
  settle,
  writeThroughVarve,
} from './varve-side.ts'

/** C++ makes it; Varve reads it equal, writes, flushes, compacts, verifies; C++ finds it in order and equal. */
export async function fromCpp(directory: string, recipe: CppRecipe, random: Random): Promise<Checked> {
  await recipe.make(directory, random)
  const contents = await cppContents(directory)
  await inVarve(directory, randomOpenOptions(random), async db => {
    await compareWithVarve(db, contents, random)
    await writeThroughVarve(db, contents, random, { operations: random.between(50, 800), keySpace: 300 })
    await settle(db, random)
    await compareWithVarve(db, contents, random)
  })
  return checkInCpp(directory, contents)
}

/** Varve makes it, with random options; C++ finds it in order, writes to it; Varve reads that equal. */
export async function fromVarve(directory: string, random: Random): Promise<Checked> {
  const families = randomFamilies(random)
  const contents = emptyContents(families)
  const own = families.slice(1).map(name => [name, randomFamilyOptions(random)] as const)
  const numLevels = random.pick([4, 7])
  const options = { ...randomOpenOptions(random), numLevels, columnFamilies: Object.fromEntries(own) }
  const rounds = random.between(1, 3)
  for (let round = 0; round < rounds; round++) {
    await inVarve(directory, options, async db => {
      await compareWithVarve(db, contents, random)
      const operations = random.pick([0, 30, 500, 3000])
      await writeThroughVarve(db, contents, random, { operations, keySpace: 600 })
      await settle(db, random)
      await compareWithVarve(db, contents, random)
    })
  }
  const checked = await checkInCpp(directory, contents)
  await writeThroughCpp(directory, contents, random)
  await checkInCpp(directory, contents)
  await inVarve(directory, options, async db => {
    await compareWithVarve(db, contents, random)
  })
  return checked
}

/** Writers take turns; each finds what the other left, and then adds to it. */
export async function pingPong(directory: string, random: Random, rounds: number): Promise<Checked> {
  const contents = emptyContents(randomFamilies(random))
  const families = [...contents.keys()].slice(1)
  const options = randomOpenOptions(random)
  const db = await open(directory, options)
  for (const name of families) await db.columnFamily(name)
  await db.close()
  const total: Checked = { rows: 0, tables: 0 }
  for (let round = 0; round < rounds; round++) {
    await writeThroughCpp(directory, contents, random)
    await inVarve(directory, options, async db => {
      await compareWithVarve(db, contents, random)
      await writeThroughVarve(db, contents, random, { operations: random.between(1, 600), keySpace: 400 })
      if (random.chance(0.5)) await settle(db, random)
    })
    const { rows, tables } = await checkInCpp(directory, contents)
    total.rows += rows
    total.tables += tables
  }
  await mustVerify(directory)
  return total
}

/** What C++ sees in every column family. */
export async function cppContents(directory: string): Promise<Contents> {
  const contents: Contents = new Map()
  for (const name of await cppColumnFamilies(directory)) contents.set(name, await cppModel(directory, name))
  return contents
}

/** Loads, deletes and compactions by `ldb`, in the directory and in the models. */
export async function writeThroughCpp(directory: string, contents: Contents, random: Random): Promise<void> {
  for (const [name, model] of contents) {
    const flags = [`--column_family=${name}`, ...blobFlags(random)]
    const keys = new KeySpace(random, 300)
    const rows = new SortedModel()
    for (let n = random.between(1, 300); n > 0; n--) rows.put(keys.pick(random), randomValue(random, 3000))
    await ldb(directory, ['load', '--hex', ...flags], loadLines(rows.rows()))
    for (const [key, value] of rows.rows()) model.put(key, value)
    for (let n = random.between(0, 3); n > 0; n--) await deleteThroughCpp(directory, flags, model, random)
    if (random.chance(0.3)) await ldb(directory, ['compact', ...flags])
  }
}

async function deleteThroughCpp(
  directory: string,
  flags: readonly string[],
  model: SortedModel,
  random: Random,
): Promise<void> {
  const row: Row | undefined = model.at(random.below(model.size))
  if (row === undefined) return
  await ldb(directory, ['delete', '--hex', ...flags, hex(row[0])])
  model.delete(row[0])
}
