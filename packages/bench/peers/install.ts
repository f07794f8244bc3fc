/**
 * Installs the npm peers, at the versions locked here, into `packages/bench/.peers`: git ignores that folder, and
 * the workspace's own install knows nothing of it. Their native parts come prebuilt; no install script is run.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const lockDirectory = fileURLToPath(new URL('.', import.meta.url))

export const peersDirectory: string = fileURLToPath(new URL('../.peers/', import.meta.url))

const LOCK_FILE = 'package-lock.json'
/** npm writes it when an install is complete. */
const INSTALLED_FILE = join('node_modules', `.${LOCK_FILE}`)

/** Returns why the peers could not be installed; undefined when they are there. */
export function installPeers(log: (line: string) => void): string | undefined {
  if (isUpToDate()) return undefined
  log('Installing the npm peers (once per version of their lock file)...')
  mkdirSync(peersDirectory, { recursive: true })
  for (const file of ['package.json', LOCK_FILE])
    copyFileSync(join(lockDirectory, file), join(peersDirectory, file))
  const npm = process.env.npm_execpath
  const [command, leading] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const { status, error, stderr } = spawnSync(
    command,
    [...leading, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd: peersDirectory,
      env: outsideOfScripts(process.env),
      encoding: 'utf8',
      shell: command === 'npm' && process.platform === 'win32',
    },
  )
  if (status === 0) return undefined
  return (
    error?.message ??
    (stderr
      .trim()
      .split('\n')
      .find(line => /npm error/.test(line)) ||
      `npm ended with ${status}`)
  )
}

function isUpToDate(): boolean {
  const lock = join(peersDirectory, LOCK_FILE)
  return (
    existsSync(join(peersDirectory, INSTALLED_FILE)) &&
    existsSync(lock) &&
    readFileSync(lock, 'utf8') === readFileSync(join(lockDirectory, LOCK_FILE), 'utf8')
  )
}

/** What npm tells its scripts (workspace, prefix, ...) must not lead this install elsewhere. */
function outsideOfScripts(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !/^npm_(config|lifecycle|package)_/i.test(name) ||
        /^npm_config_(cache|registry|userconfig|globalconfig|cafile|https?_proxy|noproxy)$/i.test(name),
    ),
  )
}
