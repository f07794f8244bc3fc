/**
 * One thing that a program asked of a simulated disk. Operations are numbered from 1, so that a fault or a crash
 * has an address: the same program with the same seed asks the same things in the same order.
 */

export type OperationKind =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'stat'
  | 'list'
  | 'rename'
  | 'unlink'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'lock'

export interface Operation {
  readonly ordinal: number
  readonly kind: OperationKind
  /** Of a rename, the new name. */
  readonly path: string
  /** Zero where it means nothing. */
  readonly offset: number
  readonly length: number
}

const changing = new Set<OperationKind>([
  'create',
  'write',
  'truncate',
  'sync',
  'rename',
  'unlink',
  'makeDirectory',
  'syncDirectory',
  'lock',
])

/** True for operations after which a power loss may leave something else than before them. */
export function isChange({ kind }: Operation): boolean {
  return changing.has(kind)
}

export function describeOperation({ ordinal, kind, path, offset, length }: Operation): string {
  const range = kind === 'read' || kind === 'write' ? ` ${length} bytes at ${offset}` : ''
  return `operation ${ordinal}: ${kind} ${path}${range}`
}
