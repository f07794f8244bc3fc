/**
 * What counts as the prefix of a user key, by RocksDB's built-in rules. All of them go by length alone:
 *
 *     rocksdb.FixedPrefix.<n>     the first n bytes; shorter keys have no prefix
 *     rocksdb.CappedPrefix.<n>    the first n bytes, or all of a shorter key
 *     rocksdb.Noop                the whole key
 *
 * RocksDB: util/slice.cc
 */

export class PrefixExtractor {
  /** As tables and OPTIONS files have it. */
  readonly name: string
  /** The length of every prefix that is cut from a longer key. */
  readonly length: number
  private readonly isFixed: boolean

  constructor(name: string, length: number, isFixed: boolean) {
    this.name = name
    this.length = length
    this.isFixed = isFixed
  }

  /** How many bytes of a user key of `keyLength` are its prefix; -1 when it has none. */
  prefixLength(keyLength: number): number {
    if (keyLength >= this.length) return this.length
    return this.isFixed ? -1 : keyLength
  }
}

/** The longest prefix that an extractor may be asked for. */
export const MAX_PREFIX_LENGTH = 0x7fff_ffff

/**
 * The extractor of a name as RocksDB writes it (`fixed:8` and `capped:8`, which it reads, count too), or `undefined`:
 * then it is one that somebody wrote for himself, and nobody else knows what its prefixes are.
 */
export function prefixExtractor(name: string): PrefixExtractor | undefined {
  if (name === 'rocksdb.Noop') return new PrefixExtractor(name, Number.POSITIVE_INFINITY, false)
  const parts = /^(?:rocksdb\.(Fixed|Capped)Prefix\.|(fixed|capped):)([1-9][0-9]{0,9})$/.exec(name)
  if (parts === null) return undefined
  const length = Number(parts[3])
  if (length > MAX_PREFIX_LENGTH) return undefined
  const isFixed = (parts[1] ?? parts[2]).toLowerCase() === 'fixed'
  return new PrefixExtractor(`rocksdb.${isFixed ? 'Fixed' : 'Capped'}Prefix.${length}`, length, isFixed)
}
