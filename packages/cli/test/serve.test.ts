/** serve as a process: what it prints, who else may open the database, and how it ends. */
import assert from 'node:assert/strict'
import { exec } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { finished, type Running, runVarve, scratch, startVarve, varve } from './run-varve.ts'

/** Starts a server on a free port and waits until it listens. */
async function startServer(
  context: TestContext,
  db: string,
): Promise<{ child: Running; url: string; banner: string }> {
  const child = startVarve(context, 'serve', '--data', db, '--port', '0')
  let banner = ''
  while (!banner.includes('Try: ')) banner += String((await once(child.stdout, 'data'))[0])
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(banner)?.[0] ?? ''
  return { child, url, banner }
}

it('says where it listens and where the data lies, and its curl line works', async context => {
  const db = join(await scratch(context), 'db')
  const { child, url, banner } = await startServer(context, db)
  assert.match(banner, /^Varve listens on http:\/\/127\.0\.0\.1:\d+\nData lies in \/.*db\nTry: curl .*\n$/)
  const { stdout } = await promisify(exec)(/Try: (.*)/.exec(banner)?.[1] ?? '')
  assert.equal(stdout, 'Hello')

  const locked = await runVarve(['put', db, 'k', 'v'])
  assert.equal(locked.code, 3)
  assert.match(locked.stderr, new RegExp(`^varve: LOCKED: .*${child.pid}`))
  assert.equal(await varve(['get', db, 'greeting']), 'Hello\n')

  const port = new URL(url).port
  const taken = await runVarve(['serve', '--data', `${db}2`, '--port', port])
  assert.equal(taken.code, 3)
  assert.match(taken.stderr, /^varve: EADDRINUSE: /)

  child.kill('SIGTERM')
  assert.equal((await finished(child)).code, 0)
  assert.equal(await varve(['get', db, 'greeting']), 'Hello\n')
})

it('finishes the scan under way on SIGTERM, then closes the database', async context => {
  const db = join(await scratch(context), 'db')
  const rows = Array.from(
    { length: 20_000 },
    (_, i) => `key${String(i).padStart(6, '0')}\t${'v'.repeat(500)}\n`,
  )
  await varve(['load', db], rows.join(''))
  const { child, url } = await startServer(context, db)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /kv HTTP/1.1\r\nhost: localhost\r\n\r\n')
  let received = String((await once(socket, 'data'))[0])
  socket.pause()
  child.kill('SIGTERM')
  await once(child.stderr, 'data')
  await assert.rejects(fetch(`${url}/health`))
  socket.on('data', chunk => (received += chunk)).resume()
  await once(socket, 'end')
  assert.equal((await finished(child)).code, 0)
  assert.equal(received.match(/"key":"key/g)?.length, 20_000)
  assert.ok(received.endsWith('0\r\n\r\n'), 'the response must be whole')
  assert.match(await varve(['verify', db]), /^ok: /)
})

it('serves what was acknowledged before kill -9 to the next server', async context => {
  const db = join(await scratch(context), 'db')
  const first = await startServer(context, db)
  for (let i = 0; i < 50; i++) await fetch(`${first.url}/kv/k${i}`, { method: 'PUT', body: `v${i}` })
  first.child.kill('SIGKILL')
  await finished(first.child)
  const second = await startServer(context, db)
  for (let i = 0; i < 50; i++) assert.equal(await (await fetch(`${second.url}/kv/k${i}`)).text(), `v${i}`)
  second.child.kill('SIGINT')
  assert.equal((await finished(second.child)).code, 0)
})
