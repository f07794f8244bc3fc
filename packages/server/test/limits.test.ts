/** What the server does with clients that are slow, greedy, hostile or gone. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { after, afterEach, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningServer, type ServerOptions, serve } from '../index.ts'
import { hostileRequests } from './hostile-requests.ts'
import { MemoryStore } from './memory-store.ts'
import { exchange, openIdle } from './raw-http.ts'

const pollutionCanary = JSON.stringify(Object.getOwnPropertyNames(Object.prototype))
let running: RunningServer[] = []

async function start(options: ServerOptions = {}): Promise<{ server: RunningServer; store: MemoryStore }> {
  const store = new MemoryStore()
  const server = await serve(store, { port: 0, logLevel: 'silent', ...options })
  running.push(server)
  return { server, store }
}

afterEach(async () => {
  await Promise.all(running.map(server => server.close()))
  running = []
})
after(() => assert.equal(JSON.stringify(Object.getOwnPropertyNames(Object.prototype)), pollutionCanary))

async function fill(store: MemoryStore, rows: number, valueBytes: number): Promise<void> {
  const value = Buffer.alloc(valueBytes, 'v')
  await store.write(
    Array.from({ length: rows }, (_, i) => ({
      type: 'put' as const,
      key: Buffer.from(`row/${String(i).padStart(6, '0')}`),
      value,
    })),
  )
}

async function errorCode(answer: Response): Promise<[status: number, code: string]> {
  const { error } = (await answer.json()) as { error: { code: string } }
  return [answer.status, error.code]
}

it('listens on loopback only and says so', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.evil.example']) {
    await assert.rejects(serve(new MemoryStore(), { host, port: 0 }), {
      code: 'INVALID_ARGUMENT',
      message: /loopback only/,
    })
  }
  const server = await serve(new MemoryStore(), { host: 'localhost', port: 0, logLevel: 'silent' })
  await server.close()
})

it('refuses a body over the limit before it is held in memory', async () => {
  const { server } = await start({ maxBodyBytes: 1024 * 1024 })
  const before = process.memoryUsage().rss
  const declared = await exchange(
    server.port,
    `PUT /kv/big HTTP/1.1\r\nhost: localhost\r\ncontent-length: 104857600\r\n\r\n${'x'.repeat(100_000)}`,
  )
  assert.match(declared.text, /^HTTP\/1.1 413 [\s\S]*"PAYLOAD_TOO_LARGE"/)
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const undeclared = await exchange(
    server.port,
    `PUT /kv/big HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(1600)}0\r\n\r\n`,
  )
  assert.match(undeclared.text, /^(HTTP\/1.1 413 |$)/)
  assert.equal((await fetch(`${server.url}/kv/big`)).status, 404)
  // The client's own 100 MB string is in this process too, so the bound is a loose one.
  assert.ok(process.memoryUsage().rss - before < 400 * 1024 * 1024)
})

it('serves loopback names and configured ones, and no other Host', async () => {
  const { server } = await start({ allowedHosts: ['db.internal'] })
  const get = (headers: string) =>
    exchange(server.port, `GET /health HTTP/1.1\r\n${headers}\r\nconnection: close\r\n\r\n`)
  for (const host of [
    'localhost',
    'LOCALHOST:8480',
    '127.0.0.1:1',
    '127.1.2.3',
    '[::1]:8480',
    'db.internal:80',
  ]) {
    assert.match((await get(`host: ${host}`)).text, /^HTTP\/1.1 200/, host)
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '',
    '10.0.0.1',
    'db.internal.evil.example',
  ]) {
    assert.match((await get(`host: ${host}`)).text, /^HTTP\/1.1 403[\s\S]*HOST_NOT_ALLOWED/, host)
  }
  assert.match((await get('x: no host')).text, /^HTTP\/1.1 400/)
})

it("refuses requests that pages of other sites make in the user's browser", async () => {
  const { server, store } = await start()
  const evil = [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1.evil.example:8480' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of evil) {
    const answer = await fetch(`${server.url}/put?key=k`, { method: 'POST', body: 'v', headers })
    assert.deepEqual(await errorCode(answer), [403, 'ORIGIN_NOT_ALLOWED'], JSON.stringify(headers))
  }
  assert.equal(await store.get(Buffer.from('k')), undefined)
  const own = await fetch(`${server.url}/put?key=k`, {
    method: 'POST',
    body: 'v',
    headers: { origin: server.url },
  })
  assert.equal(own.status, 200)
})

it('answers ambiguous framing with 400 and runs no second request', async () => {
  const { server, store } = await start()
  const smuggled = 'PUT /kv/smuggled HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\nx'
  assert.ok(hostileRequests.length > 80)
  await Promise.all(
    hostileRequests.map(async request => {
      const { text, closed } = await exchange(server.port, request + smuggled, 20_000)
      assert.match(text, /^HTTP\/1.1 400 [\s\S]*BAD_REQUEST/, JSON.stringify(request))
      assert.equal(text.match(/HTTP\/1.1/g)?.length, 1, JSON.stringify(request))
      assert.ok(closed, JSON.stringify(request))
    }),
  )
  assert.equal(await store.get(Buffer.from('smuggled')), undefined)
})

it('refuses headers larger than 16 KiB', async () => {
  const { server } = await start()
  const { text } = await exchange(
    server.port,
    `GET /kv/a HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  )
  assert.match(text, /^HTTP\/1.1 431 [\s\S]*HEADERS_TOO_LARGE/)
})

it('takes JSON of any depth and with any field names without harm', async () => {
  const { server } = await start()
  const batch = (body: string) =>
    fetch(`${server.url}/batch`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.equal((await batch('['.repeat(1_000_000))).status, 400)
  assert.equal((await batch(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)).status, 400)
  for (const body of [
    '[{"__proto__":{"type":"put"},"key":"k","value":"v"}]',
    '[{"type":"put","key":"k","value":"v","__proto__":{"polluted":1}}]',
    '[{"type":"put","constructor":{"prototype":{"polluted":1}},"key":"k","value":"v"}]',
  ]) {
    assert.deepEqual(await errorCode(await batch(body)), [400, 'INVALID_ARGUMENT'])
  }
  const proto = await batch('[{"type":"put","key":"__proto__","value":"v"}]')
  assert.equal(proto.status, 200)
  assert.equal(await (await fetch(`${server.url}/kv/__proto__`)).text(), 'v')
  assert.equal((await fetch(`${server.url}/kv?__proto__=x`)).status, 400)
})

it('ends a scan at its row limit with the key to go on from', async () => {
  const { server, store } = await start({ maxScanRows: 150 })
  await fill(store, 200, 1)
  const lines = (await (await fetch(`${server.url}/kv`)).text()).trim().split('\n')
  assert.equal(lines.length, 151)
  const { next } = JSON.parse(lines[150]) as { next: string }
  assert.equal(next, 'row/000150')
  const rest = (await (await fetch(`${server.url}/kv?start=${next}`)).text()).trim().split('\n')
  assert.equal(rest.length, 50)
  assert.equal((await (await fetch(`${server.url}/kv?limit=150`)).text()).trim().split('\n').length, 150)
  assert.equal((await fetch(`${server.url}/kv?limit=151`)).status, 400)
})

it('reads a scan only as fast as the client takes it, and stops when the client goes', async () => {
  const { server, store } = await start()
  await fill(store, 20_000, 2000)
  const socket = await openIdle(server.port, 'GET /kv HTTP/1.1\r\nhost: localhost\r\n\r\n')
  socket.pause()
  await sleep(300)
  const read = store.batchesRead
  assert.ok(read < 100, `${read} of 200 batches were read for a client that takes nothing`)
  assert.equal(store.scansOpen, 1)
  socket.destroy()
  for (let i = 0; i < 100 && store.scansOpen > 0; i++) await sleep(10)
  assert.equal(store.scansOpen, 0)
})

it('cuts a scan that fails half-way, so that a part is never taken for the whole', async () => {
  const { server, store } = await start()
  await fill(store, 1000, 10)
  store.failScanAfter = 5
  const { text } = await exchange(server.port, 'GET /kv HTTP/1.1\r\nhost: localhost\r\n\r\n')
  assert.match(text, /"row\/000499"/)
  assert.match(text, /\{"error":\{"code":"CORRUPTION","message":"bad block"\}\}\n/)
  assert.ok(!text.endsWith('0\r\n\r\n'), 'the last chunk must be missing')
  await assert.rejects(fetch(`${server.url}/kv`).then(answer => answer.text()))
  store.failScanAfter = 0
  assert.deepEqual(await errorCode(await fetch(`${server.url}/kv`)), [500, 'CORRUPTION'])
})

it('closes connections whose request does not arrive in time, and serves others meanwhile', async () => {
  const { server } = await start({ headersTimeoutMs: 300, requestTimeoutMs: 600 })
  const slow = await Promise.all(
    Array.from({ length: 300 }, () => openIdle(server.port, 'GET /kv/a HTTP/1.1\r\nhost: loc')),
  )
  const closed = Promise.all(slow.map(socket => once(socket.resume(), 'close')))
  const begun = performance.now()
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
  assert.ok(performance.now() - begun < 1000)
  await closed
})

it('closes connections beyond its limit and goes on serving', async () => {
  const { server } = await start({ maxConnections: 20 })
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openIdle(server.port, 'GET ')))
  const extra = await exchange(server.port, 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  assert.equal(extra.text, '')
  for (const socket of sockets) socket.destroy()
  await sleep(50)
  assert.match(
    (await exchange(server.port, 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n')).text,
    /^HTTP\/1.1 200/,
  )
})

it('lets a request under way finish when it closes, and cuts one that does not', async () => {
  const { server, store } = await start({ drainTimeoutMs: 2000 })
  await fill(store, 20_000, 2000)
  // More than the buffers between the two take, so that it is under way until it is read.
  const finishing = await fetch(`${server.url}/kv?limit=15000`)
  const stuck = await openIdle(server.port, 'GET /kv HTTP/1.1\r\nhost: localhost\r\n\r\n')
  stuck.pause()
  while (store.scansOpen < 2) await sleep(5)
  const begun = performance.now()
  const closing = server.close()
  assert.equal((await finishing.text()).trim().split('\n').length, 15_000)
  await closing
  assert.ok(performance.now() - begun < 10_000)
  for (let i = 0; i < 100 && store.scansOpen > 0; i++) await sleep(10)
  assert.equal(store.scansOpen, 0)
  await assert.rejects(fetch(`${server.url}/health`))
})

it('says 503 when the store has stopped writing, and goes on reading', async () => {
  const { server, store } = await start()
  await fill(store, 1, 3)
  store.backgroundError = Object.assign(new Error('disk full'), { code: 'NO_SPACE' })
  const health = await fetch(`${server.url}/health`)
  assert.equal(health.status, 503)
  assert.deepEqual(await errorCode(await fetch(`${server.url}/kv/x`, { method: 'PUT', body: 'y' })), [
    507,
    'NO_SPACE',
  ])
  assert.equal(await (await fetch(`${server.url}/kv/row/000000`)).text(), 'vvv')
})

it('keeps keys and values out of its log and its errors', async () => {
  let log = ''
  const logStream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk)
      done()
    },
  })
  const { server, store } = await start({ logLevel: 'info', logStream })
  const canary = 'canary8472'
  await fetch(`${server.url}/kv/${canary}`, { method: 'PUT', body: canary })
  await fetch(`${server.url}/kv/${canary}`)
  store.failScanAfter = 0
  const answers = await Promise.all([
    fetch(`${server.url}/kv?prefix=${canary}`),
    fetch(`${server.url}/kv?${canary}=1`),
    fetch(`${server.url}/${canary}`),
    fetch(`${server.url}/%ff${canary}`),
    fetch(`${server.url}/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `[{"type":"put","key":"${canary}","value":${canary}`,
    }),
    exchange(server.port, `${canary} /${canary}\r\n\r\n`).then(({ text }) => new Response(text)),
  ])
  for (const answer of answers) assert.ok(!(await answer.text()).includes(canary), answer.url)
  assert.match(log, /"route":"\/kv\/key"/)
  assert.ok(!log.includes(canary), log)
})
