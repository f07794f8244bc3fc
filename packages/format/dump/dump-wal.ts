/** An annotated dump of a WAL: fragments, write batches, operations and the sequence numbers they get. */
import { BatchCursor, BatchTag, batchTagName } from '../batch/index.ts'
import type { Annotator, LineSink } from './annotate.ts'
import { type DumpLogOptions, dumpLog } from './dump-log.ts'
import { shortText } from './tracing-reader.ts'

export function dumpWal(bytes: Uint8Array, write: LineSink, options: DumpLogOptions = {}): void {
  dumpLog(bytes, write, options, dumpBatch)
}

/** Annotates one write batch; payload[0] lies at `offset`. */
function dumpBatch(payload: Uint8Array, offset: number, out: Annotator, file?: string): void {
  const cursor = new BatchCursor(payload, file, offset)
  out.bytes(offset, payload, 0, 8, `write batch sequence ${cursor.sequence}`)
  out.bytes(offset + 8, payload, 8, 12, `write batch count ${cursor.count}`)
  while (cursor.next()) dumpBatchRecord(cursor, offset, out)
}

function dumpBatchRecord(cursor: BatchCursor, offset: number, out: Annotator): void {
  const { bytes, recordStart, rawTag, tag, keyStart, keyEnd, valueStart, valueEnd, position } = cursor
  const line = (start: number, end: number, meaning: string) =>
    out.bytes(offset + start, bytes, start, end, meaning)
  const code = `0x${rawTag.toString(16).padStart(2, '0')}`
  const sequence = cursor.counted ? ` (gets sequence ${cursor.recordSequence})` : ''
  line(recordStart, recordStart + 1, `tag ${code} ${batchTagName(rawTag)}${sequence}`)
  const body = endOfColumnFamily(cursor)
  if (body > recordStart + 1) line(recordStart + 1, body, `column family ${cursor.columnFamily}`)
  if (position === body) return
  const [first, second] = sliceNames(tag)
  line(body, keyStart, `${first} length ${keyEnd - keyStart}`)
  line(keyStart, keyEnd, `${first} ${shortText(cursor.key())}`)
  if (position === keyEnd) return
  line(keyEnd, valueStart, `${second} length ${valueEnd - valueStart}`)
  line(valueStart, valueEnd, `${second} ${shortText(cursor.value())}`)
}

/** Behind the column family id, or behind the tag when there is none. */
function endOfColumnFamily({ bytes, recordStart, rawTag, tag }: BatchCursor): number {
  let end = recordStart + 1
  if (rawTag === tag) return end
  while (bytes[end] >= 0x80) end++
  return end + 1
}

/** What the slices of a record are called. */
function sliceNames(tag: number): readonly [string, string] {
  switch (tag) {
    case BatchTag.Merge:
      return ['key', 'operand']
    case BatchTag.DeleteRange:
      return ['begin key', 'end key']
    case BatchTag.BlobIndex:
      return ['key', 'blob index']
    case BatchTag.PutEntity:
      return ['key', 'entity']
    case BatchTag.LogData:
      return ['log data', '']
    case BatchTag.EndPrepare:
    case BatchTag.Commit:
    case BatchTag.Rollback:
      return ['transaction id', '']
    case BatchTag.CommitWithTimestamp:
      return ['timestamp', 'transaction id']
    default:
      return ['key', 'value']
  }
}
