/** Every way in which one file of a database, or two, can be damaged, each with an address. */
import {
  cutFile,
  flipBit,
  misdirectSector,
  type SimulatedDisk,
  sectorCount,
  staleSector,
  swapFiles,
  swapSectors,
  zeroSector,
} from '../disk/index.ts'
import { DIRECTORY } from '../sweep/index.ts'
import type { RotDatabase } from './databases.ts'

export type DamageKind = 'flip' | 'cut' | 'missing' | 'swap' | 'zero' | 'swapSectors' | 'stale' | 'misdirect'

export interface Damage {
  readonly database: RotDatabase
  readonly kind: DamageKind
  /** Name of the file in the database's directory. */
  readonly file: string
  /** A bit, a length, a sector. */
  readonly at: number
  /** The other file or sector, where there is one. */
  readonly other: string
}

export function damageAddress({ database, kind, file, at, other }: Damage): string {
  return `${database.name}:${kind}:${file}:${at}:${other}`
}

/** The file kinds that hold what a database knows. OPTIONS and IDENTITY are for people and tools. */
const vital = /^(\d+\.(log|sst|blob)|MANIFEST-\d+|CURRENT)$/

export function vitalFiles({ disk, evidence }: RotDatabase): string[] {
  return disk
    .filesBelow(DIRECTORY)
    .map(path => path.slice(DIRECTORY.length + 1))
    .filter(name => vital.test(name) && (evidence !== 'none' || !name.endsWith('.log')))
}

export function allFlips(database: RotDatabase): Damage[] {
  return vitalFiles(database).flatMap(file => {
    const { size } = database.disk.fileNode(`${DIRECTORY}/${file}`).content
    return Array.from({ length: size * 8 }, (_, at) => ({
      database,
      kind: 'flip' as const,
      file,
      at,
      other: '',
    }))
  })
}

/** Truncation at every length, files that are missing or swapped, and sectors. */
export function allLosses(database: RotDatabase): Damage[] {
  const { disk, evidence } = database
  const files = vitalFiles(database).filter(name => evidence === 'own' || !name.startsWith('MANIFEST'))
  const losses: Damage[] = []
  for (const file of files) {
    const path = `${DIRECTORY}/${file}`
    const { size } = disk.fileNode(path).content
    const add = (kind: DamageKind, at = 0, other = '') => losses.push({ database, kind, file, at, other })
    for (let length = 0; length < size; length++) add('cut', length)
    add('missing')
    for (const other of files) if (other > file && kindOf(other) === kindOf(file)) add('swap', 0, other)
    for (let index = 0; index < sectorCount(disk, path); index++) {
      add('zero', index)
      add('stale', index)
      for (let other = index + 1; other < sectorCount(disk, path); other++) {
        add('swapSectors', index, String(other))
        add('misdirect', index, String(other))
      }
    }
  }
  return losses
}

function kindOf(name: string): string {
  return name.replace(/\d+/, '')
}

/** A copy of the database's disk with the damage. */
export function damaged({ database, kind, file, at, other }: Damage): SimulatedDisk {
  const disk = database.disk.copy()
  const path = `${DIRECTORY}/${file}`
  const edits: Record<DamageKind, () => void> = {
    flip: () => flipBit(disk, path, at >> 3, at & 7),
    cut: () => cutFile(disk, path, at),
    missing: () => disk.unlinkSync(path),
    swap: () => swapFiles(disk, path, `${DIRECTORY}/${other}`),
    zero: () => zeroSector(disk, path, at),
    swapSectors: () => swapSectors(disk, path, at, Number(other)),
    stale: () => staleSector(disk, path, at),
    misdirect: () => misdirectSector(disk, path, at, Number(other)),
  }
  edits[kind]()
  return disk
}
