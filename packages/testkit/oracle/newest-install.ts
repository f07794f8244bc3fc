/**
 * Gets the newest RocksDB that the machine's registries offer, into `.oracle/` of the checkout: `rocksdict` from
 * PyPI by pip, `rocksdbjni` from Maven Central by mvn. What is there already is used as it is.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CompressionName } from 'varve'
import { MERGE_OPERATOR } from '../model/operations.ts'
import { NewestDriver } from './newest-driver.ts'
import { isInstalled, run } from './tools.ts'

export interface Newest {
  title: string
  driver: NewestDriver
  /** The newest format_version that it writes. */
  formatVersion: number
  /** What it writes and reads. */
  compressions: readonly (CompressionName | 'lz4hc')[]
  /** What it needs to merge as the model does; undefined where it has no built-in operators. */
  mergeSetting?: string
}

const compressions: Newest['compressions'] = ['none', 'snappy', 'lz4', 'lz4hc', 'zstd']

export interface NotRun {
  title: string
  reason: string
}

const here = fileURLToPath(new URL('.', import.meta.url))
const home = fileURLToPath(new URL('../../../.oracle/', import.meta.url))

export async function installRocksdict(): Promise<Newest | NotRun> {
  const title = 'rocksdict from PyPI'
  const python = join(home, 'python', 'bin', 'python')
  if (!isInstalled('python3')) return { title, reason: 'python3 is not installed' }
  if (!existsSync(python)) {
    const failure = await attempt('python3', ['-m', 'venv', join(home, 'python')])
    if (failure !== undefined) return { title, reason: failure }
  }
  const [failure, version] = await outcome(python, [
    '-c',
    'import importlib.metadata as m; print(m.version("rocksdict"))',
  ])
  if (failure === undefined) return startRocksdict(python, version)
  const refused = await attempt(python, ['-m', 'pip', 'install', '--quiet', 'rocksdict'])
  if (refused !== undefined) return { title, reason: `pip install rocksdict: ${refused}` }
  return installRocksdict()
}

/** Without zlib, which the wheel was built without in effect: it stores such blocks as they are and can read none. */
function startRocksdict(python: string, version: string): Newest {
  const driver = new NewestDriver(python, [join(here, 'newest.py')])
  return { title: `rocksdict ${version.trim()} from PyPI`, driver, formatVersion: 6, compressions }
}

export async function installRocksdbjni(): Promise<Newest | NotRun> {
  const title = 'rocksdbjni from Maven Central'
  for (const tool of ['java', 'javac', 'mvn']) {
    if (!isInstalled(tool)) return { title, reason: `${tool} is not installed` }
  }
  const folder = join(home, 'java')
  mkdirSync(folder, { recursive: true })
  if (jarIn(folder) === undefined) {
    const artifact = 'org.rocksdb:rocksdbjni:RELEASE'
    const failure = await attempt('mvn', [
      '-q',
      '-B',
      'dependency:copy',
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${folder}`,
    ])
    if (failure !== undefined) return { title, reason: `mvn dependency:copy: ${failure}` }
  }
  const jar = jarIn(folder)
  if (jar === undefined) return { title, reason: 'mvn brought no jar' }
  const [source, compiled] = [join(here, 'Newest.java'), join(folder, 'Newest.class')]
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(source).mtimeMs) {
    const failure = await attempt('javac', ['-cp', join(folder, jar), '-d', folder, source])
    if (failure !== undefined) return { title, reason: `javac: ${failure}` }
  }
  const driver = new NewestDriver('java', ['-cp', `${folder}:${join(folder, jar)}`, 'Newest'])
  return {
    title: `${jar.replace('.jar', '')} from Maven Central`,
    driver,
    formatVersion: 7,
    compressions: [...compressions, 'zlib'],
    mergeSetting: `mergeOperator=${MERGE_OPERATOR}`,
  }
}

function jarIn(folder: string): string | undefined {
  return readdirSync(folder).find(name => /^rocksdbjni-[0-9.]+\.jar$/.test(name))
}

/** Why it failed, or undefined. */
async function attempt(command: string, args: readonly string[]): Promise<string | undefined> {
  const [failure] = await outcome(command, args)
  return failure
}

async function outcome(
  command: string,
  args: readonly string[],
): Promise<[failure: string | undefined, stdout: string]> {
  const { status, stdout, stderr } = await run(command, args)
  if (status === 0) return [undefined, stdout]
  const lines = (stderr + stdout).trim().split('\n')
  return [lines.at(-1)?.slice(0, 300) ?? `status ${status}`, stdout]
}
