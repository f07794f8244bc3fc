import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { testFileSystem } from '../../engine/fs/file-system-suite.ts'
import { Random } from '../random.ts'
import {
  type CrashMode,
  crashModes,
  type FaultKind,
  flipBit,
  misdirectSector,
  SECTOR_SIZE,
  SimulatedDisk,
  staleSector,
  swapFiles,
  swapSectors,
  zeroSector,
} from './index.ts'

testFileSystem('simulated', async () => {
  const fs = new SimulatedDisk()
  await fs.makeDirectory('/place')
  return { fs, directory: '/place' }
})

const random = new Random(1)

async function text(disk: SimulatedDisk, path = '/a'): Promise<string> {
  return decodeUtf8(await disk.readFile(path))
}

/** A disk with a file `/a` of which `synced` is durable and `unsynced` behind it is not. */
async function diskWith(synced: string, unsynced: string) {
  const disk = new SimulatedDisk()
  const file = await disk.open('/a', 'create')
  await file.write(encodeUtf8(synced), 0)
  await file.sync()
  await disk.syncDirectory('/')
  await file.write(encodeUtf8(unsynced), synced.length)
  return { disk, file }
}

test('a sync brings the bytes and not the name, a directory sync the name and not the bytes', async () => {
  const disk = new SimulatedDisk()
  const file = await disk.open('/a', 'create')
  await file.write(encodeUtf8('text'), 0)
  await file.sync()
  assert.deepEqual(disk.crash('loseAll', random).filesBelow(), [])
  await disk.open('/b', 'create').then(other => other.write(encodeUtf8('text'), 0))
  await disk.syncDirectory('/')
  const after = disk.crash('loseAll', random)
  assert.deepEqual(after.filesBelow(), ['/a', '/b'])
  assert.equal(await text(after, '/a'), 'text')
  assert.equal(await text(after, '/b'), '')
})

test('what a crash may do to an unsynced end, mode by mode', async () => {
  const { disk } = await diskWith('s'.repeat(700), 'u'.repeat(3 * SECTOR_SIZE))
  const seen = new Map<CrashMode, Set<string>>()
  for (const mode of crashModes) {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      const after = disk.crash(mode, new Random(seed))
      const found = await text(after)
      assert.equal(found.slice(0, 700), 's'.repeat(700), mode)
      outcomes.add(found.slice(700))
      // What was found after the crash stays: it is what the device has.
      assert.equal(await text(after.crash('loseAll', random)), found)
    }
    seen.set(mode, outcomes)
  }
  const whole = 'u'.repeat(3 * SECTOR_SIZE)
  assert.deepEqual([...(seen.get('loseAll') ?? [])], [''])
  assert.deepEqual([...(seen.get('keepAll') ?? [])], [whole])
  const prefixes = [...(seen.get('prefix') ?? [])].sort()
  assert.deepEqual(prefixes, ['', whole])
  for (const torn of seen.get('tornWrite') ?? []) assert.match(torn, /^u*$/)
  assert.ok((seen.get('tornWrite')?.size ?? 0) > 3)
  assert.ok(
    [...(seen.get('randomSectors') ?? [])].some(found => /\0u/.test(found)),
    'a hole',
  )
  assert.ok(
    [...(seen.get('garbageTail') ?? [])].some(found => /^u*[^u\0]/.test(found)),
    'noise',
  )
})

test('an unsynced rename leaves the old name, the new one, both or none', async () => {
  const { disk } = await diskWith('old', '')
  const file = await disk.open('/tmp', 'create')
  await file.write(encodeUtf8('new'), 0)
  await file.sync()
  await disk.syncDirectory('/')
  await disk.rename('/tmp', '/a')
  const found = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    const after = disk.crash('directoryAnomalies', new Random(seed))
    found.add(`${after.filesBelow()} ${await text(after)}`)
  }
  assert.deepEqual([...found].sort(), ['/a new', '/a old', '/a,/tmp new', '/a,/tmp old'])
  await disk.syncDirectory('/')
  assert.equal(await text(disk.crash('loseAll', random)), 'new')
})

test('a rename can bring a name whose bytes never came', async () => {
  const { disk } = await diskWith('old', '')
  await disk.open('/tmp', 'create').then(file => file.write(encodeUtf8('new'), 0))
  await disk.rename('/tmp', '/a')
  await disk.syncDirectory('/')
  assert.equal(await text(disk.crash('loseAll', random)), '')
})

test('the three ways to fail a sync: what is read then, and what a crash leaves after the next sync', async () => {
  const outcomes: [FaultKind, read: string, crashed: string][] = [
    ['syncExt4', 'onetwothree', 'one\0\0\0three'],
    ['syncXfs', 'onetwothree', 'one\0\0\0three'],
    ['syncBtrfs', 'one\0\0\0three', 'one\0\0\0three'],
  ]
  for (const [kind, read, crashed] of outcomes) {
    // Sectors of its own for each word: a page that is written again is written whole.
    const { disk, file } = await diskWith('', '')
    const write = (word: string, sector: number) => file.write(encodeUtf8(word), sector * SECTOR_SIZE)
    const words = async (of: SimulatedDisk) => {
      const all = await text(of)
      return ['one', 'two', 'three']
        .map((word, i) => all.slice(i * SECTOR_SIZE).slice(0, word.length))
        .join('')
    }
    await write('one', 0)
    await file.sync()
    await write('two', 1)
    disk.faults.add({ kind })
    await assert.rejects(file.sync(), error => isVarveError(error, 'IO_ERROR'))
    const size = disk.crash('loseAll', random).fileNode('/a').content.size
    assert.equal(size, kind === 'syncExt4' ? SECTOR_SIZE + 3 : 3, kind)
    await write('three', 2)
    await file.sync()
    assert.equal(await words(disk), read, kind)
    assert.equal(await words(disk.crash('loseAll', random)), crashed, kind)
  }
})

test('a lying sync reports success and keeps nothing', async () => {
  const { disk, file } = await diskWith('one', 'two')
  disk.faults.add({ kind: 'lyingSync' })
  await file.sync()
  assert.equal(disk.faults.bites, 1)
  assert.equal(await text(disk.crash('loseAll', random)), 'one')
})

test('a fault strikes the operation it is for, as often as it says, and what does not fit passes', async () => {
  const { disk, file } = await diskWith('one', '')
  disk.faults.add({ kind: 'shortRead' })
  await file.sync()
  assert.equal(disk.faults.bites, 0)
  assert.equal(file.readSync(new Uint8Array(3), 0), 1)
  assert.equal(file.readSync(new Uint8Array(3), 0), 3)
  const next = disk.operationCount + 2
  disk.faults.add({ kind: 'EACCES', from: next })
  await disk.stat('/a')
  await assert.rejects(
    disk.stat('/a'),
    error => isVarveError(error, 'IO_ERROR') && error.details.errno === 'EACCES',
  )
  disk.faults.add({ kind: 'EMFILE', times: Number.POSITIVE_INFINITY, matches: ({ path }) => path === '/a' })
  for (let i = 0; i < 3; i++) await assert.rejects(disk.open('/a', 'read'), isVarveError)
  disk.faults.lift()
  await disk.open('/a', 'read')
  disk.faults.add({ kind: 'shortWrite' })
  await assert.rejects(file.write(encodeUtf8('abcd'), 3), error => isVarveError(error, 'IO_ERROR'))
  assert.equal(await text(disk), 'oneab')
  assert.equal(disk.faults.firstBite?.kind, 'read')
})

test('a full disk takes what fits, and more when a file is gone and closed', async () => {
  const { disk, file } = await diskWith('12345', '')
  disk.capacity = 8
  await assert.rejects(file.write(encodeUtf8('67890'), 5), error => isVarveError(error, 'NO_SPACE'))
  assert.equal(await text(disk), '12345678')
  await assert.rejects(disk.open('/b', 'create'), error => isVarveError(error, 'NO_SPACE'))
  await file.write(encodeUtf8('x'), 0)
  await disk.unlink('/a')
  await assert.rejects(disk.open('/b', 'create'), error => isVarveError(error, 'NO_SPACE'))
  await file.close()
  await disk.open('/b', 'create')
  assert.equal(disk.usedBytes, 0)
})

test('operations have numbers, and a moment that was kept does not move', async () => {
  const { disk, file } = await diskWith('one', 'two')
  const copy = disk.copy()
  const kinds: string[] = []
  const stop = disk.observe(({ ordinal, kind }) => kinds.push(`${ordinal} ${kind}`))
  await file.write(encodeUtf8('three'), 6)
  await file.sync()
  await file.close()
  stop()
  await disk.stat('/a')
  assert.deepEqual(
    kinds,
    ['6 write', '7 sync', '8 close'].map((line, i) => `${disk.operationCount - 3 + i}${line.slice(1)}`),
  )
  assert.equal(disk.openHandles, 0)
  assert.equal(await text(copy), 'onetwo')
  assert.equal(await text(copy.crash('loseAll', random)), 'one')
})

test('rot: bits, sectors and whole files that come back as something else', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map(letter => letter.repeat(SECTOR_SIZE))
  const { disk, file } = await diskWith(a + b, '')
  await file.write(encodeUtf8(c), 0)
  await file.sync()
  const pristine = disk.copy()
  const after = async (damage: (copy: SimulatedDisk) => void) => {
    const copy = pristine.copy()
    damage(copy)
    const found = await text(copy)
    return [found[0], found[SECTOR_SIZE]].join('')
  }
  assert.equal(await after(copy => flipBit(copy, '/a', 0, 1)), 'ab')
  assert.equal(await after(copy => zeroSector(copy, '/a', 0)), '\0b')
  assert.equal(await after(copy => swapSectors(copy, '/a', 0, 1)), 'bc')
  assert.equal(await after(copy => staleSector(copy, '/a', 0)), 'ab')
  assert.equal(await after(copy => misdirectSector(copy, '/a', 0, 1)), 'ac')
  await disk.open('/b', 'create').then(other => other.write(encodeUtf8('bbb'), 0))
  swapFiles(disk, '/a', '/b')
  assert.equal(await text(disk, '/a'), 'bbb')
})
