/**
 * Several writes as one: all of them happen or none.
 *
 *     POST /batch?sync=      content-type: application/json
 *     [ {"type":"put","key":"a","value":"1"},
 *       {"type":"delete","keyBase64":"/w==","columnFamily":"users"} ]
 *
 * 200 `{"operations":2}`. Bytes as in entry-json.ts. Keys too long for a URL are written and deleted this way.
 */
import type { FastifyInstance } from 'fastify'
import {
  asObject,
  byteFields,
  EntryJsonError,
  parseJson,
  readBytesField,
  readColumnFamily,
  readNumberField,
  refuseUnknownFields,
} from '../entry-json.ts'
import { ServerError } from '../errors.ts'
import { booleanParameter, readQuery } from '../request-bytes.ts'
import type { StoreOperation } from '../store.ts'
import { bodyOf } from './kv.ts'
import { type RouteContext, sendJson } from './route-context.ts'

export function batchRoutes(app: FastifyInstance, { store }: RouteContext): void {
  app.post('/batch', async (request, reply) => {
    const query = readQuery(request, ['sync'])
    // A page of another site can post text/plain without asking first, but not JSON.
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      throw new ServerError('UNSUPPORTED_MEDIA_TYPE', 'send the batch with content-type: application/json')
    }
    const operations = parseOperations(bodyOf(request))
    await store.write(operations, { sync: booleanParameter(query, 'sync') })
    return sendJson(reply, { operations: operations.length })
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseOperations(body: Uint8Array): StoreOperation[] {
  try {
    const items = parseJson(decodeBody(body))
    if (!Array.isArray(items)) throw new EntryJsonError('the batch is not a JSON array')
    return items.map(parseNumbered)
  } catch (error) {
    if (error instanceof EntryJsonError) throw new ServerError('INVALID_ARGUMENT', error.message)
    throw error
  }
}

function decodeBody(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (error) {
    if (error instanceof TypeError) throw new EntryJsonError('the batch is not valid UTF-8')
    throw error
  }
}

function parseNumbered(item: unknown, index: number): StoreOperation {
  try {
    return parseOperation(item)
  } catch (error) {
    if (error instanceof EntryJsonError) throw new EntryJsonError(`operation ${index}: ${error.message}`)
    throw error
  }
}

const putFields = new Set(['type', 'columnFamily', 'ttl', 'expiresAt', ...byteFields('key', 'value')])
const deleteFields = new Set(['type', 'columnFamily', ...byteFields('key')])

function parseOperation(item: unknown): StoreOperation {
  const object = asObject(item, 'it')
  const type = Object.hasOwn(object, 'type') ? object.type : undefined
  if (type !== 'put' && type !== 'delete') throw new EntryJsonError('type must be "put" or "delete"')
  refuseUnknownFields(object, type === 'put' ? putFields : deleteFields)
  const columnFamily = readColumnFamily(object)
  const target = {
    key: readBytesField(object, 'key'),
    ...(columnFamily === undefined ? {} : { columnFamily }),
  }
  if (type === 'delete') return { type, ...target }
  const ttl = readNumberField(object, 'ttl')
  const expiresAt = readNumberField(object, 'expiresAt')
  return {
    type,
    ...target,
    value: readBytesField(object, 'value'),
    ...(ttl === undefined ? {} : { ttl }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}
