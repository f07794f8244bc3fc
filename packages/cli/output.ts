/**
 * Standard output for data: bytes, buffered, written with blocking calls. So a command never runs ahead of
 * its reader, however large the output, and needs no event loop to be held back. When the reader has gone
 * (EPIPE), `OutputClosed` is thrown and unwinds the command.
 */
import { writeSync } from 'node:fs'
import { ByteWriter } from '@varve/format/bytes'
import { OutputClosed } from './exit.ts'

const FLUSH_BYTES = 64 * 1024
const STDOUT = 1

/** Milliseconds between tries on a pipe that someone else made non-blocking. */
const RETRY_MS = 2

const sleeper = new Int32Array(new SharedArrayBuffer(4))

export class Output {
  /** What is not written yet. Appended to directly by those who format rows. */
  readonly pending: ByteWriter = new ByteWriter(2 * FLUSH_BYTES)

  text(text: string): void {
    this.pending.append(Buffer.from(text))
    this.flushWhenFull()
  }

  line(text: string): void {
    this.text(`${text}\n`)
  }

  flushWhenFull(): void {
    if (this.pending.length >= FLUSH_BYTES) this.flush()
  }

  flush(): void {
    writeAll(this.pending.view())
    this.pending.clear()
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(STDOUT, bytes, at)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      if (error.code === 'EPIPE') throw new OutputClosed()
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(sleeper, 0, 0, RETRY_MS)
    }
  }
}
