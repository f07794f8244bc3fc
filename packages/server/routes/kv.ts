/**
 * One key at a time, values as raw bytes:
 *
 *     GET    /kv/{key}           200 and the value; 404 NOT_FOUND
 *     HEAD   /kv/{key}           the same without the value
 *     PUT    /kv/{key}?sync=     204; the body is the value; &ttl= seconds or &expiresAt= ms since 1970
 *     DELETE /kv/{key}?sync=     204, whether there was such a key or not (as RocksDB)
 *
 * `?cf=` names a column family on all of them.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServerError } from '../errors.ts'
import {
  booleanParameter,
  decodePercent,
  numberParameter,
  type Query,
  readQuery,
  textParameter,
} from '../request-bytes.ts'
import type { Store, StoreLifetime, StoreRead } from '../store.ts'
import { type RouteContext, sendBytes } from './route-context.ts'

const PREFIX = '/kv/'

/** The route that all keys are sent to. Fastify's own decoding refuses keys that are not UTF-8, so it sees none. */
const KEY_ROUTE = '/kv/key'

/** Turns `/kv/<any key>?query` into `KEY_ROUTE?query`; the handlers take the key from the original URL. */
export function rewriteKeyUrl(url: string): string {
  if (!url.startsWith(PREFIX)) return url
  const query = url.indexOf('?')
  return query < 0 ? KEY_ROUTE : KEY_ROUTE + url.slice(query)
}

export function keyRoutes(app: FastifyInstance, { store }: RouteContext): void {
  app.get(KEY_ROUTE, async (request, reply) => {
    const query = readQuery(request, ['cf'])
    return sendBytes(reply, await getOrNotFound(store, keyOf(request), familyOf(query)))
  })

  app.put(KEY_ROUTE, async (request, reply) => {
    const query = readQuery(request, ['cf', 'sync', 'ttl', 'expiresAt'])
    await putValue(store, keyOf(request), bodyOf(request), query)
    return reply.code(204).send()
  })

  app.delete(KEY_ROUTE, async (request, reply) => {
    const query = readQuery(request, ['cf', 'sync'])
    await deleteKey(store, keyOf(request), query)
    return reply.code(204).send()
  })
}

export async function getOrNotFound(store: Store, key: Uint8Array, options: StoreRead): Promise<Uint8Array> {
  const value = await store.get(key, options)
  if (value === undefined) throw new ServerError('NOT_FOUND', 'no such key')
  return value
}

export function putValue(store: Store, key: Uint8Array, value: Uint8Array, query: Query): Promise<void> {
  const sync = booleanParameter(query, 'sync')
  return store.write([{ type: 'put', key, value, ...familyOf(query), ...lifetimeOf(query) }], { sync })
}

export function deleteKey(store: Store, key: Uint8Array, query: Query): Promise<void> {
  const sync = booleanParameter(query, 'sync')
  return store.write([{ type: 'delete', key, ...familyOf(query) }], { sync })
}

/** The column family that `?cf=` names, ready to spread into the options of a read or an operation. */
export function familyOf(query: Query): StoreRead {
  const columnFamily = textParameter(query, 'cf')
  return columnFamily === undefined ? {} : { columnFamily }
}

/** How long a put lives: `?ttl=` in seconds, or `?expiresAt=` in milliseconds since 1970. */
function lifetimeOf(query: Query): StoreLifetime {
  const ttl = numberParameter(query, 'ttl')
  const expiresAt = numberParameter(query, 'expiresAt')
  return { ...(ttl === undefined ? {} : { ttl }), ...(expiresAt === undefined ? {} : { expiresAt }) }
}

/** The raw body; none is an empty one. */
export function bodyOf(request: FastifyRequest): Uint8Array {
  return (request.body as Buffer | undefined) ?? Buffer.alloc(0)
}

function keyOf(request: FastifyRequest): Uint8Array {
  const url = request.originalUrl
  const query = url.indexOf('?')
  return decodePercent(url.slice(PREFIX.length, query < 0 ? url.length : query))
}
