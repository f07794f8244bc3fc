/**
 * What the server promises to its clients, over any store. `memory.test.ts` runs it over a double,
 * `database.test.ts` over the real thing.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type RunningServer, type Store, serve } from '../index.ts'

export interface OpenStore {
  /** Has the column families `default` and `users`. */
  store: Store
  close(): Promise<void>
}

export function serverSuite(name: string, openStore: () => Promise<OpenStore>): void {
  describe(`the server over ${name}`, () => {
    let opened: OpenStore
    let server: RunningServer
    const url = (path: string) => `${server.url}${path}`

    before(async () => {
      opened = await openStore()
      server = await serve(opened.store, { port: 0, logLevel: 'silent' })
    })
    after(async () => {
      await server.close()
      await opened.close()
    })

    it('stores the body of a PUT and gives it back byte for byte', async () => {
      for (const value of [
        Buffer.from('Ada'),
        Buffer.alloc(0),
        Buffer.from([0, 255, 13, 10]),
        Buffer.alloc(1_000_000, 7),
      ]) {
        const put = await fetch(url('/kv/user%3A1'), { method: 'PUT', body: value })
        assert.equal(put.status, 204)
        const got = await fetch(url('/kv/user:1'))
        assert.equal(got.status, 200)
        assert.equal(got.headers.get('content-type'), 'application/octet-stream')
        assert.deepEqual(Buffer.from(await got.arrayBuffer()), value)
      }
    })

    it('takes any content type as bytes', async () => {
      for (const type of [
        'application/json',
        'text/plain; charset=latin1',
        'application/x-www-form-urlencoded',
      ]) {
        await fetch(url('/kv/typed'), { method: 'PUT', body: '{not json', headers: { 'content-type': type } })
        assert.equal(await (await fetch(url('/kv/typed'))).text(), '{not json')
      }
    })

    it('takes keys of any bytes: slashes, %FF, zero, an empty one, long ones', async () => {
      const keys = [
        'a/b//c',
        '%FF%FE',
        '%00',
        '',
        'plus+and%2Bplus',
        '%E2%82%AC',
        'x'.repeat(4000),
        'a%3Fb%23c%25',
      ]
      for (const key of keys) {
        assert.equal((await fetch(url(`/kv/${key}`), { method: 'PUT', body: `of ${key}` })).status, 204)
      }
      for (const key of keys) assert.equal(await (await fetch(url(`/kv/${key}`))).text(), `of ${key}`)
      for (const key of keys) assert.equal((await fetch(url(`/kv/${key}`), { method: 'DELETE' })).status, 204)
    })

    it('answers a missing key with 404 and a stable code', async () => {
      const answer = await fetch(url('/kv/nobody'))
      assert.equal(answer.status, 404)
      assert.deepEqual(await answer.json(), { error: { code: 'NOT_FOUND', message: 'no such key' } })
      assert.equal((await fetch(url('/get?key=nobody'))).status, 404)
      assert.equal((await fetch(url('/kv/nobody'), { method: 'HEAD' })).status, 404)
    })

    it('tells the length of a value to HEAD', async () => {
      await fetch(url('/kv/measured'), { method: 'PUT', body: 'twelve bytes' })
      const answer = await fetch(url('/kv/measured'), { method: 'HEAD' })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-length'), '12')
      assert.equal(await answer.text(), '')
    })

    it('deletes, and deleting again is no error', async () => {
      await fetch(url('/kv/gone'), { method: 'PUT', body: 'x' })
      for (let i = 0; i < 2; i++) {
        assert.equal((await fetch(url('/kv/gone'), { method: 'DELETE' })).status, 204)
        assert.equal((await fetch(url('/kv/gone'))).status, 404)
      }
    })

    it('serves the endpoints of River', async () => {
      const put = await fetch(url('/put?key=river%201'), { method: 'POST', body: 'water' })
      assert.deepEqual(await put.json(), { status: 'ok' })
      assert.equal(await (await fetch(url('/get?key=river+1'))).text(), 'water')
      assert.equal(await (await fetch(url('/kv/river%201'))).text(), 'water')
      const deleted = await fetch(url('/delete?key=river%201'), { method: 'DELETE' })
      assert.deepEqual(await deleted.json(), { status: 'ok' })
      assert.equal((await fetch(url('/get?key=river%201'))).status, 404)
      assert.deepEqual(await (await fetch(url('/health'))).json(), { status: 'ok' })
      const stats = (await (await fetch(url('/stats'))).json()) as {
        server: { requests: number }
        store: object
      }
      assert.ok(stats.server.requests > 0)
      assert.equal(typeof stats.store, 'object')
      assert.equal((await fetch(url('/get'))).status, 400)
    })

    it('keeps column families apart and refuses unknown ones', async () => {
      await fetch(url('/kv/shared'), { method: 'PUT', body: 'default' })
      await fetch(url('/kv/shared?cf=users'), { method: 'PUT', body: 'users' })
      assert.equal(await (await fetch(url('/kv/shared'))).text(), 'default')
      assert.equal(await (await fetch(url('/kv/shared?cf=users'))).text(), 'users')
      assert.equal(
        await (await fetch(url('/kv?cf=users&prefix=shared'))).text(),
        '{"columnFamily":"users","key":"shared","value":"users"}\n',
      )
      for (const path of ['/kv/shared?cf=nobody', '/kv?cf=nobody']) {
        const answer = await fetch(url(path))
        assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`)
      }
    })

    it('applies a batch as a whole or not at all', async () => {
      const batch = (body: unknown) =>
        fetch(url('/batch?sync=true'), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const done = await batch([
        { type: 'put', key: 'batch/1', value: 'one' },
        { type: 'put', keyBase64: '/w==', valueHex: '0x00FF' },
        { type: 'put', key: 'batch/2', value: 'two', columnFamily: 'users' },
        { type: 'delete', key: 'batch/1' },
      ])
      assert.equal(done.status, 200)
      assert.deepEqual(await done.json(), { operations: 4 })
      assert.equal((await fetch(url('/kv/batch/1'))).status, 404)
      assert.deepEqual(Buffer.from(await (await fetch(url('/kv/%FF'))).arrayBuffer()), Buffer.from([0, 255]))
      assert.equal(await (await fetch(url('/kv/batch/2?cf=users'))).text(), 'two')

      const refused = await batch([
        { type: 'put', key: 'batch/3', value: 'three' },
        { type: 'put', key: 'batch/3', value: 'x', columnFamily: 'nobody' },
      ])
      assert.ok(refused.status >= 400 && refused.status < 500)
      assert.equal((await fetch(url('/kv/batch/3'))).status, 404)
    })

    it('names the operation at fault in a bad batch, and never its key', async () => {
      const bad: unknown[] = [
        {},
        'text',
        [1],
        [{ type: 'put', key: 'k' }],
        [{ type: 'put', key: 'k', value: 1 }],
        [{ type: 'merge', key: 'k', value: 'v' }],
        [{ type: 'put', key: 'k', keyHex: '6b', value: 'v' }],
        [{ type: 'put', keyBase64: '%%%', value: 'v' }],
        [{ type: 'delete', key: 'k', value: 'v' }],
        [{ type: 'put', key: '\ud800', value: 'v' }],
        [{ type: 'put', key: 'k', value: 'v', columnfamily: 'users' }],
      ]
      for (const body of bad) {
        const answer = await fetch(url('/batch'), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        const { error } = (await answer.json()) as { error: { code: string; message: string } }
        assert.equal(answer.status, 400, JSON.stringify(body))
        assert.equal(error.code, 'INVALID_ARGUMENT')
      }
      const noJson = await fetch(url('/batch'), {
        method: 'POST',
        body: '[]',
        headers: { 'content-type': 'text/plain' },
      })
      assert.equal(noJson.status, 415)
    })

    it('scans in order, with bounds, prefix, limit and reverse', async () => {
      const keys = Array.from({ length: 500 }, (_, i) => `scan/${String(i).padStart(3, '0')}`)
      await opened.store.write(
        keys.map(key => ({ type: 'put' as const, key: Buffer.from(key), value: Buffer.from(`v${key}`) })),
      )
      const scan = async (query: string): Promise<string[]> => {
        const answer = await fetch(url(`/kv?${query}`))
        assert.equal(answer.status, 200, query)
        assert.equal(answer.headers.get('content-type'), 'application/x-ndjson')
        return (await answer.text())
          .split('\n')
          .slice(0, -1)
          .map(line => (JSON.parse(line) as { key: string }).key)
      }
      assert.deepEqual(await scan('prefix=scan/'), keys)
      assert.deepEqual(await scan('start=scan/100&end=scan/103'), keys.slice(100, 103))
      assert.deepEqual(await scan('prefix=scan/&reverse=true&limit=2'), [keys[499], keys[498]])
      assert.deepEqual(await scan('prefix=scan/&limit=0'), [])
      assert.deepEqual(await scan('start=scan/&end=scan0&limit=&reverse=&prefix='), keys)
      assert.deepEqual(await scan('prefix=nothing'), [])
      assert.equal(
        await (await fetch(url('/kv?prefix=scan/000&keysOnly=true'))).text(),
        '{"key":"scan/000"}\n',
      )
    })

    it('prints bytes that are not text in base64', async () => {
      await fetch(url('/kv/%FE%FF'), { method: 'PUT', body: Buffer.from([0xc3]) })
      assert.equal(
        await (await fetch(url('/kv?prefix=%FE%FF'))).text(),
        '{"keyBase64":"/v8=","valueBase64":"ww=="}\n',
      )
    })

    it('refuses arguments it does not know or understand', async () => {
      const bad = [
        '/kv?limit=-1',
        '/kv?limit=1e3',
        '/kv?limit=99999999999',
        '/kv?revers=true',
        '/kv?reverse=maybe',
        '/kv?reverse',
        '/kv?limit=1&limit=2',
        '/kv/%zz',
        '/kv/%F',
        '/kv/a?start=b',
        '/stats?x=1',
      ]
      for (const path of bad) {
        const answer = await fetch(url(path))
        const { error } = (await answer.json()) as { error: { code: string } }
        assert.deepEqual([answer.status, error.code], [400, 'INVALID_ARGUMENT'], path)
      }
    })

    it('answers unknown paths with 404 and known paths of another method with 405', async () => {
      assert.equal((await fetch(url('/nothing'))).status, 404)
      const answer = await fetch(url('/batch'))
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), 'POST')
      assert.equal((await fetch(url('/kv/a'), { method: 'POST', body: 'x' })).status, 405)
    })

    it('serves 64 clients at once without mixing them up', async () => {
      const client = async (id: number): Promise<void> => {
        for (let i = 0; i < 20; i++) {
          const key = `client/${id}/${i}`
          await fetch(url(`/kv/${key}`), { method: 'PUT', body: key.repeat(10) })
          assert.equal(await (await fetch(url(`/kv/${key}`))).text(), key.repeat(10))
        }
      }
      await Promise.all(Array.from({ length: 64 }, (_, id) => client(id)))
      const rows = (await (await fetch(url('/kv?prefix=client/'))).text()).trim().split('\n')
      assert.equal(rows.length, 64 * 20)
    })
  })
}
