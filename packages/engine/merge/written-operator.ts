/**
 * What a directory says of the operator that its operands are for. Another one would combine them to something else, without a
 * word: it is refused.
 *
 * RocksDB: options/options_parser.cc compares the names when a database is opened by its OPTIONS file
 */
import { VarveError } from '@varve/format/errors'
import { readOptionStruct } from '@varve/format/options'
import { nameOfWritten } from './merge-source.ts'

/** C++ RocksDB's around the user's own, in databases with a time to live: it does not say which that is. */
const AROUND_ANOTHER = 'TtlMergeOperator'
const none = new Set(['', 'nullptr', AROUND_ANOTHER])
/** Names of operators that do the same. */
const sameAs: Readonly<Record<string, string>> = { StringAppendTESTOperator: 'StringAppendOperator' }

/** The name in the `merge_operator` of an OPTIONS file. */
export function operatorOfOptions(text: string): string {
  const struct = readOptionStruct(text)
  const inner = struct.get('user_operator')
  const id = struct.get('id') ?? ''
  if (id === AROUND_ANOTHER && inner !== undefined) return operatorOfOptions(inner)
  return nameOfWritten(id)
}

/** Throws `INVALID_ARGUMENT` if `written`, which stands in `file`, is another operator than the one that was given. */
export function refuseOtherOperator(
  columnFamily: string,
  given: string | undefined,
  written: string | undefined,
  file: string,
): void {
  if (given === undefined || written === undefined || none.has(written)) return
  if ((sameAs[written] ?? written) === given) return
  throw new VarveError(
    'INVALID_ARGUMENT',
    `the merge operator ${given} was given, and by ${file} those of the column family ${JSON.stringify(columnFamily)} are for ${written}`,
    { option: 'mergeOperator', columnFamily, operator: written, file },
  )
}
