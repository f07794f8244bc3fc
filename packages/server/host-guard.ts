/**
 * Two defences for a server on loopback against web pages in the user's own browser.
 *
 * DNS rebinding: a page of evil.example whose name suddenly resolves to 127.0.0.1 reaches this server as
 * "same origin", but its `Host` is still evil.example. Only known names are served.
 *
 * Cross-site requests: any page may *send* a plain POST or GET to 127.0.0.1. Browsers say so in `Origin` and
 * `Sec-Fetch-Site`, which scripts in a page cannot change; such requests are refused. Programs send neither.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { ServerError } from './errors.ts'

/** `localhost`, any of 127.0.0.0/8, or ::1. */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name === '::1' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

/** Throws when the server may not listen on `host` in this version. */
export function requireLoopback(host: string): void {
  if (isLoopbackName(host)) return
  throw new ServerError(
    'INVALID_ARGUMENT',
    `cannot listen on ${host}: this version has no authentication yet and listens on loopback only ` +
      '(127.0.0.1, ::1 or localhost); put a proxy that authenticates in front of it',
  )
}

export class HostGuard {
  private readonly extraHosts: ReadonlySet<string>

  /** `extraHosts`: names besides loopback's own that clients may use, such as a proxy's. */
  constructor(extraHosts: readonly string[] = []) {
    this.extraHosts = new Set(extraHosts.map(name => name.toLowerCase()))
  }

  /** Throws `HOST_NOT_ALLOWED` or `ORIGIN_NOT_ALLOWED`. */
  check(headers: IncomingHttpHeaders): void {
    if (!this.allows(nameOf(headers.host ?? ''))) {
      throw new ServerError('HOST_NOT_ALLOWED', 'the Host header names a host that this server is not')
    }
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new ServerError('ORIGIN_NOT_ALLOWED', 'requests from pages of other sites are refused')
    }
    const origin = headers.origin
    if (origin !== undefined && !this.allows(nameOf(origin.replace(/^https?:\/\//, '')))) {
      throw new ServerError('ORIGIN_NOT_ALLOWED', 'requests from pages of other origins are refused')
    }
  }

  private allows(name: string): boolean {
    return isLoopbackName(name) || this.extraHosts.has(name)
  }
}

/** `host[:port]` without the port, in lower case. */
function nameOf(authority: string): string {
  return authority.replace(/:\d{1,5}$/, '').toLowerCase()
}
