/**
 * What a simulated directory entry leads to: a file or a directory. Each has two states, the one that programs
 * see and the one that is on the device, and the list of changes that lie between them.
 */
import { FileContent, SECTOR_SIZE, type Sector } from './content.ts'

/** A change to a file's bytes that no sync has made durable. `time` is the ordinal of its operation. */
export type FileChange =
  | {
      readonly kind: 'write'
      readonly time: number
      readonly first: number
      readonly sectors: Sector[]
      readonly end: number
    }
  | { readonly kind: 'resize'; readonly time: number; readonly size: number }

export class FileNode {
  /** What a reader sees. */
  content = new FileContent()
  /** What is on the device. */
  durable = new FileContent()
  /** From `durable` to `content`, in the order of time. */
  changes: FileChange[] = []
  /** As on the device before the last sync: what a write that the drive lost leaves behind. */
  previous: FileContent | undefined = undefined
  /** Sectors that a failed sync has marked clean: readable, not on the device, and no later sync writes them. */
  forgotten: Set<number> | undefined = undefined
  links = 0
  handles = 0

  write(bytes: Uint8Array, position: number, time: number): void {
    const sectors = this.content.write(bytes, position)
    const first = Math.floor(position / SECTOR_SIZE)
    this.changes.push({ kind: 'write', time, first, sectors, end: position + bytes.length })
    if (this.forgotten !== undefined)
      for (let i = 0; i < sectors.length; i++) this.forgotten.delete(first + i)
  }

  resize(size: number, time: number): void {
    this.content.resize(size)
    this.changes.push({ kind: 'resize', time, size })
  }

  /** Makes durable what is not, but for what an earlier failed sync has marked clean. */
  sync(): void {
    if (this.changes.length === 0) return
    const before = this.durable
    this.durable = this.content.copy()
    for (const index of this.forgotten ?? []) this.durable.setSector(index, before.sector(index))
    this.previous = before
    this.changes = []
  }

  /** The pages stay readable and are marked clean. `keepSize`: the journal made the new size durable all the same. */
  forgetChanges(keepSize: boolean): void {
    this.forgotten ??= new Set()
    for (const change of this.changes) {
      if (change.kind === 'resize') continue
      for (let i = 0; i < change.sectors.length; i++) this.forgotten.add(change.first + i)
    }
    if (keepSize) this.durable.resize(this.content.size)
    this.changes = []
  }

  /** The pages go back to what is on the device. */
  revertChanges(): void {
    this.content = this.durable.copy()
    this.changes = []
  }
}

/** A name given or taken in a directory that no sync has made durable. Both halves of a rename have the same time. */
export interface DirectoryChange {
  readonly kind: 'link' | 'unlink'
  readonly time: number
  readonly name: string
  readonly node: Node
}

export class DirectoryNode {
  entries = new Map<string, Node>()
  durable = new Map<string, Node>()
  changes: DirectoryChange[] = []

  link(name: string, node: Node, time: number): void {
    this.entries.set(name, node)
    this.changes.push({ kind: 'link', time, name, node })
  }

  unlink(name: string, node: Node, time: number): void {
    this.entries.delete(name)
    this.changes.push({ kind: 'unlink', time, name, node })
  }

  sync(): void {
    if (this.changes.length === 0) return
    this.durable = new Map(this.entries)
    this.changes = []
  }
}

export type Node = FileNode | DirectoryNode

/** Copies a tree of nodes. What two names lead to is one node in the copy too. */
export function copyTree(root: DirectoryNode): DirectoryNode {
  const copies = new Map<Node, Node>()
  const copyEntries = (entries: Map<string, Node>) =>
    new Map([...entries].map(([name, node]) => [name, copyOf(node)]))
  const copyOf = (node: Node): Node => {
    const known = copies.get(node)
    if (known !== undefined) return known
    const copy = node instanceof FileNode ? copyFile(node) : new DirectoryNode()
    copies.set(node, copy)
    if (node instanceof DirectoryNode && copy instanceof DirectoryNode) {
      copy.entries = copyEntries(node.entries)
      copy.durable = copyEntries(node.durable)
      copy.changes = node.changes.map(change => ({ ...change, node: copyOf(change.node) }))
    }
    return copy
  }
  return copyOf(root) as DirectoryNode
}

function copyFile(node: FileNode): FileNode {
  const copy = new FileNode()
  copy.content = node.content.copy()
  copy.durable = node.durable.copy()
  copy.changes = node.changes.slice()
  copy.previous = node.previous
  copy.forgotten = node.forgotten === undefined ? undefined : new Set(node.forgotten)
  copy.links = node.links
  return copy
}
