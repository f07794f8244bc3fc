/**
 * Damage that no error announces: a drive that returns other bytes than were written. Each function changes the
 * file on the device and in the cache.
 */
import { FileContent, SECTOR_SIZE } from './content.ts'
import type { FileNode } from './node.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** One bit of one byte is the other way round. */
export function flipBit(disk: SimulatedDisk, path: string, offset: number, bit: number): void {
  const index = Math.floor(offset / SECTOR_SIZE)
  editSectors(disk, path, content => {
    const sector = Buffer.alloc(SECTOR_SIZE)
    sector.set(content.sector(index) ?? [])
    sector[offset % SECTOR_SIZE] ^= 1 << bit
    content.setSector(index, sector)
  })
}

/** A sector reads as zeros. */
export function zeroSector(disk: SimulatedDisk, path: string, index: number): void {
  editSectors(disk, path, content => content.setSector(index, undefined))
}

/** Two sectors of a file have changed places. */
export function swapSectors(disk: SimulatedDisk, path: string, one: number, other: number): void {
  editSectors(disk, path, content => {
    const kept = content.sector(one)
    content.setSector(one, content.sector(other))
    content.setSector(other, kept)
  })
}

/** The last write of a sector never happened: it is as before the last sync that changed the file. */
export function staleSector(disk: SimulatedDisk, path: string, index: number): void {
  const { previous } = disk.fileNode(path)
  editSectors(disk, path, content => content.setSector(index, previous?.sector(index)))
}

/** A write meant for one sector went to another: that one is overwritten, and its own place is as it was before. */
export function misdirectSector(disk: SimulatedDisk, path: string, meant: number, hit: number): void {
  const { previous } = disk.fileNode(path)
  editSectors(disk, path, content => {
    content.setSector(hit, content.sector(meant))
    content.setSector(meant, previous?.sector(meant))
  })
}

/** Two files have each other's bytes. */
export function swapFiles(disk: SimulatedDisk, one: string, other: string): void {
  const a = disk.fileNode(one)
  const b = disk.fileNode(other)
  const kept = a.content
  replace(a, b.content)
  replace(b, kept)
}

/** The file ends earlier than it did. */
export function cutFile(disk: SimulatedDisk, path: string, size: number): void {
  editSectors(disk, path, content => content.resize(size))
}

/** A file with other bytes. */
export function setBytes(disk: SimulatedDisk, path: string, bytes: Uint8Array): void {
  const content = new FileContent()
  content.write(bytes, 0)
  replace(disk.fileNode(path), content)
}

export function sectorCount(disk: SimulatedDisk, path: string): number {
  return Math.ceil(disk.fileNode(path).content.size / SECTOR_SIZE)
}

function editSectors(disk: SimulatedDisk, path: string, edit: (content: FileContent) => void): void {
  const node = disk.fileNode(path)
  const content = node.content.copy()
  edit(content)
  replace(node, content)
}

function replace(node: FileNode, content: FileContent): void {
  node.content = content.copy()
  node.durable = content.copy()
  node.changes = []
}
