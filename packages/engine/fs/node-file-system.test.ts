import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { isVarveError } from '@varve/format/errors'
import { testFileSystem } from './file-system-suite.ts'
import { NodeFileSystem } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-fs-'))
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
let places = 0

after(() => rmSync(root, { recursive: true, force: true }))

function emptyDirectory(): string {
  const directory = join(root, String(++places))
  mkdirSync(directory)
  return directory
}

testFileSystem('node', async () => ({ fs: new NodeFileSystem(), directory: emptyDirectory() }))

test('a full disk is NO_SPACE', { skip: !existsSync('/dev/full') && 'not run: no /dev/full' }, async () => {
  const file = await new NodeFileSystem().open('/dev/full', 'update')
  const isFull = (error: unknown) => isVarveError(error, 'NO_SPACE') && error.details.errno === 'ENOSPC'
  await assert.rejects(file.write(new Uint8Array(1), 0), isFull)
  assert.throws(() => file.writeSync(new Uint8Array(1), 0), isFull)
  await file.close()
})

/** Each way of writing into `directory`, tried by a process without special rights; gives the codes. */
function writeCodes(directory: string): string[] {
  const script = `
    const { NodeFileSystem } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)})
    const fs = new NodeFileSystem()
    const path = name => ${JSON.stringify(directory)} + '/' + name
    const ways = [
      () => fs.open(path('new'), 'create'),
      () => fs.makeDirectory(path('newer')),
      () => fs.open(path('old'), 'update'),
      () => fs.rename(path('old'), path('older')),
      () => fs.unlink(path('old')),
      () => fs.lock(path('LOCK')),
      () => fs.lock(path('old')),
      () => fs.open(path('secret'), 'read'),
    ]
    const codes = []
    for (const way of ways) await way().then(() => codes.push('done'), error => codes.push(error.code))
    console.log(JSON.stringify(codes))`
  const options = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...options,
    encoding: 'utf8',
  })
  assert.match(stdout, /^\[/, stderr)
  return JSON.parse(stdout)
}

/** A directory with a file `old` for everyone and a file `secret` for nobody. */
async function directoryWithFiles(): Promise<string> {
  const directory = emptyDirectory()
  const fs = new NodeFileSystem()
  for (const name of ['old', 'secret']) fs.openSync(join(directory, name), 'create').closeSync()
  chmodSync(join(directory, 'old'), 0o444)
  chmodSync(join(directory, 'secret'), 0)
  return directory
}

test('writing without permission is READ_ONLY, not LOCKED, and reading without it is IO_ERROR', async () => {
  const directory = await directoryWithFiles()
  chmodSync(root, 0o755)
  chmodSync(directory, 0o555)
  const codes = writeCodes(directory)
  chmodSync(directory, 0o755)
  assert.deepEqual(codes, [...new Array(7).fill('READ_ONLY'), 'IO_ERROR'])
})

test('writing on a read-only file system is READ_ONLY, not LOCKED', async (context: TestContext) => {
  const directory = await directoryWithFiles()
  const mount = [
    'mount',
    '--bind',
    directory,
    directory,
    '&&',
    'mount',
    '-o',
    'remount,bind,ro',
    directory,
  ].join(' ')
  if (!isRoot || spawnSync('sh', ['-c', mount]).status !== 0) {
    context.diagnostic('not run: nothing can be mounted here')
    return
  }
  try {
    assert.deepEqual(writeCodes(directory), [...new Array(7).fill('READ_ONLY'), 'IO_ERROR'])
  } finally {
    spawnSync('umount', [directory])
  }
})
