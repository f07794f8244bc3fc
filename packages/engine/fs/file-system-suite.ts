/** What every file system keeps, the real one and simulated ones alike. Called from their tests. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import { isVarveError, VarveError } from '@varve/format/errors'
import type { FileSystem } from './file-system.ts'

export interface Place {
  fs: FileSystem
  /** An empty directory. */
  directory: string
}

/** Registers the tests under `name`; each gets a place of its own. */
export function testFileSystem(name: string, makePlace: () => Promise<Place>): void {
  test(`${name}: what is written is read back, at any position, both ways`, async () => {
    const { fs, directory } = await makePlace()
    const file = await fs.open(join(directory, 'a'), 'create')
    await file.write(encodeUtf8('hello'), 0)
    file.writeSync(encodeUtf8('world'), 3)
    await file.write(encodeUtf8('!'), 10)
    assert.equal(file.size(), 11)
    assert.equal(decodeUtf8(await fs.readFile(file.path)), 'helworld\0\0!')
    const target = new Uint8Array(4)
    assert.equal(await file.read(target, 1), 4)
    assert.equal(decodeUtf8(target), 'elwo')
    assert.equal(file.readSync(target, 9), 2)
    assert.deepEqual([target[0], target[1]], [0, 0x21])
    assert.equal(await file.read(target, 11), 0)
    assert.equal(file.readSync(target, 99), 0)
    await file.truncate(3)
    assert.equal(file.size(), 3)
    await file.sync()
    file.syncSync()
    await file.close()
  })

  test(`${name}: an open mode does to the file what it says`, async () => {
    const { fs, directory } = await makePlace()
    const path = join(directory, 'a')
    await assert.rejects(fs.open(path, 'read'), hasCode('NOT_FOUND', path))
    await assert.rejects(fs.open(path, 'update'), hasCode('NOT_FOUND', path))
    assert.throws(() => fs.openSync(path, 'update'), hasCode('NOT_FOUND', path))
    await writeText(fs, path, 'text')
    const updated = fs.openSync(path, 'update')
    updated.writeSync(encodeUtf8('n'), 0)
    updated.closeSync()
    assert.equal(await readText(fs, path), 'next')
    const reader = fs.openSync(path, 'read')
    assert.throws(() => reader.writeSync(encodeUtf8('x'), 0), isVarveError)
    await assert.rejects(reader.write(encodeUtf8('x'), 0), isVarveError)
    reader.closeSync()
    const created = await fs.open(path, 'create')
    assert.equal(created.size(), 0)
    await created.close()
  })

  test(`${name}: a closed file refuses everything`, async () => {
    const { fs, directory } = await makePlace()
    const file = await fs.open(join(directory, 'a'), 'create')
    await file.close()
    await file.close()
    file.closeSync()
    const bytes = new Uint8Array(1)
    for (const use of [
      () => file.size(),
      () => file.readSync(bytes, 0),
      () => file.writeSync(bytes, 0),
      () => file.syncSync(),
    ]) {
      assert.throws(use, isVarveError)
    }
    for (const use of [
      () => file.read(bytes, 0),
      () => file.write(bytes, 0),
      () => file.sync(),
      () => file.truncate(0),
    ]) {
      await assert.rejects(async () => use(), isVarveError)
    }
  })

  test(`${name}: stat is undefined only for what is not there`, async () => {
    const { fs, directory } = await makePlace()
    const path = join(directory, 'a')
    assert.equal(await fs.stat(path), undefined)
    await writeText(fs, path, 'text')
    assert.deepEqual(await fs.stat(path), { size: 4, isDirectory: false })
    assert.equal((await fs.stat(directory))?.isDirectory, true)
    await assert.rejects(fs.stat(join(path, 'below a file')), isVarveError)
  })

  test(`${name}: names are listed, replaced and removed`, async () => {
    const { fs, directory } = await makePlace()
    await writeText(fs, join(directory, 'a'), 'first')
    await writeText(fs, join(directory, 'b'), 'second')
    await fs.rename(join(directory, 'a'), join(directory, 'b'))
    assert.deepEqual(await fs.list(directory), ['b'])
    assert.equal(await readText(fs, join(directory, 'b')), 'first')
    await fs.syncDirectory(directory)
    fs.syncDirectorySync(directory)
    await fs.unlink(join(directory, 'b'))
    assert.deepEqual(await fs.list(directory), [])
    const missing = join(directory, 'b')
    await assert.rejects(fs.unlink(missing), hasCode('NOT_FOUND', missing))
    assert.throws(() => fs.unlinkSync(missing), hasCode('NOT_FOUND', missing))
    await assert.rejects(fs.rename(missing, join(directory, 'c')), hasCode('NOT_FOUND', missing))
    await assert.rejects(fs.list(missing), hasCode('NOT_FOUND', missing))
  })

  test(`${name}: a removed or replaced file can be read to the end by whoever has it open`, async () => {
    const { fs, directory } = await makePlace()
    const path = join(directory, 'a')
    await writeText(fs, path, 'text')
    const file = await fs.open(path, 'read')
    await fs.unlink(path)
    const target = new Uint8Array(4)
    assert.equal(file.readSync(target, 0), 4)
    assert.equal(decodeUtf8(target), 'text')
    await file.close()
  })

  test(`${name}: a directory is made with its parents, and may be there already`, async () => {
    const { fs, directory } = await makePlace()
    const path = join(directory, 'a', 'b', 'c')
    await fs.makeDirectory(path)
    await fs.makeDirectory(path)
    assert.equal((await fs.stat(path))?.isDirectory, true)
    assert.deepEqual(await fs.list(join(directory, 'a')), ['b'])
  })

  test(`${name}: one holder at a time has the lock`, async () => {
    const { fs, directory } = await makePlace()
    const path = join(directory, 'LOCK')
    const first = await fs.lock(path)
    await assert.rejects(
      fs.lock(path),
      error => isVarveError(error, 'LOCKED') && error.details['holder'] !== undefined,
    )
    await first.release()
    const second = await fs.lock(path)
    await first.release()
    await assert.rejects(fs.lock(path), error => isVarveError(error, 'LOCKED'))
    await second.release()
    assert.deepEqual(await fs.list(directory), ['LOCK'])
    assert.equal((await fs.stat(path))?.size, 0)
  })
}

function hasCode(code: VarveError['code'], file: string): (error: unknown) => boolean {
  return error =>
    error instanceof VarveError &&
    error.code === code &&
    error.file === file &&
    error.details.errno !== undefined
}

async function writeText(fs: FileSystem, path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'create')
  await file.write(encodeUtf8(text), 0)
  await file.close()
}

async function readText(fs: FileSystem, path: string): Promise<string> {
  return decodeUtf8(await fs.readFile(path))
}
