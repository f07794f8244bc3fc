/** A dump of an OPTIONS file: its sections in order, with values that are lists of options unfolded. */
import { isVarveError } from '../errors/index.ts'
import { type OptionMap, parseOptionStruct, parseOptionsFile } from '../options/index.ts'
import type { LineSink } from './annotate.ts'

export function dumpOptions(source: Uint8Array | string, write: LineSink, file?: string): void {
  const { version, db, columnFamilies } = parseOptionsFile(source, file)
  const { rocksdbVersion = 'unknown', optionsFileVersion = 'unknown' } = version
  write(`# written by RocksDB ${rocksdbVersion}, options file version ${optionsFileVersion}`)
  write('--- database')
  dumpOptionMap(db, write, '    ')
  for (const { name, options, table } of columnFamilies) {
    write(`--- column family ${JSON.stringify(name)}`)
    dumpOptionMap(options, write, '    ')
    if (table === undefined) continue
    write(`--- ${table.kind} of ${JSON.stringify(name)}`)
    dumpOptionMap(table.options, write, '    ')
  }
}

function dumpOptionMap(options: OptionMap, write: LineSink, indent: string): void {
  for (const [name, value] of options) {
    if (!isList(value)) {
      write(`${indent}${name} = ${value}`)
      continue
    }
    write(`${indent}${name}`)
    for (const [inner, text] of parseOptionStruct(value)) write(`${indent}    ${inner} = ${text}`)
  }
}

/** A value with braces that do not match is shown as it stands. */
function isList(value: string): boolean {
  if (!value.startsWith('{')) return false
  try {
    parseOptionStruct(value)
    return true
  } catch (error) {
    if (!isVarveError(error, 'INVALID_ARGUMENT')) throw error
    return false
  }
}
