/**
 * What a loss of power leaves of the changes that were not synced. Every mode leaves what a real machine may find;
 * some leave what only an unlucky one does.
 *
 * - `loseAll`: nothing that was not synced.
 * - `keepAll`: everything, as after a kill -9.
 * - `randomSectors`: of each file some unsynced sectors and not others, later ones without earlier ones; a size
 *   between the old and the new.
 * - `prefix`: the first so many changes, of each file by itself or of the whole disk.
 * - `garbageTail`: files have grown, but behind some point there are zeros, noise or blocks of older files.
 * - `directoryAnomalies`: of each unsynced creation, rename and removal one half, the other, both or neither: both
 *   names, no name, a name whose file is empty.
 * - `tornWrite`: a prefix of the changes, and of the next write only its first sectors.
 *
 * In all but `directoryAnomalies` the names are what a journal gives: a prefix of the changes of all directories.
 */
import type { Random } from '../random.ts'
import { type FileContent, SECTOR_SIZE, type Sector } from './content.ts'
import { type DirectoryChange, DirectoryNode, type FileChange, FileNode, type Node } from './node.ts'

export type CrashMode =
  | 'loseAll'
  | 'keepAll'
  | 'randomSectors'
  | 'prefix'
  | 'garbageTail'
  | 'directoryAnomalies'
  | 'tornWrite'

export const crashModes: readonly CrashMode[] = [
  'loseAll',
  'keepAll',
  'randomSectors',
  'prefix',
  'garbageTail',
  'directoryAnomalies',
  'tornWrite',
]

/** The tree after the crash: all of it durable, nothing open. `now` is the ordinal of the last operation. */
export function crashTree(
  root: DirectoryNode,
  mode: CrashMode,
  random: Random,
  oldBlocks: readonly Sector[],
  now: number,
): DirectoryNode {
  return new Crash(mode, random, oldBlocks, now, oldestChange(root, now)).directory(root)
}

class Crash {
  private readonly mode: CrashMode
  private readonly random: Random
  private readonly oldBlocks: readonly Sector[]
  /** Changes of directories up to this time are kept. */
  private readonly namesUntil: number
  /** The same for files, when the whole disk stopped at one moment. */
  private readonly filesUntil: number | undefined
  private readonly survivors = new Map<Node, Node>()

  constructor(mode: CrashMode, random: Random, oldBlocks: readonly Sector[], now: number, oldest: number) {
    this.mode = mode
    this.random = random
    this.oldBlocks = oldBlocks
    const until = random.between(oldest - 1, now)
    this.filesUntil = mode === 'prefix' && random.chance(0.5) ? until : undefined
    const asAll = mode === 'keepAll' ? now : mode === 'loseAll' ? -1 : undefined
    // Often everything: a crash shows more when the new files can be found.
    this.namesUntil = asAll ?? this.filesUntil ?? (random.chance(0.5) ? now : until)
  }

  directory(node: DirectoryNode): DirectoryNode {
    const survivor = new DirectoryNode()
    const entries = new Map(node.durable)
    for (const change of node.changes) if (this.keeps(change)) applyName(entries, change)
    for (const [name, child] of entries) survivor.entries.set(name, this.survivorOf(child))
    survivor.durable = new Map(survivor.entries)
    return survivor
  }

  private keeps(change: DirectoryChange): boolean {
    if (this.mode === 'directoryAnomalies') return this.random.chance(0.5)
    return change.time <= this.namesUntil
  }

  private survivorOf(node: Node): Node {
    let survivor = this.survivors.get(node)
    if (survivor === undefined) {
      survivor = node instanceof DirectoryNode ? this.directory(node) : this.file(node)
      this.survivors.set(node, survivor)
    }
    if (survivor instanceof FileNode) survivor.links++
    return survivor
  }

  private file(node: FileNode): FileNode {
    const survivor = new FileNode()
    survivor.content = node.changes.length === 0 ? node.durable.copy() : this.contentOf(node)
    survivor.durable = survivor.content.copy()
    return survivor
  }

  private contentOf(node: FileNode): FileContent {
    switch (this.mode) {
      case 'loseAll':
        return node.durable.copy()
      case 'keepAll':
        return this.firstChanges(node, node.changes.length)
      case 'randomSectors':
        return this.someSectors(node)
      case 'prefix':
        return this.firstChanges(node, this.countUntil(node.changes))
      case 'garbageTail':
        return this.withGarbage(node)
      case 'directoryAnomalies':
        return this.firstChanges(
          node,
          this.random.pick([0, node.changes.length, this.countUntil(node.changes)]),
        )
      case 'tornWrite':
        return this.torn(node)
    }
  }

  private countUntil(changes: readonly FileChange[]): number {
    const { filesUntil } = this
    if (filesUntil === undefined) return this.random.between(0, changes.length)
    const later = changes.findIndex(({ time }) => time > filesUntil)
    return later < 0 ? changes.length : later
  }

  private firstChanges(node: FileNode, count: number): FileContent {
    const content = node.durable.copy()
    for (let i = 0; i < count; i++) applyChange(content, node.changes[i])
    return content
  }

  private torn(node: FileNode): FileContent {
    const count = this.random.chance(0.5) ? node.changes.length - 1 : this.random.below(node.changes.length)
    const content = this.firstChanges(node, count)
    const change = node.changes[count]
    if (change.kind === 'resize') return content
    const kept = this.random.between(0, change.sectors.length)
    const end = Math.min(change.end, (change.first + kept) * SECTOR_SIZE)
    if (kept > 0) applyChange(content, { ...change, sectors: change.sectors.slice(0, kept), end })
    return content
  }

  private someSectors(node: FileNode): FileContent {
    const { random } = this
    const all = this.firstChanges(node, node.changes.length)
    const kept = node.durable.copy()
    const touched = new Set<number>()
    for (const change of node.changes) {
      if (change.kind === 'resize') continue
      for (let i = 0; i < change.sectors.length; i++) touched.add(change.first + i)
    }
    const share = random.pick([0.1, 0.5, 0.9])
    for (const index of touched) if (random.chance(share)) kept.setSector(index, all.sector(index))
    kept.resize(this.sizeBetween(node))
    return kept
  }

  private sizeBetween({ durable, content }: FileNode): number {
    const [low, high] = [durable.size, content.size].sort((a, b) => a - b)
    return this.random.chance(0.6) ? content.size : this.random.between(low, high)
  }

  private withGarbage(node: FileNode): FileContent {
    const { random } = this
    const content = this.firstChanges(node, node.changes.length)
    const from = Math.floor(Math.min(node.durable.size, content.size) / SECTOR_SIZE)
    // Only what the list of sectors reaches can be anything but zeros.
    const first = random.between(from, content.sectorCount)
    const last = Math.min(content.sectorCount, first + random.between(1, 64))
    const garbage = random.pick(['zeros', 'noise', 'oldBlocks'])
    for (let index = first; index < content.sectorCount; index++) {
      // The last durable bytes share a sector with the first that are not: of those the old half stays.
      const base = index * SECTOR_SIZE < node.durable.size ? node.durable.sector(index) : undefined
      if (index >= last && content.sector(index) === undefined) continue
      content.setSector(index, base ?? this.garbageSector(garbage, index))
    }
    return content
  }

  private garbageSector(garbage: string, index: number): Sector {
    const { random, oldBlocks } = this
    if (garbage === 'noise') return Buffer.from(random.bytes(SECTOR_SIZE))
    // A file that begins as another one did looks like one under a wrong name, which is to be refused.
    if (garbage === 'oldBlocks' && index > 0 && oldBlocks.length > 0) return random.pick(oldBlocks)
    return undefined
  }
}

function applyName(entries: Map<string, Node>, { kind, name, node }: DirectoryChange): void {
  if (kind === 'link') entries.set(name, node)
  else if (entries.get(name) === node) entries.delete(name)
}

function applyChange(content: FileContent, change: FileChange): void {
  if (change.kind === 'resize') {
    content.resize(change.size)
    return
  }
  const { first, sectors, end } = change
  for (let i = 0; i < sectors.length; i++) content.setSector(first + i, sectors[i])
  content.size = Math.max(content.size, end)
}

function oldestChange(root: DirectoryNode, now: number): number {
  let oldest = now + 1
  const visit = (node: Node): void => {
    if (node.changes.length > 0) oldest = Math.min(oldest, node.changes[0].time)
    if (node instanceof DirectoryNode) for (const child of node.entries.values()) visit(child)
  }
  visit(root)
  return oldest
}
