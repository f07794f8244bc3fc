/**
 * The endpoints of the River server, for its clients. Same store, same bytes as `/kv`:
 *
 *     GET    /get?key=       200 and the value; 404 NOT_FOUND
 *     POST   /put?key=       200 {"status":"ok"}; the body is the value
 *     DELETE /delete?key=    200 {"status":"ok"}
 *
 * Its `/stats` and `/health` are those of stats.ts.
 */
import type { FastifyInstance } from 'fastify'
import { ServerError } from '../errors.ts'
import { type Query, readQuery } from '../request-bytes.ts'
import { bodyOf, deleteKey, familyOf, getOrNotFound, putValue } from './kv.ts'
import { type RouteContext, sendBytes, sendJson } from './route-context.ts'

export function riverRoutes(app: FastifyInstance, { store }: RouteContext): void {
  app.get('/get', async (request, reply) => {
    const query = readQuery(request, ['key', 'cf'])
    return sendBytes(reply, await getOrNotFound(store, requiredKey(query), familyOf(query)))
  })

  app.post('/put', async (request, reply) => {
    const query = readQuery(request, ['key', 'cf', 'sync'])
    await putValue(store, requiredKey(query), bodyOf(request), query)
    return sendJson(reply, { status: 'ok' })
  })

  app.delete('/delete', async (request, reply) => {
    const query = readQuery(request, ['key', 'cf', 'sync'])
    await deleteKey(store, requiredKey(query), query)
    return sendJson(reply, { status: 'ok' })
  })
}

function requiredKey(query: Query): Uint8Array {
  const key = query.get('key')
  if (key === undefined) throw new ServerError('INVALID_ARGUMENT', 'query parameter key is required')
  return key
}
