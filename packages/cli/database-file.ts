/** Files of a database directory, read directly: for the commands that show or check bytes without an engine. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteSource } from '@varve/format/sst'
import { CommandEnd, cannotOpen, ExitCode, errorLine } from './exit.ts'

/** Most bytes that one `read` call of the operating system is asked for. */
const READ_MAX = 1024 * 1024 * 1024

/** An open file as the readers of `@varve/format` take it. Blocks are read when they are asked for. */
export class FileSource implements ByteSource {
  readonly file: string
  readonly size: number
  private readonly descriptor: number

  constructor(path: string) {
    this.file = path
    this.descriptor = openOrEnd(path)
    this.size = fstatSync(this.descriptor).size
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      const count = readSync(
        this.descriptor,
        bytes,
        filled,
        Math.min(length - filled, READ_MAX),
        offset + filled,
      )
      if (count === 0) break
      filled += count
    }
    return bytes.subarray(0, filled)
  }

  readAll(): Uint8Array {
    return this.read(0, this.size)
  }

  close(): void {
    closeSync(this.descriptor)
  }
}

export async function withFile(
  path: string,
  work: (source: FileSource) => void | Promise<void>,
): Promise<void> {
  const source = new FileSource(path)
  try {
    await work(source)
  } finally {
    source.close()
  }
}

function openOrEnd(path: string): number {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw cannotOpen(error)
  }
  if (!fstatSync(descriptor).isDirectory()) return descriptor
  closeSync(descriptor)
  throw new CommandEnd(
    ExitCode.cannotOpen,
    errorLine('INVALID_ARGUMENT', `${path} is a directory, not a file`),
  )
}
