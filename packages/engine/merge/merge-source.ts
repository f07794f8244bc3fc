/**
 * Where a merge operator comes from. Flushes and compactions run in threads, to which no function can be sent: they
 * get the source, plain data, and load the operator themselves. An operator that was given as an object has none.
 */
import {
  escapeOptionText,
  formatOptionStruct,
  readOptionStruct,
  unescapeOptionText,
} from '@varve/format/options'
import {
  isModuleOption,
  loadExport,
  type ModuleOption,
  type ModuleSource,
  moduleSourceOf,
} from '../runtime/user-module.ts'
import { bytesXor, jsonMergePatch, maximum, put, stringAppend, uint64Add } from './built-in-operators.ts'
import type { MergeOperator } from './merge-operator.ts'

/** Built-in operators by RocksDB's short names, and `jsonMergePatch` (RFC 7396). */
export type BuiltInMerge = 'uint64add' | 'stringappend' | 'max' | 'bytesxor' | 'put' | 'jsonMergePatch'

/**
 * What the option `mergeOperator` takes: the name of a built-in operator, `{ name: 'stringappend', delimiter }`, a
 * module with the operator as an export (`default` unless named), or the operator itself. One that is given itself is
 * known to this thread only: flushes leave operands as they are, and compactions that have some run here, in slices.
 */
export type MergeOption =
  | BuiltInMerge
  | { name: BuiltInMerge; delimiter?: string }
  | ModuleOption
  | MergeOperator

/** Plain data, from which any thread makes the operator. */
export type MergeSource = { kind: 'builtIn'; name: BuiltInMerge; delimiter: string } | ModuleSource

const DEFAULT_DELIMITER = ','

const builtIn: Record<BuiltInMerge, (delimiter: string) => MergeOperator> = {
  uint64add: () => uint64Add,
  stringappend: stringAppend,
  max: () => maximum,
  bytesxor: () => bytesXor,
  put: () => put,
  jsonMergePatch: () => jsonMergePatch,
}

export const builtInMergeNames: readonly BuiltInMerge[] = Object.keys(builtIn) as BuiltInMerge[]

/** Whether it has the form of a merge option. */
export function isMergeOption(value: unknown): value is MergeOption {
  if (typeof value === 'string') return isBuiltIn(value)
  if (typeof value !== 'object' || value === null) return false
  if ('fullMerge' in value) return typeof value.fullMerge === 'function' && 'name' in value
  if ('module' in value) return isModuleOption(value)
  const { name, delimiter } = value as { name?: unknown; delimiter?: unknown }
  return (
    isBuiltIn(name) && (delimiter === undefined || (typeof delimiter === 'string' && name === 'stringappend'))
  )
}

/** Undefined for no operator, and for one that was given itself. */
export function mergeSourceOf(option: MergeOption | undefined): MergeSource | undefined {
  if (option === undefined) return undefined
  if (typeof option === 'string') return { kind: 'builtIn', name: option, delimiter: DEFAULT_DELIMITER }
  if ('fullMerge' in option) return undefined
  if ('module' in option) return moduleSourceOf(option)
  return { kind: 'builtIn', name: option.name, delimiter: option.delimiter ?? DEFAULT_DELIMITER }
}

/** The operator that an option names. Throws `INVALID_ARGUMENT` when a module has none. */
export async function mergeOperatorOf(option: MergeOption | undefined): Promise<MergeOperator | undefined> {
  if (typeof option === 'object' && 'fullMerge' in option) return option
  return loadMergeOperator(mergeSourceOf(option))
}

export async function loadMergeOperator(source: MergeSource | undefined): Promise<MergeOperator | undefined> {
  if (source === undefined) return undefined
  if (source.kind === 'builtIn') return builtIn[source.name](source.delimiter)
  return loadExport(source, 'mergeOperator', 'merge operator', isOperator)
}

function isOperator(found: unknown): found is MergeOperator {
  return typeof found === 'object' && found !== null && 'fullMerge' in found && isMergeOption(found)
}

/** RocksDB's names of the operators that it has too. */
const rocksdbNames: Partial<Record<BuiltInMerge, string>> = {
  uint64add: 'UInt64AddOperator',
  stringappend: 'StringAppendOperator',
  max: 'MaxOperator',
  bytesxor: 'BytesXOR',
  put: 'PutOperator',
}

/** As an OPTIONS file has it; one that RocksDB does not know is none to its tools. */
export function formatMergeOption(option: MergeOption): string {
  const source = mergeSourceOf(option)
  const name = source?.kind === 'builtIn' ? rocksdbNames[source.name] : undefined
  if (source?.kind !== 'builtIn' || name === undefined) return 'nullptr'
  if (source.name !== 'stringappend') return name
  return formatOptionStruct(
    new Map([
      ['id', name],
      ['delimiter', escapeOptionText(source.delimiter)],
    ]),
  )
}

/** What an OPTIONS file says, if it is an operator that is known here. */
export function parseMergeOption(text: string): MergeOption | undefined {
  const struct = readOptionStruct(text)
  const id = struct.get('id')
  // Of a database with a time to live: around the user's own.
  const inner = struct.get('user_operator')
  if (id === 'TtlMergeOperator' && inner !== undefined) return parseMergeOption(inner)
  const name = builtInNamed(id)
  const delimiter = struct.get('delimiter')
  if (name !== 'stringappend' || delimiter === undefined) return name
  return { name, delimiter: unescapeOptionText(delimiter) }
}

/** The operator's own name, where a file may have a short one. */
export function nameOfWritten(id: string): string {
  const name = builtInNamed(id)
  return (name && rocksdbNames[name]) ?? id
}

function builtInNamed(id: string | undefined): BuiltInMerge | undefined {
  return builtInMergeNames.find(short => short === id || rocksdbNames[short] === id)
}

function isBuiltIn(name: unknown): name is BuiltInMerge {
  return typeof name === 'string' && Object.hasOwn(builtIn, name)
}
