/** Loading what `../peers` installed: native packages that the workspace itself never depends on. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { peersDirectory } from '../peers/install.ts'

const requirePeer = createRequire(join(peersDirectory, 'package.json'))

/** The module of a peer, as the part of it that its file declares. */
export function loadPeer<Module>(name: string): Module {
  return requirePeer(name)
}

/** Why a peer cannot be loaded; undefined when it can. */
export function peerMissing(name: string): string | undefined {
  try {
    requirePeer.resolve(name)
    return undefined
  } catch (error) {
    return `${name} is not installed in ${peersDirectory}: ${error instanceof Error ? error.message : error}`
  }
}

export function peerVersion(name: string): string {
  const manifest = join(peersDirectory, 'node_modules', name, 'package.json')
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
