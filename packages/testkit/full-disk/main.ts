/**
 * A disk that really is full: a small file system, filled to the brim by a database, given room, and written to
 * again; one in memory, and ext4 of 64 MiB on a loop device. And one that has become read-only.
 *
 *     node packages/testkit/full-disk/main.ts [--fills 6] [--seed N]
 *
 * Whenever the disk is full, writes fail with NO_SPACE, reads go on, and no acknowledged write is lost; when
 * there is space again, `resume()` or reopening goes on. Mounting takes root: without, it says "not run".
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Database, isVarveError, open } from 'varve'
import { KeySpace, randomValue } from '../model/generators.ts'
import { SortedModel } from '../model/sorted-model.ts'
import { checkInCpp } from '../oracle/cpp-checks.ts'
import { isInstalled, mustRun, run } from '../oracle/tools.ts'
import { randomOpenOptions } from '../oracle/varve-options.ts'
import { compareWithVarve, inVarve, mustVerify } from '../oracle/varve-side.ts'
import { freshSeed, Random } from '../random.ts'
import { type OnSmallDisk, onExt4, onTmpfs, type SmallDisk } from './small-disks.ts'

const { values } = parseArgs({
  options: { fills: { type: 'string', default: '6' }, seed: { type: 'string' } },
})

/** Never closer to the limit of writes than any disk here gets. */
const MOST_WRITES = 100_000

/** Writes until the disk is full; the model has what was acknowledged. */
async function fill(db: Database, model: SortedModel, random: Random): Promise<number> {
  const keys = new KeySpace(random, 3000)
  for (let writes = 0; writes < MOST_WRITES; writes++) {
    // New keys most of the time: what only overwrites may fit for ever.
    const key = random.chance(0.7) ? Buffer.from(`row ${writes}`) : keys.pick(random)
    const value = randomValue(random, 50_000)
    try {
      await db.put(key, value, { sync: random.chance(0.01) })
    } catch (error) {
      if (isVarveError(error, 'NO_SPACE')) return writes
      throw error
    }
    model.put(key, value)
  }
  throw new Error('the disk does not get full')
}

/** Fills, checks, makes room, and goes on: by `resume` or by closing and opening. */
async function fillOnce(disk: SmallDisk, random: Random): Promise<number> {
  const path = join(disk.mount, 'db')
  const model = new SortedModel()
  const contents = new Map([['default', model]])
  const db = await open(path, randomOpenOptions(random))
  let writes: number
  try {
    writes = await fill(db, model, random)
    await compareWithVarve(db, contents, random)
    const again = await db.put('another', 'write').then(
      () => undefined,
      (error: unknown) => error,
    )
    if (again === undefined) model.put(Buffer.from('another'), Buffer.from('write'))
    else if (!isVarveError(again, 'NO_SPACE')) throw again
    if (random.chance(0.5)) {
      await disk.makeRoom()
      await db.resume()
      await db.put('after', 'resume')
      model.put(Buffer.from('after'), Buffer.from('resume'))
      await db.compact()
      await compareWithVarve(db, contents, random)
    }
  } finally {
    // What is acknowledged is in the log: closing may fail for want of space and lose nothing.
    await db.close().catch((error: unknown) => {
      if (!isVarveError(error, 'NO_SPACE')) throw error
    })
  }
  await disk.makeRoom()
  await inVarve(path, {}, async reopened => {
    await compareWithVarve(reopened, contents, random)
    await reopened.put('after', 'reopening')
    model.put(Buffer.from('after'), Buffer.from('reopening'))
  })
  if (isInstalled('ldb')) await checkInCpp(path, contents)
  return writes
}

/** A file system that has become read-only: opening says so, reading it does not need more. */
async function readOnly({ mount }: SmallDisk): Promise<void> {
  const path = join(mount, 'db')
  const db = await open(path)
  await db.put('key', 'value')
  await db.close()
  await mustRun('mount', ['-o', 'remount,ro', mount])
  const error = await open(path).then(
    async opened => opened.close(),
    (reason: unknown) => reason,
  )
  if (!isVarveError(error, 'READ_ONLY')) throw new Error(`opening for writing: ${error}`)
  const reader = await open(path, { readOnly: true })
  if ((await reader.get('key')) === undefined) throw new Error('the row is not there')
  await reader.close()
  await mustVerify(path)
}

async function canMount(name: string, onDisk: OnSmallDisk): Promise<boolean> {
  try {
    await onDisk(async () => undefined)
    return true
  } catch (error) {
    console.log(`not run: full disk on ${name}: ${error instanceof Error ? error.message : error}`)
    return false
  }
}

const random = new Random(values.seed === undefined ? freshSeed() : Number(values.seed))
let failed = 0

async function attempt(name: string, onDisk: OnSmallDisk, work: (disk: SmallDisk) => Promise<void>) {
  try {
    await onDisk(work)
  } catch (error) {
    failed++
    console.log(`FAILED ${name} (--seed ${random.seed}): ${error instanceof Error ? error.stack : error}`)
  }
}

/** `first`: no two file systems get the same fills. */
async function fillAll(name: string, onDisk: OnSmallDisk, first: number): Promise<void> {
  const fills = Number(values.fills)
  let writes = 0
  for (let number = 0; number < fills; number++) {
    await attempt(`fill ${number} of ${name}`, onDisk, async disk => {
      writes += await fillOnce(disk, random.fork(first + number))
    })
  }
  console.log(
    `full disk: ${name}: ${fills} fills, ${writes} acknowledged writes, ${failed} failed, seed ${random.seed}`,
  )
}

const fileSystems = [
  ['tmpfs', onTmpfs],
  ['ext4', onExt4],
] as const

const isRoot = isInstalled('mount') && (await run('id', ['-u'])).stdout.trim() === '0'
if (isRoot) {
  for (const [index, [name, onDisk]] of fileSystems.entries()) {
    if (!(await canMount(name, onDisk))) continue
    await fillAll(name, onDisk, index * 1000)
    await attempt(`read-only ${name}`, onDisk, readOnly)
  }
  console.log(`full disk: ${failed} failed, read-only file systems included`)
  process.exitCode = failed === 0 ? 0 : 1
} else console.log('not run: full disk: mounting a file system takes root')
