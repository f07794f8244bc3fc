/** An open file of a simulated disk. It goes on working when its name is removed. */
import { VarveError } from '@varve/format/errors'
import type { File } from 'varve/internal'
import { errnoOfFault, type FaultKind, failure } from './fault.ts'
import type { FileNode } from './node.ts'
import type { OperationKind } from './operation.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export class SimulatedFile implements File {
  readonly path: string
  private readonly disk: SimulatedDisk
  private readonly node: FileNode
  private readonly isWritable: boolean
  private isClosed = false

  constructor(disk: SimulatedDisk, path: string, node: FileNode, isWritable: boolean) {
    this.disk = disk
    this.path = path
    this.node = node
    this.isWritable = isWritable
    node.handles++
    disk.openHandles++
  }

  size(): number {
    this.refuseIfClosed()
    const fault = this.disk.strike('stat', this.path)
    if (fault !== undefined) throw this.failed(fault, 'stat')
    return this.node.content.size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    await this.turn('read')
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    this.refuseIfClosed()
    const fault = this.disk.strike('read', this.path, position, target.length)
    if (fault === undefined) return this.node.content.read(target, position)
    if (fault !== 'shortRead') throw this.failed(fault, 'read')
    return this.node.content.read(target.subarray(0, target.length >> 1), position)
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.turn('write')
    this.writeSync(bytes, position)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.refuseUnlessWritable('write')
    const fault = this.disk.strike('write', this.path, position, bytes.length)
    if (fault !== undefined) {
      this.put(bytes.subarray(0, bytes.length >> 1), position)
      throw this.failed(fault, 'write')
    }
    const room = this.disk.roomFor(this.node, position, bytes.length)
    this.put(bytes.subarray(0, room), position)
    if (room < bytes.length) throw failure('ENOSPC', 'write', this.path)
  }

  async sync(): Promise<void> {
    await this.turn('sync')
    this.syncSync()
  }

  syncSync(): void {
    this.refuseIfClosed()
    const fault = this.disk.strike('sync', this.path)
    if (fault === undefined) this.node.sync()
    else if (fault !== 'lyingSync') {
      if (fault === 'syncBtrfs') this.node.revertChanges()
      else this.node.forgetChanges(fault !== 'syncXfs')
      throw this.failed(fault, 'sync')
    }
  }

  async truncate(size: number): Promise<void> {
    await this.turn('truncate')
    this.refuseUnlessWritable('truncate')
    const operation = this.disk.begin('truncate', this.path)
    if (size - this.node.content.size > this.disk.capacity - this.disk.usedBytes) {
      throw failure('ENOSPC', 'truncate', this.path)
    }
    this.disk.resize(this.node, size, operation)
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    await this.disk.pace?.turn('close')
    this.closeSync()
  }

  /** As with the operating system, the file is closed even when that reports an error. */
  closeSync(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.node.handles--
    this.disk.openHandles--
    this.disk.forget(this.node)
    const fault = this.disk.strike('close', this.path)
    if (fault !== undefined) throw this.failed(fault, 'close')
  }

  /** What the caller did wrong is said at once, before the operation's turn. */
  private async turn(kind: OperationKind): Promise<void> {
    this.refuseIfClosed()
    await this.disk.pace?.turn(kind)
  }

  private put(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    const before = this.node.content.size
    this.node.write(bytes, position, this.disk.operationCount)
    this.disk.usedBytes += this.node.content.size - before
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw new VarveError('IO_ERROR', `${this.path} is closed`, { file: this.path })
  }

  private refuseUnlessWritable(kind: OperationKind): void {
    this.refuseIfClosed()
    if (!this.isWritable) throw failure('EBADF', kind, this.path)
  }

  private failed(fault: FaultKind, kind: OperationKind): VarveError {
    return failure(errnoOfFault(fault), kind, this.path)
  }
}
