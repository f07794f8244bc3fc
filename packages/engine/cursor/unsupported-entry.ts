/** What is said about entries that RocksDB can write and this engine cannot serve: never a wrong answer. */
import { notSupported, type VarveError } from '@varve/format/errors'
import { ValueType, valueTypeName } from '@varve/format/key'

const featureOfType: Record<number, string> = {
  [ValueType.Merge]: 'a merge operand',
  [ValueType.RangeDeletion]: 'a range deletion',
  [ValueType.BlobIndex]: 'a value in a blob file',
  [ValueType.DeletionWithTimestamp]: 'a deletion with a user-defined timestamp',
  [ValueType.WideColumnEntity]: 'a wide-column entity',
  [ValueType.ValuePreferredSeqno]: 'a value with a preferred sequence number (timed put)',
}

/** The error for an entry whose type cannot be served. */
export function unsupportedEntry(type: number, file?: string): VarveError {
  return notSupported(`reading ${featureOfType[type] ?? `an entry of ${valueTypeName(type)}`}`, file)
}
