/** Somebody with a folder in which packages are installed. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { Example } from './examples.ts'

export class User {
  readonly home: string
  private readonly path: string

  /** Whose `node` is that of the folder `nodeFolder`; otherwise the one that runs this. */
  constructor(home: string, nodeFolder: string = dirname(process.execPath)) {
    this.home = home
    this.path = [nodeFolder, join(home, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  }

  /** What it prints; anything on standard error is a failure. */
  run(command: string, ...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.home,
      encoding: 'utf8',
      env: { ...process.env, PATH: this.path, NODE_OPTIONS: '' },
      shell: process.platform === 'win32',
    })
    if (error !== undefined) throw error
    if (status !== 0 || stderr !== '')
      throw new Error(`${command} ${args.join(' ')}: ${status} ${stderr}${stdout}`)
    return stdout
  }

  runModule(name: string, { code, printed }: Example, ...args: string[]): string {
    const file = join(this.home, name)
    writeFileSync(file, code)
    const output = this.run('node', file, ...args)
    this.expect(name, output, printed)
    return output
  }

  expect(what: string, found: string, expected: string | undefined): void {
    if (expected !== undefined && found !== expected)
      throw new Error(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`)
  }
}
