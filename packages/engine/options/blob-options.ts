/**
 * The options about blob files: their rules and defaults, and how OPTIONS files spell them. One that is not given is as the
 * directory has it, so these are completed when the directory is known:
 *
 *     given  >  OPTIONS file  >  default
 *
 * RocksDB: options/cf_options.cc
 */
import type { OptionMap } from '@varve/format/options'
import type { ColumnFamilyOptions, CompressionName } from './option-types.ts'
import { boolean, compressionRule, integer, number, type Rule, rocksdbSpelling } from './rule.ts'

/** Complete. What each means is said in option-types.ts. */
export interface BlobOptions {
  enableBlobFiles: boolean
  minBlobSize: number
  blobFileSize: number
  blobCompressionType: CompressionName
  blobFileStartingLevel: number
  enableBlobGarbageCollection: boolean
  blobGarbageCollectionAgeCutoff: number
  blobGarbageCollectionForceThreshold: number
}

const MIB = 1024 * 1024

export const blobRules: Record<keyof BlobOptions, Rule> = {
  enableBlobFiles: boolean,
  minBlobSize: integer(0, Number.MAX_SAFE_INTEGER),
  blobFileSize: integer(1, 1024 * 1024 * MIB),
  blobCompressionType: compressionRule,
  blobFileStartingLevel: integer(0, 63),
  enableBlobGarbageCollection: boolean,
  blobGarbageCollectionAgeCutoff: number(0, 1),
  blobGarbageCollectionForceThreshold: number(0, 1),
}

const defaults: BlobOptions = {
  enableBlobFiles: false,
  minBlobSize: 0,
  blobFileSize: 256 * MIB,
  blobCompressionType: 'none',
  blobFileStartingLevel: 0,
  enableBlobGarbageCollection: true,
  blobGarbageCollectionAgeCutoff: 0.25,
  blobGarbageCollectionForceThreshold: 0.5,
}

export const blobOptionNames = Object.keys(defaults) as (keyof BlobOptions)[]

/** Those that were given, or adopted from the directory, and the defaults of the others. */
export function blobOptions(given: Pick<ColumnFamilyOptions, keyof BlobOptions>): BlobOptions {
  return { ...defaults, ...givenBlobOptions(given) }
}

/** Those that were given, without the others. */
export function givenBlobOptions(given: Pick<ColumnFamilyOptions, keyof BlobOptions>): Partial<BlobOptions> {
  const present = blobOptionNames.filter(name => given[name] !== undefined)
  return Object.fromEntries(present.map(name => [name, given[name]]))
}

const compressionTexts: Record<CompressionName, string> = {
  none: 'kNoCompression',
  snappy: 'kSnappyCompression',
  zlib: 'kZlibCompression',
  lz4: 'kLZ4Compression',
  zstd: 'kZSTD',
}

/** Codecs whose values this writes as those of another one, which reads the same. */
const writtenAs: Record<string, CompressionName> = {
  kLZ4HCCompression: 'lz4',
  kZSTDNotFinalCompression: 'zstd',
}

/** Sets the options in a CFOptions section that may come from an earlier file. */
export function describeBlobs(section: OptionMap, options: BlobOptions): void {
  for (const name of blobOptionNames) {
    const value = options[name]
    section.set(
      rocksdbSpelling(name),
      name === 'blobCompressionType' ? compressionTexts[options[name]] : String(value),
    )
  }
}

/** What a CFOptions section says about blobs. What cannot be taken as it stands says nothing. */
export function parseBlobOptions(section: OptionMap): Partial<BlobOptions> {
  const options: Record<string, unknown> = {}
  for (const name of blobOptionNames) {
    const text = section.get(rocksdbSpelling(name))
    const value = text === undefined ? undefined : parseValue(name, text)
    if (value !== undefined && blobRules[name].accepts(value)) options[name] = value
  }
  return options
}

function parseValue(name: keyof BlobOptions, text: string): unknown {
  if (name === 'blobCompressionType') {
    const known = Object.entries(compressionTexts).find(([, spelled]) => spelled === text)
    return known?.[0] ?? writtenAs[text]
  }
  if (blobRules[name] === boolean) return text === 'true' || (text === 'false' ? false : undefined)
  return Number(text)
}
