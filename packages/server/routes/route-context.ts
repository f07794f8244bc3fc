/** What every route group works with. */
import type { FastifyReply } from 'fastify'
import type { Store } from '../store.ts'

export interface RouteContext {
  readonly store: Store
  readonly maxScanRows: number
  readonly counters: ServerCounters
}

/** What the server itself counts, for `GET /stats`. */
export interface ServerCounters {
  readonly startedAt: number
  requests: number
  errors: number
  scansRunning: number
}

export function sendBytes(reply: FastifyReply, bytes: Uint8Array): FastifyReply {
  return reply
    .type('application/octet-stream')
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}

export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(body))
}
