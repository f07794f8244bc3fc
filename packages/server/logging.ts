/**
 * Log lines as JSON. Keys and values of users never enter them: a request is its method and its route
 * (`/kv/key`, not the URL), an error its code, message and stack.
 */
import type { FastifyServerOptions } from 'fastify'
import type { ResolvedServerOptions } from './server-options.ts'

export function loggerOptions({
  logLevel,
  logStream,
}: ResolvedServerOptions): FastifyServerOptions['logger'] {
  if (logLevel === 'silent') return false
  return {
    level: logLevel,
    stream: logStream,
    base: null,
    serializers: {
      // Fastify's own would log the URL, the host and the client's port.
      req: request => ({ method: request.method, route: request.routeOptions?.url }),
      res: reply => ({ status: reply.statusCode }),
    },
  }
}
