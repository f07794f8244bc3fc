/** A file in memory that fails on request and counts what is asked of it. For tests. */
import { VarveError } from '@varve/format/errors'
import type { File } from '../fs/index.ts'

export class FakeFile implements File {
  readonly path: string
  bytes = new Uint8Array(0)
  writes = 0
  syncs = 0
  syncsUnderWay = 0
  mostSyncsAtOnce = 0
  closes = 0
  /** The next write stores so many bytes and fails. */
  failWriteAfter: number | undefined = undefined
  failSync = false
  failClose = false

  constructor(path = 'fake.log') {
    this.path = path
  }

  size(): number {
    return this.bytes.length
  }

  readSync(target: Uint8Array, position: number): number {
    const found = this.bytes.subarray(position, position + target.length)
    target.set(found)
    return found.length
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.writes++
    const failing = this.failWriteAfter
    this.failWriteAfter = undefined
    const stored = bytes.subarray(0, failing ?? bytes.length)
    const grown = new Uint8Array(Math.max(this.bytes.length, position + stored.length))
    grown.set(this.bytes)
    grown.set(stored, position)
    this.bytes = grown
    if (failing !== undefined) throw new VarveError('NO_SPACE', 'cannot write: no space', { file: this.path })
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await Promise.resolve()
    this.writeSync(bytes, position)
  }

  syncSync(): void {
    this.syncs++
    if (this.failSync)
      throw new VarveError('IO_ERROR', 'cannot sync: input/output error', { file: this.path })
  }

  async sync(): Promise<void> {
    this.mostSyncsAtOnce = Math.max(this.mostSyncsAtOnce, ++this.syncsUnderWay)
    // Long enough for others to come in between.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    this.syncsUnderWay--
    this.syncSync()
  }

  async truncate(size: number): Promise<void> {
    this.bytes = this.bytes.slice(0, size)
  }

  closeSync(): void {
    this.closes++
    if (this.failClose)
      throw new VarveError('IO_ERROR', 'cannot close: input/output error', { file: this.path })
  }

  async close(): Promise<void> {
    this.closeSync()
  }
}
