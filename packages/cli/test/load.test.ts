/** load and dump: everything goes in, everything comes out, and what was acknowledged stays. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'varve'
import { Loader } from '../loader.ts'
import type { InputFormat } from '../row-reader.ts'
import { finished, runVarve, scratch, startVarve, varve } from './run-varve.ts'

/** Rows of all byte values, in several column families. */
function mixedRows(): string[] {
  const rows: string[] = []
  for (let i = 0; i < 2000; i++) {
    const key = Buffer.from([i & 0xff, i >> 3, 0x0a, 0x5c]).toString('base64')
    const family = i % 3 === 0 ? '"columnFamily":"users",' : ''
    rows.push(`{${family}"keyBase64":"${key}","value":"v${i}\\n\\t\\u0000é"}`)
  }
  return rows
}

it('brings a dump back byte for byte, binary data and column families included', async context => {
  const directory = await scratch(context)
  const [first, second] = [join(directory, 'first'), join(directory, 'second')]
  await varve(['load', first, '--format', 'ndjson', '--batch', '100'], mixedRows().join('\n'))
  const dump = await varve(['dump', first])
  assert.ok(dump.split('\n').length > 1000)
  await varve(['load', second, '--format', 'ndjson'], Buffer.from(dump, 'latin1'))
  assert.equal(await varve(['dump', second]), dump)
  const third = join(directory, 'third')
  const rows = await varve(['scan', first])
  await varve(['load', third], Buffer.from(rows, 'latin1'))
  assert.equal(await varve(['scan', third]), rows)
})

it('says how much it loaded, and shows no bar where there is no terminal', async context => {
  const db = join(await scratch(context), 'db')
  const { stderr, stdout, code } = await runVarve(['load', db], 'a\t1\nb\t2\r\nc\t')
  assert.equal(code, 0)
  assert.equal(stdout, '')
  assert.match(stderr, /^loaded 3 rows, 11 B in 0:0\d \([\d,]+ rows\/s\)\n$/)
  assert.equal(await varve(['scan', db]), 'a\t1\nb\t2\nc\t\n')
})

it('stops at a bad line, names it, and keeps what was committed before', async context => {
  const directory = await scratch(context)
  const options = {
    batchLines: 2,
    sync: false,
    columnFamily: undefined,
    onCommit() {},
    signal: new AbortController().signal,
  }
  const cases: [line: string, problem: RegExp, format: InputFormat][] = [
    ['no tab', /line 5: there is no tab/, 'tsv'],
    ['a\\q\tb', /line 5: a backslash/, 'tsv'],
    ['a\\xG0\tb', /line 5: \\x/, 'tsv'],
    ['{"key":"secret"', /line 5: not valid JSON/, 'ndjson'],
    ['{"key":"secret"}', /line 5: value is missing/, 'ndjson'],
    ['{"key":"secret","value":"v","cf":"x"}', /line 5: unknown field/, 'ndjson'],
  ]
  for (const [line, problem, format] of cases) {
    const good = format === 'tsv' ? 'k%\tv' : '{"key":"k%","value":"v"}'
    const lines = [1, 2, 3, 4].map(number => good.replace('%', String(number)))
    const input = [...lines, line, good.replace('%', '5')].join('\n')
    await using database = await open(join(directory, `db${problem.source.length}${line.length}`))
    const loader = new Loader(database, { ...options, format })
    await assert.rejects(loader.load(Readable.from([Buffer.from(input)])), (error: Error) => {
      assert.match(error.message, problem)
      return !error.message.includes('secret')
    })
    assert.equal(loader.totals.lines, 4)
    assert.equal((await database.entries().toArray()).length, 4)
  }
  const result = await runVarve(['load', join(directory, 'db'), '--batch', '2'], 'a\tb\nc\td\nno tab\n')
  assert.equal(result.code, 1)
  assert.match(
    result.stderr,
    /^varve: INVALID_ARGUMENT: line 3: there is no tab [^\n]*; lines committed: 2\n$/,
  )
})

it('keeps every acknowledged line through kill -9', async context => {
  const db = join(await scratch(context), 'db')
  const child = startVarve(context, 'load', db, '--batch', '50', '--ack')
  let acknowledged = ''
  child.stdout.on('data', chunk => (acknowledged += chunk))
  let line = 0
  const timer = setInterval(() => {
    for (let i = 0; i < 100; i++, line++)
      child.stdin.write(`key${String(line).padStart(8, '0')}\tvalue${line}\n`)
  }, 1)
  child.stdin.on('error', () => undefined)
  while (acknowledged.split('\n').length < 40) await sleep(5)
  child.kill('SIGKILL')
  clearInterval(timer)
  await once(child, 'close')
  const count = Number(acknowledged.trim().split('\n').at(-1))
  assert.ok(count >= 1500)
  const rows = (await varve(['scan', db])).split('\n').slice(0, -1)
  assert.ok(rows.length >= count, `${rows.length} rows of ${count} acknowledged`)
  for (const [i, row] of rows.entries()) assert.equal(row, `key${String(i).padStart(8, '0')}\tvalue${i}`)
  assert.match(await varve(['verify', db]), /ok: /)
})

it('lets others read while it writes, however fast files come and go', async context => {
  const db = join(await scratch(context), 'db')
  await varve(['put', db, 'a', 'first'])
  const child = startVarve(context, 'load', db, '-o', 'write_buffer_size=65536')
  child.stdin.on('error', () => undefined)
  const row = `row\t${'x'.repeat(1000)}\n`
  const timer = setInterval(() => child.stdin.write(row.repeat(50)), 2)
  for (let i = 0; i < 2; i++) assert.equal(await varve(['scan', db, '--limit', '1']), 'a\tfirst\n')
  clearInterval(timer)
  child.stdin.end()
  assert.equal((await finished(child)).code, 0)
})

it('stops on Ctrl-C with what it has read, and goes on loading when nobody reads its acknowledgements', async context => {
  const db = join(await scratch(context), 'db')
  const child = startVarve(context, 'load', db, '--ack', '--batch', '1')
  child.stdin.write('a\t1\nb\t2\n')
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stdin.write('c\t3\nd\t4\ne\t')
  await sleep(200)
  child.kill('SIGINT')
  const { code, stderr } = await finished(child)
  assert.equal(code, 130)
  assert.match(stderr, /^varve: .*|^interrupted: loaded 4 rows/)
  assert.equal(await varve(['scan', db, '--keys-only']), 'a\nb\nc\nd\n')
})

it('ends quietly when nobody reads on', async context => {
  const directory = await scratch(context)
  const db = join(directory, 'db')
  const rows = Array.from({ length: 20_000 }, (_, i) => `key${i}\t${'v'.repeat(100)}\n`).join('')
  await writeFile(join(directory, 'rows'), rows)
  await varve(['load', db], rows)
  for (const args of [
    ['scan', db],
    ['dump', db],
  ]) {
    const child = startVarve(context, ...args)
    child.stdout.once('data', () => child.stdout.destroy())
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += chunk))
    const [code] = await once(child, 'close')
    assert.deepEqual([code, stderr], [0, ''], args.join(' '))
  }
})
