/**
 * What the database tells about itself while it works. Every listener is called synchronously, in the order of
 * registration; an error thrown by a listener is reported as a process warning and goes no further, because
 * a listener must not be able to fail a flush.
 *
 * RocksDB: include/rocksdb/listener.h
 */
import type { VarveError } from '@varve/format/errors'

export interface FlushEvent {
  columnFamily: string
  /** Number of the new table file; undefined when nothing was left to write. */
  file: number | undefined
  entries: number
  bytes: number
  milliseconds: number
}

export interface CompactionEvent {
  columnFamily: string
  /** Why: `level0 files`, `level size`, `manual`, ... */
  reason: string
  level: number
  outputLevel: number
  inputFiles: number
  outputFiles: number
  bytesRead: number
  bytesWritten: number
  /** True when files only changed their level. */
  trivialMove: boolean
  milliseconds: number
}

export interface StallEvent {
  /** `slowed`: writes go on at `delayedWriteRate`. `stopped`: writes wait. `ended`: neither any more. */
  state: 'slowed' | 'stopped' | 'ended'
  columnFamily: string
  /** In words, with the figures and the option to change. */
  reason: string
}

export interface RecoveryEvent {
  /** Write-ahead logs replayed. */
  logs: number
  /** Operations taken from them. */
  operations: number
  /** Where a torn tail was cut, if one was. */
  cut: { file: string; offset: number; reason: string } | undefined
  milliseconds: number
}

export interface QuarantineEvent {
  /** The file as it was named. */
  file: string
  /** Where it lies now. */
  movedTo: string
  reason: string
}

export interface DatabaseEvents {
  open: RecoveryEvent
  flush: FlushEvent
  compaction: CompactionEvent
  stall: StallEvent
  quarantine: QuarantineEvent
  backgroundError: { error: VarveError }
  resumed: Record<string, never>
  close: Record<string, never>
}

/** Listeners by event, for `open`: what happens while the database is opened is told to these only. */
export type EventListeners = { [Name in keyof DatabaseEvents]?: (event: DatabaseEvents[Name]) => void }

export class Events {
  private readonly listeners = new Map<keyof DatabaseEvents, Set<(event: never) => void>>()

  /** Registers a listener and returns what takes it off again. */
  on<Name extends keyof DatabaseEvents>(
    name: Name,
    listener: (event: DatabaseEvents[Name]) => void,
  ): () => void {
    const registered = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, registered)
    registered.add(listener)
    return () => registered.delete(listener)
  }

  /** Registers many. */
  onAll(listeners: EventListeners): void {
    for (const [name, listener] of Object.entries(listeners)) {
      if (listener !== undefined) this.on(name as keyof DatabaseEvents, listener as (event: unknown) => void)
    }
  }

  emit<Name extends keyof DatabaseEvents>(name: Name, event: DatabaseEvents[Name]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        ;(listener as (event: DatabaseEvents[Name]) => void)(event)
      } catch (error) {
        process.emitWarning(`A listener of the database's ${name} event threw: ${error}`, 'VarveWarning')
      }
    }
  }
}
