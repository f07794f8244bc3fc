/** What a server can be told, with defaults: where it listens and what it takes from clients. */
import type { Writable } from 'node:stream'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info'

export interface ServerOptions {
  /** Loopback only in this version. Default 127.0.0.1. */
  host?: string
  /** 0 takes any free port. Default 8480. */
  port?: number
  /** Names clients may use in `Host` besides those of loopback. Default none. */
  allowedHosts?: readonly string[]
  /** Bytes of one request body, which is also the largest value. Default 16 MiB. */
  maxBodyBytes?: number
  /** Most rows of one scan. A scan that ends there says where to go on. Default 10 million. */
  maxScanRows?: number
  /** Connections at once; more are closed as they come. Default 4096. */
  maxConnections?: number
  /** Milliseconds for the request line and headers to arrive. Default 10 s. */
  headersTimeoutMs?: number
  /** Milliseconds for a whole request to arrive. Default 60 s. */
  requestTimeoutMs?: number
  /** Milliseconds without a byte moving on a connection, a client that does not read included. Default 60 s. */
  idleTimeoutMs?: number
  /** Milliseconds that requests under way get at shutdown. Default 10 s. */
  drainTimeoutMs?: number
  /** Default warn. `info` logs each request: method, route, status and time, never a key or a value. */
  logLevel?: LogLevel
  /** Where log lines go, as JSON. Default standard error. */
  logStream?: Writable
}

export type ResolvedServerOptions = Required<ServerOptions>

export function resolveServerOptions(given: ServerOptions): ResolvedServerOptions {
  return {
    host: '127.0.0.1',
    port: 8480,
    allowedHosts: [],
    maxBodyBytes: 16 * 1024 * 1024,
    maxScanRows: 10_000_000,
    maxConnections: 4096,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    drainTimeoutMs: 10_000,
    logLevel: 'warn',
    logStream: process.stderr,
    ...given,
  }
}
