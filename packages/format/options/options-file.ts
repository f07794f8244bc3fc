/**
 * What an OPTIONS file holds, and reading one.
 *
 *     [Version]                                  rocksdb_version, options_file_version
 *     [DBOptions]                                exactly one
 *     [CFOptions "<name>"]                       one for each column family, "default" first
 *     [TableOptions/BlockBasedTable "<name>"]    behind the CFOptions of the same name
 *
 * Lines are `name=value`; `#` begins a comment unless a backslash stands before it; white space around names,
 * values and lines means nothing.
 *
 * RocksDB: options/options_parser.cc, RocksDBOptionsParser
 */
import { decodeUtf8, encodeUtf8 } from '../bytes/index.ts'
import { CorruptionError } from '../errors/index.ts'
import { unescapeOptionText } from './option-text.ts'

/** Names to values as they stand in the file, in its order; see option-text.ts for reading texts and structs. */
export type OptionMap = Map<string, string>

export interface OptionsFile {
  version: { rocksdbVersion?: string; optionsFileVersion?: string }
  db: OptionMap
  columnFamilies: ColumnFamilyOptionsSection[]
}

export interface ColumnFamilyOptionsSection {
  name: string
  options: OptionMap
  /** `kind` is the name of the table factory, such as `BlockBasedTable`. */
  table?: { kind: string; options: OptionMap }
}

const TABLE_PREFIX = 'TableOptions/'
const NEWLINE = 0x0a
const HASH = 0x23
const BACKSLASH = 0x5c

export function parseOptionsFile(source: string | Uint8Array, file?: string): OptionsFile {
  return new OptionsParser(typeof source === 'string' ? encodeUtf8(source) : source, file).parse()
}

class OptionsParser {
  private readonly bytes: Uint8Array
  private readonly file: string | undefined
  private readonly columnFamilies: ColumnFamilyOptionsSection[] = []
  private readonly names = new Set<string>()
  private version: OptionMap | undefined = undefined
  private db: OptionMap | undefined = undefined
  private section: OptionMap | undefined = undefined // Where statements go.
  private lineNumber = 0 // Of the line at hand, from 0.

  constructor(bytes: Uint8Array, file: string | undefined) {
    this.bytes = bytes
    this.file = file
  }

  parse(): OptionsFile {
    const text = decodeUtf8(this.bytes)
    for (let start = 0; start < text.length; this.lineNumber++) {
      const end = lineEnd(text, start)
      const contentEnd = commentStart(text, start, end)
      if (contentEnd > start) this.line(text.slice(start, contentEnd).trim())
      start = end + 1
    }
    if (this.db === undefined) throw this.corruption('OPTIONS file has no DBOptions section')
    if (this.columnFamilies.length === 0) throw this.corruption('OPTIONS file has no CFOptions "default"')
    return { version: this.readVersion(), db: this.db, columnFamilies: this.columnFamilies }
  }

  private line(line: string): void {
    if (line.startsWith('[')) this.beginSection(line)
    else if (line !== '') this.statement(line)
  }

  private beginSection(line: string): void {
    const match = /^\[([^\s"]+)(?:\s+"(.*)")?\s*\]$/.exec(line)
    if (match === null) throw this.corruption('malformed section title in OPTIONS file')
    const title = match[1]
    const argument = match[2] === undefined ? undefined : unescapeOptionText(match[2])
    if (title === 'CFOptions' && argument !== undefined) this.section = this.beginColumnFamily(argument)
    else if (title.startsWith(TABLE_PREFIX) && argument !== undefined) {
      this.section = this.beginTable(title.slice(TABLE_PREFIX.length), argument)
    } else if (title === 'Version' && argument === undefined) this.section = this.beginVersion()
    else if (title === 'DBOptions' && argument === undefined) this.section = this.beginDb()
    else throw this.corruption(`unknown section ${title} in OPTIONS file`)
  }

  private beginVersion(): OptionMap {
    if (this.version !== undefined) throw this.corruption('second Version section in OPTIONS file')
    return (this.version = new Map())
  }

  private beginDb(): OptionMap {
    if (this.db !== undefined) throw this.corruption('second DBOptions section in OPTIONS file')
    return (this.db = new Map())
  }

  private beginColumnFamily(name: string): OptionMap {
    if (this.columnFamilies.length === 0 && name !== 'default') {
      throw this.corruption('the first CFOptions section in OPTIONS file is not "default"')
    }
    if (this.names.has(name)) throw this.corruption('second CFOptions section for a column family')
    this.names.add(name)
    const options: OptionMap = new Map()
    this.columnFamilies.push({ name, options })
    return options
  }

  private beginTable(kind: string, name: string): OptionMap {
    const columnFamily = this.columnFamilies.at(-1)
    if (columnFamily?.name !== name) {
      throw this.corruption('TableOptions section in OPTIONS file does not follow its CFOptions')
    }
    if (columnFamily.table !== undefined)
      throw this.corruption('second TableOptions section for a column family')
    const options: OptionMap = new Map()
    columnFamily.table = { kind, options }
    return options
  }

  private statement(line: string): void {
    const equals = line.indexOf('=')
    if (equals <= 0) throw this.corruption('line of OPTIONS file is not name=value')
    if (this.section === undefined) throw this.corruption('option before the first section of OPTIONS file')
    const name = line.slice(0, equals).trim()
    if (this.section.has(name)) throw this.corruption(`option ${name} appears twice in OPTIONS file`)
    const value = line.slice(equals + 1).trim()
    // It could not be written again: C++ writes line ends as `\\n` and `\\r`.
    if (value.includes('\r')) throw this.corruption(`bare line end in the value of ${name} in OPTIONS file`)
    this.section.set(name, value)
  }

  private readVersion(): OptionsFile['version'] {
    const version: OptionsFile['version'] = {}
    const rocksdb = this.version?.get('rocksdb_version')
    const optionsFile = this.version?.get('options_file_version')
    if (rocksdb !== undefined) version.rocksdbVersion = rocksdb
    if (optionsFile !== undefined) version.optionsFileVersion = optionsFile
    if (optionsFile !== undefined && !/^[1-9]\d*(\.\d+)*$/.test(optionsFile)) {
      throw this.corruption('options_file_version is not 1 or later')
    }
    return version
  }

  private corruption(what: string): CorruptionError {
    return new CorruptionError(what, this.file, lineOffset(this.bytes, this.lineNumber))
  }
}

/**
 * Where a line begins, in bytes. Counted in the bytes, because ones that are no UTF-8 come out of the decoder as
 * longer ones; a line end is one byte in both.
 */
function lineOffset(bytes: Uint8Array, lineNumber: number): number {
  let offset = 0
  for (let line = 0; line < lineNumber && offset < bytes.length; offset++) {
    if (bytes[offset] === NEWLINE) line++
  }
  return offset
}

// Character by character: a million empty lines take a tenth of what they took with calls of indexOf and split.
function lineEnd(text: string, start: number): number {
  let at = start
  while (at < text.length && text.charCodeAt(at) !== NEWLINE) at++
  return at
}

/** The first `#` that no backslash takes its meaning from, or the end. */
function commentStart(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const character = text.charCodeAt(at)
    if (character === BACKSLASH) at++
    else if (character === HASH) return at
  }
  return end
}
