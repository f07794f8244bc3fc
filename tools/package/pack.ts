/** What npm would upload. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
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

/** What npm prints; npm's settings for the run that this is part of do not reach it. */
export function runNpm(args: readonly string[], cwd: string, path: string = process.env.PATH ?? ''): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_/i.test(name) ||
        /^npm_config_(cache|registry|userconfig|globalconfig|cafile|https?_proxy|noproxy)$/i.test(name),
    ),
  )
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    env: { ...env, PATH: path },
    shell: process.platform === 'win32',
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`)
  return stdout
}
