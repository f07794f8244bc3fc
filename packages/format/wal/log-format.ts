/** The constants of log files. RocksDB: db/log_format.h */

export const BLOCK_LENGTH = 32768

/** checksum, length, type */
export const HEADER_LENGTH = 7
/** The same and the log number. */
export const RECYCLABLE_HEADER_LENGTH = 11

export const FragmentType = {
  Zero: 0,
  Full: 1,
  First: 2,
  Middle: 3,
  Last: 4,
  RecyclableFull: 5,
  RecyclableFirst: 6,
  RecyclableMiddle: 7,
  RecyclableLast: 8,
  SetCompression: 9,
  TimestampSizes: 10,
  RecyclableTimestampSizes: 11,
  Predecessor: 130,
  RecyclablePredecessor: 131,
} as const

/** In a type: a reader that does not know it may pass over the fragment. */
export const SAFE_TO_IGNORE = 0x80

export function fragmentTypeName(type: number): string {
  for (const [name, code] of Object.entries(FragmentType)) if (code === type) return name
  return `type ${type}`
}

export function isRecyclable(type: number): boolean {
  return (
    (type >= FragmentType.RecyclableFull && type <= FragmentType.RecyclableLast) ||
    type === FragmentType.RecyclableTimestampSizes ||
    type === FragmentType.RecyclablePredecessor
  )
}

export function isKnownType(type: number): boolean {
  return (
    (type >= FragmentType.Full && type <= FragmentType.RecyclableTimestampSizes) ||
    type === FragmentType.Predecessor ||
    type === FragmentType.RecyclablePredecessor
  )
}

/** True for what says something about the log instead of being a record of it. Never split. */
export function isAuxiliary(type: number): boolean {
  return (
    type === FragmentType.TimestampSizes ||
    type === FragmentType.RecyclableTimestampSizes ||
    type === FragmentType.Predecessor ||
    type === FragmentType.RecyclablePredecessor
  )
}

export function headerLength(type: number): number {
  return isRecyclable(type) ? RECYCLABLE_HEADER_LENGTH : HEADER_LENGTH
}
