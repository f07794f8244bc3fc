/** For tests: a table with a bit of everything in it. */
import { concatBytes, encodeUtf8 } from '../../bytes/index.ts'
import { makeInternalKey } from '../../key/index.ts'
import { TableBuilder, type TableBuilderOptions } from '../index.ts'

/** Versions of a key, deletions, keys that share much and little, values short, long and empty. */
export function variedTable(options: TableBuilderOptions, keys = 400): Uint8Array {
  const chunks: Uint8Array[] = []
  const builder = new TableBuilder(options, chunk => chunks.push(new Uint8Array(chunk)))
  for (let i = 0; i < keys; i++) {
    const user = encodeUtf8(
      i % 3 === 0
        ? `key${String(i).padStart(6, '0')}`
        : `key${String(i).padStart(6, '0')}/${'x'.repeat(i % 40)}`,
    )
    const versions = i % 50 === 7 ? 30 : 1
    for (let version = versions; version > 0; version--) {
      const key = makeInternalKey(user, 1000 * i + version, i % 11 === 0 ? 0 : 1)
      const value = encodeUtf8(i % 11 === 0 ? '' : `value of ${i}, `.repeat(i % 17))
      builder.add(key, 0, key.length, value, 0, value.length)
    }
  }
  builder.finish()
  return concatBytes(...chunks)
}
