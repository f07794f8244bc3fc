/**
 * The disks that a sweep has judged, by what is on them. Power that is lost at one operation or at the next, in one way or in
 * another, often leaves the same: then opening it again would show nothing new, and only the bounds are to be checked.
 */
import { crc32 } from 'node:zlib'
import { hashBytes } from '@varve/format/bytes'
import type { Sector, SimulatedDisk } from '../disk/index.ts'
import type { Contents } from './history.ts'

type Digest = readonly [number, number]

/** A sector is never changed, and all copies of a disk share it. */
const digests = new WeakMap<Uint8Array, Digest>()
const zeros: Digest = [0, 0]

export class MetDisks {
  private readonly contents = new Map<string, Contents>()

  /** What a database opened from such a disk was found to hold. */
  find(disk: SimulatedDisk): Contents | undefined {
    return this.contents.get(imageOf(disk))
  }

  /** `disk` as it was before it was opened. */
  add(disk: SimulatedDisk, contents: Contents): void {
    this.contents.set(imageOf(disk), contents)
  }
}

/** Of 64 bits, from the bytes of every file. */
function imageOf(disk: SimulatedDisk): string {
  let high = 0
  let low = 0
  const mix = (value: number): void => {
    high = Math.imul(high ^ value, 0x9e37_79b1) ^ (low >>> 15)
    low = Math.imul(low + value, 0x85eb_ca77) ^ (high >>> 13)
  }
  for (const path of disk.filesBelow()) {
    for (let i = 0; i < path.length; i++) mix(path.charCodeAt(i))
    const { content } = disk.fileNode(path)
    mix(content.size)
    for (let i = 0; i < content.storedSectors; i++) {
      const [first, second] = digestOf(content.sector(i))
      mix(first)
      mix(second)
    }
  }
  return `${high}:${low}`
}

function digestOf(sector: Sector): Digest {
  if (sector === undefined) return zeros
  let digest = digests.get(sector)
  if (digest === undefined) {
    digest = [crc32(sector), hashBytes(sector, 0, sector.length)]
    digests.set(sector, digest)
  }
  return digest
}
