/**
 * The shared part of `varve sst`, `wal`, `manifest` and `dump FILE`: the command line, the line limit, and
 * which dumper of `@varve/format/dump` shows which kind of file.
 */
import { basename } from 'node:path'
import type { DumpOptions, LineSink } from '@varve/format/dump'
import { parseFileName } from '@varve/format/names'
import type { Command } from 'commander'
import { parsePositive } from './command-line.ts'
import { type FileSource, withFile } from './database-file.ts'
import { usageError } from './exit.ts'
import { Output } from './output.ts'

export type DumpKind = 'table' | 'wal' | 'manifest' | 'blob' | 'options' | 'current'

export interface FileDumpOptions {
  limit?: number
  maxBytes?: number
  json?: true
}

type Dumper = (source: FileSource, write: LineSink, options: DumpOptions) => void | Promise<void>

/** Ends a dump at its line limit, from inside the dumper's own loops. */
class LimitReached extends Error {}

export function addDumpOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'at most so many lines', parsePositive)
    .option('--max-bytes <n>', 'show only so many bytes of each value', parsePositive)
}

export async function dumpFile(path: string, dumper: Dumper, options: FileDumpOptions): Promise<void> {
  await withFile(path, async source => {
    const output = new Output()
    let linesLeft = options.limit ?? Number.POSITIVE_INFINITY
    const write: LineSink = line => {
      output.line(line)
      if (--linesLeft === 0) throw new LimitReached()
    }
    try {
      await dumper(source, write, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes })
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error
    } finally {
      output.flush()
    }
  })
}

/** Annotated dumps by kind of file. */
export const dumpers: Record<DumpKind, Dumper> = {
  async table(source, write, options) {
    const { dumpTable } = await import('@varve/format/dump')
    dumpTable(source, write, options)
  },
  async wal(source, write, options) {
    const { dumpWal } = await import('@varve/format/dump')
    const logNumber = parseFileName(basename(source.file))?.number
    dumpWal(source.readAll(), write, logNumber === undefined ? options : { ...options, logNumber })
  },
  async manifest(source, write, options) {
    const { dumpManifest } = await import('@varve/format/dump')
    dumpManifest(source.readAll(), write, options)
  },
  async blob(source, write, options) {
    const { dumpBlob } = await import('@varve/format/dump')
    dumpBlob(source.readAll(), write, options)
  },
  async options(source, write) {
    const { dumpOptions } = await import('@varve/format/dump')
    dumpOptions(source.readAll(), write, source.file)
  },
  async current(source, write) {
    const { dumpCurrent } = await import('@varve/format/dump')
    dumpCurrent(source.readAll(), write, source.file)
  },
}

/** The kind of file that a path's last part names. */
export function kindOf(path: string): DumpKind {
  const kind = parseFileName(basename(path))?.kind
  if (kind !== undefined && Object.hasOwn(dumpers, kind)) return kind as DumpKind
  throw usageError(`${path} is not named like a file of a database; try varve sst, wal or manifest`)
}
