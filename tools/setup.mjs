// Makes a fresh clone ready: installs the locked dependencies when they are missing or older than the lock
// file. Runs before `npm start`, `npm test` and `npm run bench`, on whatever Node the machine has (20 or
// later), so it is plain JavaScript. Everything after it runs on the Node that the install brings along.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockFile = join(root, 'package-lock.json')
const installed = join(root, 'node_modules', '.package-lock.json')

const ready = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockFile).mtimeMs
if (!ready) {
  process.stderr.write('Installing the locked dependencies (once per clone)...\n')
  // npm tells a script where npm itself is; that is surer than a name on the path.
  const npm = process.env.npm_execpath
  const [command, leading] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  // npm's own settings for this run (workspace, prefix, ...) must not leak into the install.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(config|lifecycle|package)_/i.test(name) ||
        /^npm_config_(cache|registry|userconfig|globalconfig|cafile|https?_proxy|noproxy)$/i.test(name),
    ),
  )
  const result = spawnSync(command, [...leading, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && process.platform === 'win32',
  })
  if (result.error) throw result.error
  if (result.status !== 0) process.exit(result.status ?? 1)
}
