/** What a table being built knows about the entries and range deletions in it. */
import { readUint32 } from '../bytes/index.ts'
import { sequenceOfTrailer, TRAILER_LENGTH, ValueType } from '../key/index.ts'
import type { TableStatistics } from './table-statistics.ts'

export class EntryCounts implements TableStatistics {
  entries = 0
  deletions = 0
  mergeOperands = 0
  rangeDeletions = 0
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
    this.noteSequence(sequence)
  }

  /** RocksDB counts them among entries and deletions. */
  countRangeDeletion(sequence: number, startLength: number, endLength: number): void {
    this.entries++
    this.deletions++
    this.rangeDeletions++
    this.rawKeySize += startLength + TRAILER_LENGTH
    this.rawValueSize += endLength
    this.noteSequence(sequence)
  }

  private noteSequence(sequence: number): void {
    if (sequence < this.smallestSequence) this.smallestSequence = sequence
    if (sequence > this.largestSequence) this.largestSequence = sequence
  }
}
