/** For tests: a table of RocksDB 7.8 decoded, and its entries given to a builder with the options it tells of. */
import assert from 'node:assert/strict'
import { concatBytes } from '../../bytes/index.ts'
import {
  MemorySource,
  TableBuilder,
  type TableBuilderOptions,
  TableScan,
  type TableSummary,
} from '../index.ts'

export interface Rebuilt {
  bytes: Uint8Array
  summary: TableSummary
}

export function buildAgain(bytes: Uint8Array, options: TableBuilderOptions): Rebuilt {
  const scan = new TableScan(new MemorySource(bytes))
  const { properties, footer } = scan.layout
  assert.ok(properties !== undefined)
  const chunks: Uint8Array[] = []
  const builder = new TableBuilder(
    {
      formatVersion: footer.formatVersion,
      checksumType: footer.checksumType,
      compression: 0,
      columnFamilyId: properties.columnFamilyId!,
      columnFamilyName: properties.columnFamilyName!,
      mergeOperator: properties.mergeOperator!,
      dbId: properties.dbId!,
      dbSessionId: properties.dbSessionId!,
      dbHostId: properties.text('rocksdb.creating.host.identity')!,
      originalFileNumber: properties.originalFileNumber!,
      creationTime: properties.creationTime!,
      oldestKeyTime: properties.oldestKeyTime!,
      fileCreationTime: properties.fileCreationTime!,
      ...options,
    },
    chunk => chunks.push(new Uint8Array(chunk)),
  )
  for (let on = scan.first(); on; on = scan.next()) {
    const { keyBytes, keyLength, valueBytes, valueStart, valueEnd } = scan.cursor
    builder.add(keyBytes, 0, keyLength, valueBytes, valueStart, valueEnd)
  }
  const summary = builder.finish()
  return { bytes: concatBytes(...chunks), summary }
}
