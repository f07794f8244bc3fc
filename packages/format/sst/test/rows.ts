/** For tests: the entries of a table in the words of `sst_dump --command=scan --output_hex`. */
import { readUint32, toHex } from '../../bytes/index.ts'
import { sequenceOfTrailer } from '../../key/index.ts'
import { MemorySource, readRangeDeletions, TableScan } from '../index.ts'

export function rowsOf(bytes: Uint8Array): string[] {
  const source = new MemorySource(bytes, 'table')
  const scan = new TableScan(source)
  const rows: string[] = []
  for (let on = scan.first(); on; on = scan.next()) {
    const key = scan.cursor.key()
    rows.push(
      rowOf(
        key.subarray(0, key.length - 8),
        readUint32(key, key.length - 8),
        readUint32(key, key.length - 4),
        scan.cursor.value(),
      ),
    )
  }
  for (const { start, end, trailerLow, trailerHigh } of readRangeDeletions(source, scan.layout)) {
    rows.push(rowOf(start, trailerLow, trailerHigh, end))
  }
  return rows
}

function rowOf(userKey: Uint8Array, low: number, high: number, value: Uint8Array): string {
  const key = toHex(userKey).toUpperCase()
  return `'${key}' seq:${sequenceOfTrailer(low, high)}, type:${low & 0xff} => ${toHex(value).toUpperCase()}`
}
