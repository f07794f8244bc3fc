/** Times to live over HTTP. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open } from 'varve'
import { serve } from '../index.ts'

async function start(t: TestContext): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-server-'))
  const families = { cache: { expiringKeys: true } }
  const store = await open(directory, { columnFamilies: families })
  const server = await serve(store, { port: 0, logLevel: 'silent' })
  t.after(async () => {
    await server.close()
    await store.close()
    await rm(directory, { recursive: true })
  })
  return (path, init) => fetch(`${server.url}${path}`, init)
}

test('a key that is put for a time is there until then, and rows say when that is', async t => {
  const ask = await start(t)
  const expiresAt = Date.now() + 3_600_000
  const put = (query: string) => ask(`/kv/${query}`, { method: 'PUT', body: 'x' })
  assert.equal((await put('a?cf=cache&ttl=3600.5')).status, 204)
  assert.equal((await put(`b?cf=cache&expiresAt=${expiresAt}`)).status, 204)
  assert.equal((await put('c?cf=cache&expiresAt=1')).status, 204)
  assert.equal((await put('d?cf=cache')).status, 204)
  const batch = [
    { type: 'put', key: 'e', value: 'x', columnFamily: 'cache', expiresAt },
    { type: 'put', key: 'f', value: 'x', columnFamily: 'cache', ttl: 0.001 },
  ]
  const headers = { 'content-type': 'application/json' }
  assert.equal((await ask('/batch', { method: 'POST', body: JSON.stringify(batch), headers })).status, 200)
  await new Promise(resolve => setTimeout(resolve, 3))
  const rows = (await (await ask('/kv?cf=cache')).text())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    rows.map(({ key }) => key),
    ['a', 'b', 'd', 'e'],
  )
  assert.ok(rows[0].expiresAt >= expiresAt + 500 && rows[0].expiresAt < expiresAt + 60_000)
  assert.deepEqual(
    rows.slice(1).map(row => row.expiresAt),
    [expiresAt, undefined, expiresAt],
  )
  assert.equal((await ask('/kv/c?cf=cache')).status, 404)
  assert.equal((await ask('/kv/f?cf=cache')).status, 404)
  assert.equal((await ask('/kv/b?cf=cache')).status, 200)
})

test('times that are none, and families without them, are refused', async t => {
  const ask = await start(t)
  const wrong = [
    'a?cf=cache&ttl=0',
    'a?cf=cache&ttl=-1',
    'a?cf=cache&ttl=soon',
    'a?cf=cache&ttl=1&expiresAt=5',
    'a?ttl=1',
  ]
  for (const query of wrong) {
    const answer = await ask(`/kv/${query}`, { method: 'PUT', body: 'x' })
    assert.equal(answer.status, 400, query)
    assert.match(await answer.text(), /"INVALID_ARGUMENT"/, query)
  }
  const body = JSON.stringify([{ type: 'put', key: 'a', value: 'x', columnFamily: 'cache', ttl: '10' }])
  const headers = { 'content-type': 'application/json' }
  assert.equal((await ask('/batch', { method: 'POST', body, headers })).status, 400)
  assert.equal((await ask('/kv/a')).status, 404)
})
