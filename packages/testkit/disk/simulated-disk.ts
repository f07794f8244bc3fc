/**
 * A disk in memory that can lose power. It is a `FileSystem` of the engine, to be given to `open` in a runtime
 * (see ../simulation), and it knows more than a real one tells: what is on the device and what is only in the
 * page cache, which operations were asked of it, and how to fail them.
 *
 *     const disk = new SimulatedDisk()
 *     ... run something on it ...
 *     const after = disk.crash('randomSectors', new Random(7))   // what the machine finds when it is back
 *
 * A file's bytes are on the device after `sync`, a name after `syncDirectory`; neither brings the other. That is
 * less than ext4 or XFS give and all that POSIX promises.
 *
 * Operations take effect when they are called, and asynchronous ones settle in the same turn, unless a `pace` says
 * when. One disk serves one database at a time, or several in directories of their own.
 */
import { VarveError } from '@varve/format/errors'
import type { FileLock, FileStatus, FileSystem, OpenMode } from 'varve/internal'
import type { Random } from '../random.ts'
import type { Sector } from './content.ts'
import { type CrashMode, crashTree } from './crash.ts'
import { errnoOfFault, type FaultKind, FaultPlan, failure } from './fault.ts'
import { copyTree, DirectoryNode, FileNode, type Node } from './node.ts'
import type { Operation, OperationKind } from './operation.ts'
import { SimulatedFile } from './simulated-file.ts'

/** Decides when asynchronous operations take effect and when they settle. */
export interface Pace {
  /** Settles when it is the operation's turn. */
  turn(kind: OperationKind): Promise<void>
}

/** Blocks of removed files that a crash may show again at the end of others. */
const OLD_BLOCKS_MAX = 64

export class SimulatedDisk implements FileSystem {
  pace: Pace | undefined = undefined
  readonly faults: FaultPlan = new FaultPlan()
  /** Bytes that fit on the disk. Above it, writes fail with ENOSPC, having written what fits. */
  capacity: number = Number.POSITIVE_INFINITY
  /** Bytes in files, removed ones that are still open among them. */
  usedBytes = 0
  /** Files and locks that are held open: a leak shows here. */
  openHandles = 0
  /** How many operations there were. */
  operationCount = 0
  private readonly root: DirectoryNode
  private readonly observers = new Set<(operation: Operation) => void>()
  private readonly locks = new Map<string, string>()
  private readonly oldBlocks: Sector[]

  constructor(root: DirectoryNode = new DirectoryNode(), oldBlocks: readonly Sector[] = []) {
    this.root = root
    this.oldBlocks = [...oldBlocks]
    this.usedBytes = sizeOfTree(root)
  }

  /** This moment, kept, with what is durable and what is not. Nobody has anything open in the copy. */
  copy(): SimulatedDisk {
    return new SimulatedDisk(copyTree(this.root), this.oldBlocks)
  }

  /** The disk after a loss of power now. This one is not changed. */
  crash(mode: CrashMode, random: Random): SimulatedDisk {
    return new SimulatedDisk(
      crashTree(this.root, mode, random, this.oldBlocks, this.operationCount),
      this.oldBlocks,
    )
  }

  /** Calls `observer` before each operation takes effect; `copy()` there keeps the moment. Returns how to stop it. */
  observe(observer: (operation: Operation) => void): () => void {
    this.observers.add(observer)
    return () => this.observers.delete(observer)
  }

  async open(path: string, mode: OpenMode): Promise<SimulatedFile> {
    await this.pace?.turn(mode === 'create' ? 'create' : 'open')
    return this.openSync(path, mode)
  }

  openSync(path: string, mode: OpenMode): SimulatedFile {
    const kind = mode === 'create' ? 'create' : 'open'
    const operation = this.begin(kind, path)
    const { directory, name } = this.parentOf(path, kind)
    let node = directory.entries.get(name)
    if (node instanceof DirectoryNode) throw failure('EISDIR', kind, path)
    if (node === undefined) {
      if (mode !== 'create') throw failure('ENOENT', kind, path, mode === 'update')
      node = this.newFile(directory, name, operation)
    } else if (mode === 'create' && node.content.size > 0) this.resize(node, 0, operation)
    return new SimulatedFile(this, path, node, mode !== 'read')
  }

  async readFile(path: string): Promise<Uint8Array> {
    const file = await this.open(path, 'read')
    try {
      const bytes = new Uint8Array(file.size())
      return bytes.subarray(0, await file.read(bytes, 0))
    } finally {
      await file.close()
    }
  }

  async list(directory: string): Promise<string[]> {
    await this.pace?.turn('list')
    this.begin('list', directory)
    return [...this.directoryAt(directory, 'list').entries.keys()]
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    await this.pace?.turn('stat')
    this.begin('stat', path)
    const node = this.find(path, 'stat')
    if (node === undefined) return undefined
    return {
      size: node instanceof FileNode ? node.content.size : 0,
      isDirectory: node instanceof DirectoryNode,
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.pace?.turn('rename')
    const { ordinal } = this.begin('rename', to)
    const source = this.parentOf(from, 'rename')
    const target = this.parentOf(to, 'rename')
    const node = source.directory.entries.get(source.name)
    if (node === undefined) throw failure('ENOENT', 'rename', from)
    const replaced = target.directory.entries.get(target.name)
    if (replaced === node) return
    if (replaced instanceof DirectoryNode) throw failure('EISDIR', 'rename', to)
    target.directory.link(target.name, node, ordinal)
    source.directory.unlink(source.name, node, ordinal)
    if (replaced !== undefined) this.dropLink(replaced)
  }

  /** Gives a file a second name. */
  link(from: string, to: string): void {
    const { ordinal } = this.begin('create', to)
    const target = this.parentOf(to, 'create')
    const node = this.find(from, 'create')
    if (!(node instanceof FileNode)) throw failure('ENOENT', 'create', from)
    if (target.directory.entries.has(target.name)) throw failure('EEXIST', 'create', to)
    node.links++
    target.directory.link(target.name, node, ordinal)
  }

  async unlink(path: string): Promise<void> {
    await this.pace?.turn('unlink')
    this.unlinkSync(path)
  }

  unlinkSync(path: string): void {
    const { ordinal } = this.begin('unlink', path)
    const { directory, name } = this.parentOf(path, 'unlink')
    const node = directory.entries.get(name)
    if (node === undefined) throw failure('ENOENT', 'unlink', path)
    if (node instanceof DirectoryNode) throw failure('EISDIR', 'unlink', path)
    directory.unlink(name, node, ordinal)
    this.dropLink(node)
  }

  /** Each missing one is made and made durable, one after another. */
  async makeDirectory(path: string): Promise<void> {
    const names = namesOf(path)
    for (let depth = 1; depth <= names.length; depth++) {
      const prefix = `/${names.slice(0, depth).join('/')}`
      const existing = this.find(prefix, 'makeDirectory')
      if (existing instanceof DirectoryNode) continue
      if (existing !== undefined) throw failure('EEXIST', 'makeDirectory', prefix)
      await this.pace?.turn('makeDirectory')
      const { ordinal } = this.begin('makeDirectory', prefix)
      const { directory, name } = this.parentOf(prefix, 'makeDirectory')
      directory.link(name, new DirectoryNode(), ordinal)
      await this.syncDirectory(`/${names.slice(0, depth - 1).join('/')}`)
    }
  }

  async syncDirectory(path: string): Promise<void> {
    await this.pace?.turn('syncDirectory')
    this.syncDirectorySync(path)
  }

  syncDirectorySync(path: string): void {
    const node = this.directoryAt(path, 'syncDirectory')
    const fault = this.strike('syncDirectory', path)
    if (fault === undefined) node.sync()
    else if (fault !== 'lyingSync') throw failure(errnoOfFault(fault), 'syncDirectory', path)
  }

  async lock(path: string): Promise<FileLock> {
    await this.pace?.turn('lock')
    const operation = this.begin('lock', path)
    const holder = this.locks.get(path)
    if (holder !== undefined) {
      throw new VarveError('LOCKED', `${path} is held by ${holder}`, { file: path, holder })
    }
    const { directory, name } = this.parentOf(path, 'lock')
    if (!directory.entries.has(name)) this.newFile(directory, name, operation)
    this.locks.set(path, `the opener at operation ${operation.ordinal} of this simulation`)
    this.openHandles++
    let isHeld = true
    return {
      release: async () => {
        if (!isHeld) return
        isHeld = false
        this.openHandles--
        this.locks.delete(path)
      },
    }
  }

  /** The file of that name as the simulation has it: for tests that look at or damage what is below. */
  fileNode(path: string): FileNode {
    const node = this.find(path, 'stat')
    if (!(node instanceof FileNode)) throw failure('ENOENT', 'stat', path)
    return node
  }

  /** Paths of all files below a directory, sorted. */
  filesBelow(path = '/'): string[] {
    const found: string[] = []
    const visit = (directory: DirectoryNode, prefix: string): void => {
      for (const [name, node] of directory.entries) {
        if (node instanceof FileNode) found.push(`${prefix}/${name}`)
        else visit(node, `${prefix}/${name}`)
      }
    }
    const names = namesOf(path)
    visit(this.directoryAt(path, 'list'), names.length === 0 ? '' : `/${names.join('/')}`)
    return found.sort()
  }

  /** Numbers an operation, and says whether it is to go wrong. For `SimulatedFile`. */
  strike(kind: OperationKind, path: string, offset = 0, length = 0): FaultKind | undefined {
    const operation = { ordinal: ++this.operationCount, kind, path, offset, length }
    for (const observer of this.observers) observer(operation)
    return this.faults.strike(operation)
  }

  /** The same for operations that a fault spoils as a whole. */
  begin(kind: OperationKind, path: string): Operation {
    const fault = this.strike(kind, path)
    if (fault !== undefined) throw failure(errnoOfFault(fault), kind, path)
    return { ordinal: this.operationCount, kind, path, offset: 0, length: 0 }
  }

  /** How many of the bytes fit. For `SimulatedFile`. */
  roomFor(node: FileNode, position: number, length: number): number {
    const growth = position + length - node.content.size
    const free = this.capacity - this.usedBytes
    return growth <= free ? length : Math.max(0, length - (growth - Math.max(0, free)))
  }

  /** Counts what a change of size takes or gives back. For `SimulatedFile`. */
  resize(node: FileNode, size: number, { ordinal }: Operation): void {
    this.usedBytes += size - node.content.size
    if (size < node.content.size) this.keepOldBlocks(node)
    node.resize(size, ordinal)
  }

  /** For `SimulatedFile`. */
  forget(node: FileNode): void {
    if (node.links > 0 || node.handles > 0) return
    this.usedBytes -= node.content.size
    this.keepOldBlocks(node)
  }

  private newFile(directory: DirectoryNode, name: string, { ordinal, kind, path }: Operation): FileNode {
    if (this.usedBytes >= this.capacity) throw failure('ENOSPC', kind, path)
    const node = new FileNode()
    node.links = 1
    directory.link(name, node, ordinal)
    return node
  }

  private dropLink(node: Node): void {
    if (node instanceof DirectoryNode) return
    node.links--
    this.forget(node)
  }

  private keepOldBlocks({ content }: FileNode): void {
    for (let i = 0; i < Math.min(content.sectorCount, 8); i++) {
      const sector = content.sector(i)
      if (sector !== undefined) this.oldBlocks.push(sector)
    }
    if (this.oldBlocks.length > OLD_BLOCKS_MAX)
      this.oldBlocks.splice(0, this.oldBlocks.length - OLD_BLOCKS_MAX)
  }

  private find(path: string, kind: OperationKind): Node | undefined {
    let node: Node | undefined = this.root
    for (const name of namesOf(path)) {
      if (node instanceof FileNode) throw failure('ENOTDIR', kind, path)
      node = node?.entries.get(name)
      if (node === undefined) return undefined
    }
    return node
  }

  private directoryAt(path: string, kind: OperationKind): DirectoryNode {
    const node = this.find(path, kind)
    if (node instanceof DirectoryNode) return node
    throw failure(node === undefined ? 'ENOENT' : 'ENOTDIR', kind, path)
  }

  private parentOf(path: string, kind: OperationKind): { directory: DirectoryNode; name: string } {
    const names = namesOf(path)
    const name = names.pop()
    if (name === undefined) throw failure('EISDIR', kind, path)
    const directory = this.find(`/${names.join('/')}`, kind)
    if (directory instanceof DirectoryNode) return { directory, name }
    throw failure(directory === undefined ? 'ENOENT' : 'ENOTDIR', kind, path)
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.')
}

function sizeOfTree(directory: DirectoryNode): number {
  let size = 0
  for (const node of directory.entries.values()) {
    size += node instanceof FileNode ? node.content.size : sizeOfTree(node)
  }
  return size
}
