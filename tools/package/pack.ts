/** What npm would upload. */
import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { publishedPackages } from './build.ts'

export interface PackedPackage {
  name: string
  version: string
  /** Where the packed file is. */
  file: string
  fileCount: number
  size: number
  unpackedSize: number
}

/** Packs what `buildPackages` made in `target`; the packed files are put there, too. */
export function packPackages(target: string): PackedPackage[] {
  return publishedPackages.map(folder => {
    const args = ['pack', '--json', '--pack-destination', target]
    const [{ name, version, filename, entryCount, size, unpackedSize }] = JSON.parse(
      runNpm(args, join(target, folder)),
    )
    return { name, version, file: join(target, filename), fileCount: entryCount, size, unpackedSize }
  })
}

/** What npm prints. It runs on the machine's own Node, and with the machine's settings. */
export function runNpm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    env: outsideOfScripts(process.env),
    shell: process.platform === 'win32',
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`)
  return stdout
}

/**
 * Without what npm tells its scripts (workspace, prefix, ...), and without the Node that is installed here: npm looks for
 * the machine's settings, its certificates among them, beside the Node that runs it.
 */
function outsideOfScripts({ PATH = '', ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) =>
      !/^npm_/i.test(name) ||
      /^npm_config_(cache|registry|userconfig|globalconfig|cafile|https?_proxy|noproxy)$/i.test(name),
  )
  const folders = PATH.split(delimiter).filter(folder => !folder.endsWith(join('node_modules', '.bin')))
  return { ...Object.fromEntries(kept), PATH: folders.join(delimiter) }
}
