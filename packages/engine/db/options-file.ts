/**
 * The OPTIONS file: not needed by any open, but C++ RocksDB's tools take a database's options from it. What an
 * earlier file says about things Varve does not decide (a merge operator, say) is carried over.
 *
 * RocksDB: options/options_parser.cc, db/db_impl/db_impl.cc (WriteOptionsFile, DeleteObsoleteOptionsFiles)
 */
import { join } from 'node:path'
import { encodeUtf8 } from '@varve/format/bytes'
import { isVarveError } from '@varve/format/errors'
import { optionsName, optionsTempName, parseFileName } from '@varve/format/names'
import {
  type ColumnFamilyOptionsSection,
  formatOptionStruct,
  formatOptionsFile,
  isKnownOption,
  type OptionMap,
  type OptionsFile,
  parseOptionsFile,
  withoutUnknownOptions,
} from '@varve/format/options'
import { compressionSettings, hasBottommostSettings } from '../compaction/index.ts'
import type { FileSystem } from '../fs/index.ts'
import { formatMergeOption } from '../merge/index.ts'
import {
  blobOptions,
  type CompressionName,
  describeBlobs,
  describeStyle,
  describeTtl,
  type ResolvedColumnFamilyOptions,
  type ResolvedDatabaseOptions,
  rocksdbSpelling,
} from '../options/index.ts'
import type { Engine } from './engine.ts'
import type { Family } from './family.ts'
import { removeFile } from './obsolete-files.ts'

type Place = Pick<Engine, 'fs' | 'path'>

/** As many as C++ RocksDB keeps. */
const FILES_KEPT = 2

const compressionTypes: Record<CompressionName, string> = {
  none: 'kNoCompression',
  snappy: 'kSnappyCompression',
  zlib: 'kZlibCompression',
  lz4: 'kLZ4Compression',
  zstd: 'kZSTD',
}

/** Not as they are. */
const writtenApart: ReadonlySet<string> = new Set([
  'compactionStyle',
  'ttl',
  'mergeOperator',
  'compactionFilter',
  'comparator',
])

/** What the newest OPTIONS file says; nothing if there is none. */
export async function newestOptionsFile(fs: FileSystem, path: string): Promise<OptionsFile | undefined> {
  const [newest] = await numbersOfOptionsFiles({ fs, path })
  return newest === undefined ? undefined : readOptionsFile({ fs, path }, newest)
}

/** What an OPTIONS file is to say. */
export interface WrittenOptions {
  db: ResolvedDatabaseOptions
  familyOptions(family: Family): ResolvedColumnFamilyOptions
}

/** The options that are in force. */
export function presentOptions({ options }: Engine): WrittenOptions {
  return { db: options.db, familyOptions: family => family.options }
}

/**
 * Writes a new OPTIONS file, complete and synced before it gets its name, and removes all but the newest two.
 * `onDurable` is called between the two: a crash before it leaves what was written before, one after it the new file.
 */
export async function writeOptionsFile(
  engine: Engine,
  written: WrittenOptions = presentOptions(engine),
  onDurable: () => void = () => undefined,
): Promise<void> {
  const { fs, path } = engine
  const existing = await numbersOfOptionsFiles(engine)
  const before = existing.length === 0 ? undefined : await readOptionsFile(engine, existing[0])
  const number = engine.versions.newFileNumber()
  const temporary = join(path, optionsTempName(number))
  try {
    await writeSynced(fs, temporary, formatOptionsFile(describe(engine, written, before)))
    await fs.rename(temporary, join(path, optionsName(number)))
  } catch (error) {
    // On a full disk it would take what little there is. If it stays, the next open removes it.
    await Promise.allSettled([fs.unlink(temporary)])
    throw error
  }
  await fs.syncDirectory(path)
  onDurable()
  for (const old of existing.slice(FILES_KEPT - 1)) await removeFile(engine, optionsName(old))
}

async function writeSynced(fs: FileSystem, path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'create')
  try {
    await file.write(encodeUtf8(text), 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Newest first. */
async function numbersOfOptionsFiles({ fs, path }: Place): Promise<number[]> {
  const names = (await fs.list(path)).map(parseFileName)
  const numbers = names.flatMap(name => (name?.kind === 'options' ? [name.number] : []))
  return numbers.sort((a, b) => b - a)
}

/** A file that cannot be parsed says nothing: opening does not depend on it, and the new one replaces it. */
async function readOptionsFile({ fs, path }: Place, number: number): Promise<OptionsFile | undefined> {
  const file = join(path, optionsName(number))
  const bytes = await fs.readFile(file)
  try {
    return withoutUnknownOptions(parseOptionsFile(bytes, file))
  } catch (error) {
    if (isVarveError(error, 'CORRUPTION')) return undefined
    throw error
  }
}

function describe(engine: Engine, written: WrittenOptions, before: OptionsFile | undefined): OptionsFile {
  const families = [...engine.families.values()].sort((a, b) => a.id - b.id)
  return {
    version: {},
    db: describeDatabase(written.db, before?.db),
    columnFamilies: families.map(family =>
      describeFamily(
        family.name,
        written,
        written.familyOptions(family),
        family.order.name,
        before?.columnFamilies.find(section => section.name === family.name),
      ),
    ),
  }
}

function describeDatabase(options: ResolvedDatabaseOptions, before: OptionMap | undefined): OptionMap {
  const section: Map<string, string> = new Map(before)
  for (const [name, value] of Object.entries(options)) {
    const spelled = rocksdbSpelling(name)
    if (typeof value !== 'object' && name !== 'walRecoveryMode' && isKnownOption('DBOptions', spelled)) {
      section.set(spelled, String(value))
    }
  }
  if (options.walRecoveryMode !== 'strict') section.set('wal_recovery_mode', options.walRecoveryMode)
  return section
}

function describeFamily(
  name: string,
  { db }: WrittenOptions,
  options: ResolvedColumnFamilyOptions,
  comparator: string,
  before: ColumnFamilyOptionsSection | undefined,
): ColumnFamilyOptionsSection {
  const family: Map<string, string> = new Map(before?.options)
  const table: Map<string, string> = new Map(before?.table?.options)
  for (const [option, value] of Object.entries(options)) {
    if (typeof value === 'object' || value === undefined || writtenApart.has(option)) continue
    const spelled = rocksdbSpelling(option)
    if (isKnownOption('CFOptions', spelled)) family.set(spelled, String(value))
    else if (isKnownOption('BlockBasedTable', spelled)) table.set(spelled, String(value))
  }
  // C++ takes it as it stands, and a memtable whose first arena block is over its size is full from the start.
  family.set(
    'arena_block_size',
    String(Math.min(1024 * 1024, Math.ceil(options.writeBufferSize / 8 / 4096) * 4096)),
  )
  if (options.mergeOperator !== undefined)
    family.set('merge_operator', formatMergeOption(options.mergeOperator))
  describeTtl(family, options.ttlDatabase)
  describeStyle(family, options)
  describeBlobs(family, blobOptions(options))
  family.set('comparator', comparator)
  family.set('table_factory', 'BlockBasedTable')
  describeCompression(options, family)
  table.set('filter_policy', filterPolicy(options))
  table.set('cache_index_and_filter_blocks', String(db.cacheIndexAndFilterBlocks))
  table.set('pin_l0_filter_and_index_blocks_in_cache', String(db.pinL0FilterAndIndexBlocksInCache))
  return { name, options: family, table: { kind: 'BlockBasedTable', options: table } }
}

function filterPolicy(options: ResolvedColumnFamilyOptions): string {
  const { filterPolicy, bloomBitsPerKey, bloomBeforeLevel } = options
  if (bloomBitsPerKey === 0) return 'nullptr'
  const last = filterPolicy === 'ribbonfilter' ? bloomBeforeLevel : false
  return `${filterPolicy}:${bloomBitsPerKey}:${last}`
}

function describeCompression(options: ResolvedColumnFamilyOptions, family: Map<string, string>): void {
  const { compression, bottommostCompression, compressionPerLevel } = options
  const bottommost =
    bottommostCompression === undefined
      ? 'kDisableCompressionOption'
      : compressionTypes[bottommostCompression]
  family.set('compression', compressionTypes[compression])
  family.set('bottommost_compression', bottommost)
  if (compressionPerLevel.length > 0) {
    family.set('compression_per_level', compressionPerLevel.map(level => compressionTypes[level]).join(':'))
  }
  family.set('compression_opts', compressionText(compressionSettings(options, false), false))
  const settings = compressionSettings(options, true)
  family.set('bottommost_compression_opts', compressionText(settings, hasBottommostSettings(options)))
}

/** RocksDB's stand-in for "the codec's own default level". */
const DEFAULT_LEVEL = 32767

function compressionText(settings: ReturnType<typeof compressionSettings>, enabled: boolean): string {
  const { compressionLevel = DEFAULT_LEVEL, maxDictBytes = 0, maxDictBufferBytes = 0 } = settings
  return formatOptionStruct(
    new Map([
      ['window_bits', '-14'],
      ['level', String(compressionLevel)],
      ['strategy', '0'],
      ['max_dict_bytes', String(maxDictBytes)],
      ['zstd_max_train_bytes', '0'],
      ['max_dict_buffer_bytes', String(maxDictBufferBytes)],
      ['enabled', String(enabled)],
    ]),
  )
}
