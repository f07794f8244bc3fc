/**
 * How the server and its store are doing:
 *
 *     GET /health     200 {"status":"ok"}; 503 {"status":"readOnly",...} while the store refuses writes
 *     GET /stats      200 {"server":{...},"store":{...}}
 */
import type { FastifyInstance } from 'fastify'
import { answerTo } from '../errors.ts'
import { readQuery } from '../request-bytes.ts'
import { type RouteContext, sendJson } from './route-context.ts'

export function statsRoutes(app: FastifyInstance, { store, counters }: RouteContext): void {
  app.get('/health', async (request, reply) => {
    readQuery(request, [])
    const trouble = store.backgroundError
    if (trouble === undefined) return sendJson(reply, { status: 'ok' })
    const { code, message } = answerTo(trouble)
    return sendJson(reply.code(503), { status: 'readOnly', error: { code, message } })
  })

  app.get('/stats', async (request, reply) => {
    readQuery(request, [])
    const { startedAt, ...counts } = counters
    const uptimeSeconds = Math.round((Date.now() - startedAt) / 1000)
    return sendJson(reply, { server: { uptimeSeconds, ...counts }, store: store.statistics() })
  })
}
