/** The check of one blob file for itself: every record, header and footer, and that it is what the MANIFEST says. */
import { CorruptionError } from '@varve/format/errors'
import type { BlobAddition } from '@varve/format/manifest'
import { BlobFileScan } from '../blob/blob-file-scan.ts'
import type { File } from '../fs/index.ts'
import { byteSourceOf } from './byte-source-of.ts'
import { checkFileChecksum } from './table-blocks.ts'

export interface BlobExpectation {
  columnFamily: number
  record: BlobAddition
}

/** Yields the size of each record; returns their number. Without `expected`, nothing is known about the file. */
export function* checkBlobFile(file: File, expected: BlobExpectation | undefined): Generator<number, number> {
  const scan = new BlobFileScan(file)
  yield* scan.run()
  if (expected === undefined) return scan.count
  const { columnFamily, record } = expected
  if (scan.header.columnFamily !== columnFamily) {
    const what = `the blob file is of column family ${scan.header.columnFamily} and not ${columnFamily}`
    throw new CorruptionError(what, file.path, 8)
  }
  if (scan.count === record.totalCount && scan.bytes === record.totalBytes) {
    checkFileChecksum(byteSourceOf(file), {
      fileChecksum: record.checksumValue,
      fileChecksumName: record.checksumMethod,
    })
    return scan.count
  }
  throw new CorruptionError(
    `the blob file has ${scan.count} values in ${scan.bytes} bytes, and the MANIFEST records ` +
      `${record.totalCount} in ${record.totalBytes}`,
    file.path,
  )
}
