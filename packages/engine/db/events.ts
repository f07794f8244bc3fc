/**
 * What the database tells about itself while it works. Every listener is called synchronously, in the order of
 * registration; an error thrown by a listener, or a promise of it that rejects, is reported as a process warning and
 * goes no further, because a listener must not be able to fail a flush.
 *
 * RocksDB: include/rocksdb/listener.h; docs/guide/events.md has the names side by side
 */
import type { VarveError } from '@varve/format/errors'

/** What all events of one flush or compaction have in common. */
export interface JobEvent {
  columnFamily: string
  /** The same number in all of them; other jobs since the opening have others. */
  job: number
}

export interface FlushBeginEvent extends JobEvent {
  /** Sealed memtables that are written to one table. */
  memtables: number
  /** Bytes of memory that they take. */
  bytes: number
}

export interface FlushEvent extends JobEvent {
  /** Number of the new table file; undefined when nothing was left to write. */
  file: number | undefined
  entries: number
  bytes: number
  milliseconds: number
}

export interface CompactionBeginEvent extends JobEvent {
  /** Why: `level0 files`, `level size`, `manual`, ... */
  reason: string
  level: number
  outputLevel: number
  inputFiles: number
  /** Of the input files. */
  inputBytes: number
}

export interface CompactionEvent extends JobEvent {
  /** Why: `level0 files`, `level size`, `manual`, ... */
  reason: string
  level: number
  outputLevel: number
  inputFiles: number
  outputFiles: number
  bytesRead: number
  bytesWritten: number
  /** Entries of the inputs that are in no output: hidden, deleted or removed. */
  entriesDropped: number
  /** Of these, the ones whose time was over or that the compaction filter removed. */
  entriesFiltered: number
  /** True when files only changed their level. */
  trivialMove: boolean
  milliseconds: number
}

export interface JobFailedEvent extends JobEvent {
  error: unknown
}

export interface SubcompactionEvent extends JobEvent {
  /** Which of the parts of the compaction, from 0 on. */
  part: number
  parts: number
}

export interface TableCreatedEvent extends JobEvent {
  reason: 'flush' | 'compaction'
  /** Its number. */
  file: number
  level: number
  /** Bytes of the file. */
  bytes: number
  entries: number
}

export interface TableDeletedEvent {
  /** Its number. */
  file: number
}

export interface MemtableSealedEvent {
  columnFamily: string
  entries: number
  deletions: number
  /** Bytes of memory that it takes. */
  bytes: number
}

export interface ColumnFamilyEvent {
  columnFamily: string
  id: number
}

export interface StallEvent {
  /** `slowed`: writes go on at `delayedWriteRate`. `stopped`: writes wait. `ended`: neither any more. */
  state: StallState
  /** What it was before. */
  previous: StallState
  columnFamily: string
  /** In words, with the figures and the option to change. */
  reason: string
}

export type StallState = 'slowed' | 'stopped' | 'ended'

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

export interface ResumeEvent {
  /** What had stopped writing. */
  error: VarveError
}

export interface ResumeEndEvent extends ResumeEvent {
  /** Why it could not go on; undefined: it does. */
  newError: VarveError | undefined
}

export interface DatabaseEvents {
  open: RecoveryEvent
  memtableSealed: MemtableSealedEvent
  flushBegin: FlushBeginEvent
  flush: FlushEvent
  flushFailed: JobFailedEvent
  compactionBegin: CompactionBeginEvent
  subcompactionBegin: SubcompactionEvent
  subcompaction: SubcompactionEvent
  compaction: CompactionEvent
  compactionFailed: JobFailedEvent
  tableCreated: TableCreatedEvent
  tableDeleted: TableDeletedEvent
  columnFamilyCreated: ColumnFamilyEvent
  columnFamilyDropped: ColumnFamilyEvent
  stall: StallEvent
  quarantine: QuarantineEvent
  backgroundError: { error: VarveError }
  resumeBegin: ResumeEvent
  resumeEnd: ResumeEndEvent
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
    const registered = this.listeners.get(name)
    if (registered === undefined) return
    // Who registers while it is called is called the next time.
    for (const listener of [...registered]) {
      try {
        const result: unknown = (listener as (event: DatabaseEvents[Name]) => unknown)(event)
        if (result instanceof Promise) result.catch(error => warn(name, error))
      } catch (error) {
        warn(name, error)
      }
    }
  }
}

function warn(name: keyof DatabaseEvents, error: unknown): void {
  process.emitWarning(`A listener of the database's ${name} event threw: ${error}`, 'VarveWarning')
}
