/** What a table being built knows about the entries in it. */
import { readUint32 } from '../bytes/index.ts'
import { sequenceOfTrailer, ValueType } from '../key/index.ts'
import type { TableStatistics } from './table-statistics.ts'

export class EntryCounts implements TableStatistics {
  entries = 0
  deletions = 0
  mergeOperands = 0
  rawKeySize = 0
  rawValueSize = 0
  dataBlocks = 0
  smallestSequence: number = Number.POSITIVE_INFINITY
  largestSequence = 0

  /** Counts the entry with the internal key key[keyStart..keyEnd). */
  count(key: Uint8Array, keyStart: number, keyEnd: number, valueLength: number): void {
    const trailerLow = readUint32(key, keyEnd - 8)
    const sequence = sequenceOfTrailer(trailerLow, readUint32(key, keyEnd - 4))
    const type = trailerLow & 0xff
    this.entries++
    this.rawKeySize += keyEnd - keyStart
    this.rawValueSize += valueLength
    if (type === ValueType.Deletion || type === ValueType.SingleDeletion) this.deletions++
    else if (type === ValueType.Merge) this.mergeOperands++
    if (sequence < this.smallestSequence) this.smallestSequence = sequence
    if (sequence > this.largestSequence) this.largestSequence = sequence
  }
}
