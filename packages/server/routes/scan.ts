/**
 * A range of keys as newline-delimited JSON, in key order:
 *
 *     GET /kv?start=&end=&prefix=&limit=&reverse=&cf=&keysOnly=
 *
 *     {"key":"user:1","value":"Ada"}       see entry-json.ts for bytes that are not text
 *     {"key":"a","value":"1","expiresAt":1767225600000}      an entry that will be over then
 *     {"next":"user:9"}                    only when the server's row limit, not the client's, ended the scan
 *
 * The rows are those of one moment. They are read only as fast as the client takes them. When reading fails
 * half-way, the last line is `{"error":...}` and the response is cut off, so that a part is never taken for
 * the whole.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { formatBytesField, formatEntry } from '../entry-json.ts'
import { answerTo, errorBody } from '../errors.ts'
import { booleanParameter, countParameter, type Query, readQuery } from '../request-bytes.ts'
import type { LivingStoreEntry, Store, StoreEntry, StoreRange } from '../store.ts'
import { familyOf } from './kv.ts'
import type { RouteContext, ServerCounters } from './route-context.ts'

const PARAMETERS = ['start', 'end', 'prefix', 'limit', 'reverse', 'cf', 'keysOnly']

/** Characters put together before they are handed to the socket. */
const CHUNK_LENGTH = 64 * 1024

export function scanRoutes(app: FastifyInstance, { store, maxScanRows, counters }: RouteContext): void {
  app.get('/kv', { exposeHeadRoute: false }, async (request, reply) => {
    const query = readQuery(request, PARAMETERS)
    const limit = countParameter(query, 'limit', maxScanRows)
    const keysOnly = booleanParameter(query, 'keysOnly')
    // One row more than may be sent tells whether there is more.
    const range = { ...rangeOf(query), limit: limit ?? maxScanRows + 1 }
    const batches = livingBatches(store, range)[Symbol.asyncIterator]()
    // Awaiting the first batch here lets an error at once, such as an unknown family, be an HTTP error.
    const first = await batches.next()
    const rows = scanChunks({ batches, first, range, keysOnly, maxRows: limit ?? maxScanRows, counters })
    return reply.type('application/x-ndjson').send(Readable.from(rows, { objectMode: false }))
  })
}

interface Scan {
  batches: AsyncIterator<LivingStoreEntry[]>
  first: IteratorResult<LivingStoreEntry[]>
  range: StoreRange
  keysOnly: boolean
  maxRows: number
  counters: ServerCounters
}

async function* scanChunks({
  batches,
  first,
  range,
  keysOnly,
  maxRows,
  counters,
}: Scan): AsyncGenerator<Buffer> {
  let chunk = ''
  let rows = 0
  counters.scansRunning++
  try {
    for (let batch = first; !batch.done; batch = await batches.next()) {
      for (const { key, value, expiresAt } of batch.value) {
        if (rows++ === maxRows) {
          yield Buffer.from(`${chunk}{${formatBytesField('next', key)}}\n`)
          return
        }
        chunk += `${formatEntry(key, keysOnly ? undefined : value, range.columnFamily, expiresAt)}\n`
        if (chunk.length >= CHUNK_LENGTH) {
          yield Buffer.from(chunk)
          chunk = ''
        }
      }
    }
    if (chunk !== '') yield Buffer.from(chunk)
  } catch (error) {
    yield Buffer.from(`${chunk}${errorBody(answerTo(error))}\n`)
    throw error
  } finally {
    counters.scansRunning--
    await batches.return?.()
  }
}

function livingBatches(store: Store, range: StoreRange): AsyncIterable<LivingStoreEntry[]> {
  return store.livingEntries?.(range).batches() ?? withoutEnd(store.entries(range).batches())
}

async function* withoutEnd(batches: AsyncIterable<StoreEntry[]>): AsyncGenerator<LivingStoreEntry[]> {
  for await (const batch of batches) yield batch.map(([key, value]) => ({ key, value, expiresAt: undefined }))
}

function rangeOf(query: Query): StoreRange {
  const range: StoreRange = { reverse: booleanParameter(query, 'reverse'), ...familyOf(query) }
  for (const bound of ['start', 'end', 'prefix'] as const) {
    const bytes = query.get(bound)
    if (bytes !== undefined) range[bound] = bytes
  }
  return range
}
