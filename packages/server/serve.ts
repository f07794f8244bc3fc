/**
 * A listening server and its orderly end. `close` stops accepting, lets the requests under way finish for
 * `drainTimeoutMs`, then cuts what is left. The store is the caller's to close, after.
 */
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.ts'
import { requireLoopback } from './host-guard.ts'
import { resolveServerOptions, type ServerOptions } from './server-options.ts'
import type { Store } from './store.ts'

export interface RunningServer {
  /** Such as `http://127.0.0.1:8480`. */
  readonly url: string
  readonly port: number
  /** The first call closes; later ones wait for the same end. */
  close(): Promise<void>
}

export async function serve(store: Store, given: ServerOptions = {}): Promise<RunningServer> {
  const options = resolveServerOptions(given)
  requireLoopback(options.host)
  const app = createApp(store, options)
  const url = await app.listen({ host: options.host, port: options.port })
  let closing: Promise<void> | undefined
  return {
    url,
    port: Number(new URL(url).port),
    close() {
      closing ??= drain(app, options.drainTimeoutMs)
      return closing
    },
  }
}

/** How often connections are closed that have become idle since closing began. */
const IDLE_CHECK_MS = 20

async function drain(app: FastifyInstance, drainTimeoutMs: number): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs)
  // A connection whose last request ends only now would be kept for the next one, which will not be served.
  const idleCheck = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(deadline)
    clearInterval(idleCheck)
  }
}
