/**
 * Writing an OPTIONS file. `ldb` refuses a file with an option it does not know, so names are checked against
 * those of RocksDB 7.8.3, the oldest version that must be able to load it.
 */
import { VarveError } from '../errors/index.ts'
import { isKnownOption, type OptionSection } from './known-options.ts'
import { escapeOptionText } from './option-text.ts'
import type { OptionMap, OptionsFile } from './options-file.ts'

const DEFAULT_ROCKSDB_VERSION = '7.8.3'
const DEFAULT_OPTIONS_FILE_VERSION = '1.1'

/** The text of the file. Throws `INVALID_ARGUMENT` for an option that RocksDB 7.8.3 does not know. */
export function formatOptionsFile(options: OptionsFile): string {
  if (options.columnFamilies[0]?.name !== 'default') {
    throw new VarveError('INVALID_ARGUMENT', 'the first column family of an OPTIONS file must be "default"')
  }
  let text = "# Options of a database in RocksDB's formats.\n\n[Version]\n"
  text += `  rocksdb_version=${options.version.rocksdbVersion ?? DEFAULT_ROCKSDB_VERSION}\n`
  text += `  options_file_version=${options.version.optionsFileVersion ?? DEFAULT_OPTIONS_FILE_VERSION}\n`
  text += `\n[DBOptions]\n${statements('DBOptions', options.db)}`
  for (const { name, options: columnFamily, table } of options.columnFamilies) {
    const title = escapeOptionText(name)
    text += `\n[CFOptions "${title}"]\n${statements('CFOptions', columnFamily)}`
    if (table === undefined) continue
    text += `[TableOptions/${table.kind} "${title}"]\n${statements(tableSection(table.kind), table.options)}`
  }
  return text
}

/** The same options without those that RocksDB 7.8.3 does not know, such as those of a later version's file. */
export function withoutUnknownOptions(options: OptionsFile): OptionsFile {
  return {
    version: options.version,
    db: knownOnly('DBOptions', options.db),
    columnFamilies: options.columnFamilies.map(({ name, options: columnFamily, table }) => {
      const known = { name, options: knownOnly('CFOptions', columnFamily) }
      if (table === undefined) return known
      return {
        ...known,
        table: { kind: table.kind, options: knownOnly(tableSection(table.kind), table.options) },
      }
    }),
  }
}

function statements(section: OptionSection | undefined, options: OptionMap): string {
  let text = ''
  for (const [name, value] of options) {
    if (!isKnownOption(section, name)) {
      throw new VarveError('INVALID_ARGUMENT', `RocksDB 7.8.3 does not know the option ${name}`, {
        option: name,
      })
    }
    if (/[\n\r]/.test(value)) {
      throw new VarveError('INVALID_ARGUMENT', `the value of ${name} must not hold a line end`, {
        option: name,
      })
    }
    text += `  ${name}=${value}\n`
  }
  return `${text}  \n`
}

function knownOnly(section: OptionSection | undefined, options: OptionMap): OptionMap {
  return new Map([...options].filter(([name]) => isKnownOption(section, name)))
}

/** Table factories whose options are not listed are passed through. */
function tableSection(kind: string): OptionSection | undefined {
  return kind === 'BlockBasedTable' ? kind : undefined
}
