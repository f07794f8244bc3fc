/**
 * The compression type in a block's trailer and the names that OPTIONS files and properties have for it.
 *
 * RocksDB: include/rocksdb/compression_type.h
 */
export const CompressionType = {
  None: 0,
  Snappy: 1,
  Zlib: 2,
  BZip2: 3,
  LZ4: 4,
  LZ4HC: 5,
  Xpress: 6,
  ZSTD: 7,
  /** ZSTD before its format was final; the bytes are the same. */
  ZSTDNotFinal: 0x40,
} as const

export type CompressionTypeCode = (typeof CompressionType)[keyof typeof CompressionType]

const names = new Map<number, string>([
  [CompressionType.None, 'NoCompression'],
  [CompressionType.Snappy, 'Snappy'],
  [CompressionType.Zlib, 'Zlib'],
  [CompressionType.BZip2, 'BZip2'],
  [CompressionType.LZ4, 'LZ4'],
  [CompressionType.LZ4HC, 'LZ4HC'],
  [CompressionType.Xpress, 'Xpress'],
  [CompressionType.ZSTD, 'ZSTD'],
  [CompressionType.ZSTDNotFinal, 'ZSTDNotFinal'],
])

export function compressionName(type: number): string {
  return names.get(type) ?? `compression type ${type}`
}

/** The type of a name as `compressionName` writes it, or `undefined`. */
export function compressionFromName(text: string): CompressionTypeCode | undefined {
  return Object.values(CompressionType).find(type => names.get(type) === text)
}

/** Whether blocks of the type can be compressed with a dictionary; the other codecs have no place for one. */
export function takesDictionary(type: number): boolean {
  const { Zlib, LZ4, LZ4HC, ZSTD, ZSTDNotFinal } = CompressionType
  return type === Zlib || type === LZ4 || type === LZ4HC || type === ZSTD || type === ZSTDNotFinal
}
