/**
 * What can go wrong with an operation, and when. A fault that does not fit an operation (a short read of a
 * rename) lets it pass: `bites` counts those that did go wrong, and a test whose faults did not bite shows nothing.
 *
 * The three ways in which a file system fails a sync (Rebello et al., "Can Applications Recover from fsync
 * Failures?", USENIX ATC 2020): `syncExt4` leaves the data readable, counts it as clean, and keeps the new size;
 * `syncXfs` the same, but the new size is lost with the data; `syncBtrfs` puts the old data back at once. After
 * each of them the next sync succeeds, and that means nothing.
 */
import { constants } from 'node:os'
import type { VarveError } from '@varve/format/errors'
import { ioError } from 'varve/internal'
import type { Operation, OperationKind } from './operation.ts'

export type FaultKind =
  | 'EIO'
  | 'ENOSPC'
  | 'EMFILE'
  | 'EACCES'
  /** Fewer bytes than there are, without an error. */
  | 'shortRead'
  /** Half of the bytes are written, then EIO. */
  | 'shortWrite'
  /** Reports success and does nothing. */
  | 'lyingSync'
  | 'syncExt4'
  | 'syncXfs'
  | 'syncBtrfs'

export interface Fault {
  readonly kind: FaultKind
  /** The number of the operation from which on the fault is in force. Default: at once. */
  readonly from?: number
  /** Which operations it concerns. Default: all that it fits. */
  readonly matches?: (operation: Operation) => boolean
  /** How many operations it spoils. Default: one; `Infinity` until it is lifted. */
  readonly times?: number
}

const syncs: readonly OperationKind[] = ['sync', 'syncDirectory']
const opens: readonly OperationKind[] = ['open', 'create', 'lock', 'syncDirectory', 'list']

/** The operations that each kind of fault fits. */
const fits: Readonly<Record<FaultKind, ReadonlySet<OperationKind> | 'all'>> = {
  EIO: 'all',
  ENOSPC: new Set<OperationKind>(['create', 'write', 'sync', 'rename', 'makeDirectory', 'lock']),
  EMFILE: new Set(opens),
  EACCES: new Set<OperationKind>([
    'open',
    'create',
    'stat',
    'list',
    'rename',
    'unlink',
    'makeDirectory',
    'lock',
  ]),
  shortRead: new Set<OperationKind>(['read']),
  shortWrite: new Set<OperationKind>(['write']),
  lyingSync: new Set(syncs),
  syncExt4: new Set(syncs),
  syncXfs: new Set(syncs),
  syncBtrfs: new Set(syncs),
}

export const faultKinds: readonly FaultKind[] = Object.keys(fits) as FaultKind[]

/** Whether such a fault can spoil such an operation. */
export function fitsFault(kind: FaultKind, operation: Operation): boolean {
  const fitting = fits[kind]
  return fitting === 'all' || fitting.has(operation.kind)
}

/** The faults that are in force on a disk. */
export class FaultPlan {
  /** Operations that went wrong. */
  bites = 0
  /** The first of them. */
  firstBite: Operation | undefined = undefined
  private active: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.active.push({ fault, left: fault.times ?? 1 })
  }

  /** From now on everything goes well. */
  lift(): void {
    this.active = []
  }

  /** What happens to this operation. */
  strike(operation: Operation): FaultKind | undefined {
    for (const entry of this.active) {
      const { kind, from = 0, matches } = entry.fault
      if (entry.left <= 0 || operation.ordinal < from) continue
      if (!fitsFault(kind, operation)) continue
      if (matches !== undefined && !matches(operation)) continue
      entry.left--
      this.bites++
      this.firstBite ??= operation
      return kind
    }
    return undefined
  }
}

/** The errno that a fault shows to the program. */
export function errnoOfFault(kind: FaultKind): 'EIO' | 'ENOSPC' | 'EMFILE' | 'EACCES' {
  return kind === 'ENOSPC' || kind === 'EMFILE' || kind === 'EACCES' ? kind : 'EIO'
}

const writeKinds = new Set<OperationKind>([
  'create',
  'write',
  'truncate',
  'sync',
  'close',
  'rename',
  'unlink',
  'makeDirectory',
  'syncDirectory',
  'lock',
])

const verbs: Partial<Record<OperationKind, string>> = {
  makeDirectory: 'make directory',
  syncDirectory: 'sync',
  create: 'open',
}

/** The error as the real file system would report it. */
export function failure(
  code: Parameters<typeof systemError>[0],
  kind: OperationKind,
  path: string,
  isWrite: boolean = writeKinds.has(kind),
): VarveError {
  return ioError(systemError(code), verbs[kind] ?? kind, path, isWrite ? 'writing' : 'reading')
}

/** An error like those of Node.js. */
function systemError(code: keyof typeof constants.errno): Error {
  return Object.assign(new Error(code), { code, errno: -constants.errno[code] })
}
