/**
 * The HTTP application over a store: limits, guards, one error shape, and the routes. It does not listen yet;
 * see serve.ts.
 */
import type { Socket } from 'node:net'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
  LogController,
} from 'fastify'
import { answerTo, type ErrorAnswer, errorBody, ServerError } from './errors.ts'
import { HostGuard } from './host-guard.ts'
import { loggerOptions } from './logging.ts'
import { batchRoutes } from './routes/batch.ts'
import { keyRoutes, rewriteKeyUrl } from './routes/kv.ts'
import { riverRoutes } from './routes/river.ts'
import type { RouteContext, ServerCounters } from './routes/route-context.ts'
import { scanRoutes } from './routes/scan.ts'
import { statsRoutes } from './routes/stats.ts'
import type { ResolvedServerOptions } from './server-options.ts'
import type { Store } from './store.ts'

/** How often Node looks for connections over their time. Its default, 30 s, would triple our limits. */
const CONNECTIONS_CHECK_MS = 1000

export function createApp(store: Store, options: ResolvedServerOptions): FastifyInstance {
  const app = fastify({
    logger: loggerOptions(options),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.maxBodyBytes,
    requestTimeout: options.requestTimeoutMs,
    connectionTimeout: options.idleTimeoutMs,
    forceCloseConnections: 'idle',
    // Requests that come on an open connection while closing are served like those under way.
    return503OnClosing: false,
    rewriteUrl: request => rewriteKeyUrl(request.url ?? '/'),
    // The routes parse it (see request-bytes.ts): a throw in here would be no answer but an uncaught exception.
    routerOptions: { querystringParser: text => ({ text }) },
    frameworkErrors: (error, _request, reply) => sendError(reply, error),
    http: {
      headersTimeout: options.headersTimeoutMs,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      insecureHTTPParser: false,
    },
    clientErrorHandler: refuseMalformed,
  })
  app.server.maxConnections = options.maxConnections
  const counters: ServerCounters = { startedAt: Date.now(), requests: 0, errors: 0, scansRunning: 0 }
  takeRawBodies(app)
  guardAndCount(app, new HostGuard(options.allowedHosts), counters)
  addRoutes(app, { store, maxScanRows: options.maxScanRows, counters })
  return app
}

function addRoutes(app: FastifyInstance, context: RouteContext): void {
  keyRoutes(app, context)
  scanRoutes(app, context)
  batchRoutes(app, context)
  riverRoutes(app, context)
  statsRoutes(app, context)
}

/** Every body is bytes, whatever it calls itself; the routes that want JSON parse it themselves. */
function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function guardAndCount(app: FastifyInstance, guard: HostGuard, counters: ServerCounters): void {
  app.addHook('onRequest', async (request, reply) => {
    counters.requests++
    reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    guard.check(request.headers)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode >= 500) counters.errors++
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      'request',
    )
  })
  app.setErrorHandler((error, request, reply) => {
    const answer = answerTo(error)
    if (answer.status >= 500)
      request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return sendAnswer(reply, answer)
  })
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(app, request, reply)))
}

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']

function notFound(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): ServerError {
  const path = request.url.replace(/\?.*$/s, '')
  const allowed = METHODS.filter(method => app.hasRoute({ method, url: path }))
  if (allowed.length === 0) {
    return new ServerError('NOT_FOUND', 'no such path; there are /kv, /kv/{key}, /batch, /stats and /health')
  }
  reply.header('allow', allowed.join(', '))
  return new ServerError('METHOD_NOT_ALLOWED', `this path takes ${allowed.join(', ')}`)
}

function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  return sendAnswer(reply, answerTo(error))
}

function sendAnswer(reply: FastifyReply, answer: ErrorAnswer): FastifyReply {
  return reply.code(answer.status).type('application/json').send(errorBody(answer))
}

/** Bytes that are no HTTP, or not in time: nothing after them on the connection can be trusted. */
function refuseMalformed(error: Error, socket: Socket): void {
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return
  const answer = answerTo(Object.assign(error, { statusCode: 400 }))
  const body = errorBody(answer)
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${answer.status} ${answer.code}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
  }
  socket.destroySoon()
}
