/**
 * The merge operators that RocksDB has too, under its names and with its bytes, and one for JSON.
 *
 * Where an operand is not what it should be, RocksDB goes on with 0 in its place; here that is an error, which the
 * reader gets: the operand stays where it is.
 *
 * RocksDB: utilities/merge_operators/
 */
import { compareBytes, concatBytes, encodeUtf8, readUint32, writeUint32 } from '@varve/format/bytes'
import { mergeJson } from './json-merge-patch.ts'
import { associativeMerge, type MergeOperator } from './merge-operator.ts'

/** Adds operands of eight bytes, little-endian, modulo 2^64. */
export const uint64Add: MergeOperator = associativeMerge('UInt64AddOperator', (_key, older, newer) => {
  if (older.length !== 8 || newer.length !== 8) throw new RangeError('a counter has eight bytes')
  const sum = new Uint8Array(8)
  const low = readUint32(older, 0) + readUint32(newer, 0)
  const carry = low > 0xffff_ffff ? 1 : 0
  writeUint32(sum, 0, low >>> 0)
  writeUint32(sum, 4, (readUint32(older, 4) + readUint32(newer, 4) + carry) >>> 0)
  return sum
})

/** Keeps the greatest of all, in the order of keys. */
export const maximum: MergeOperator = associativeMerge('MaxOperator', (_key, older, newer) =>
  compareBytes(older, 0, older.length, newer, 0, newer.length) < 0 ? newer : older,
)

/** Exclusive or, byte by byte; the end of the longer one stays as it is. */
export const bytesXor: MergeOperator = associativeMerge('BytesXOR', (_key, older, newer) => {
  const [longer, shorter] = older.length >= newer.length ? [older, newer] : [newer, older]
  const result = new Uint8Array(longer)
  for (let i = 0; i < shorter.length; i++) result[i] ^= shorter[i]
  return result
})

/** Keeps the newest. */
export const put: MergeOperator = associativeMerge('PutOperator', (_key, _older, newer) => newer)

/** Appends, with the delimiter between. */
export function stringAppend(delimiter: string): MergeOperator {
  const between = encodeUtf8(delimiter)
  const joined = (values: readonly Uint8Array[]): Uint8Array =>
    concatBytes(...values.flatMap((value, index) => (index === 0 ? [value] : [between, value])))
  return {
    name: 'StringAppendOperator',
    fullMerge: (_key, existing, operands) =>
      joined(existing === undefined ? operands : [existing, ...operands]),
    partialMerge: (_key, operands) => joined(operands),
  }
}

/** Applies JSON merge patches (RFC 7396) to a JSON value. */
export const jsonMergePatch: MergeOperator = mergeJson
