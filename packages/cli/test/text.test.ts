/** The pieces that turn bytes into text and back. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ByteWriter } from '@varve/format/bytes'
import fc from 'fast-check'
import { InputLines } from '../input-lines.ts'
import { formatHex, parseHex, showBytes } from '../key-text.ts'
import { formatBytes, formatDuration, ProgressBar } from '../progress-bar.ts'
import { splitWords } from '../shell/words.ts'
import { RowError, readEscaped, writeEscaped } from '../tsv.ts'

it('escapes any bytes into one column of one line, and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const out = new ByteWriter()
      writeEscaped(out, bytes)
      const line = Buffer.from(out.take())
      assert.ok(line.every(byte => byte >= 0x20 && byte !== 0x7f))
      assert.deepEqual(new Uint8Array(readEscaped(line, 0, line.length)), bytes)
    }),
  )
})

it('refuses escapes that it does not know or that are cut short', () => {
  for (const text of ['\\', 'a\\', '\\q', '\\x', '\\x0', '\\xg0', '\\N']) {
    const line = Buffer.from(text)
    assert.throws(() => readEscaped(line, 0, line.length), RowError, text)
  }
})

it('writes hex as ldb does and reads either case', () => {
  fc.assert(
    fc.property(fc.uint8Array(), bytes =>
      assert.deepEqual(new Uint8Array(parseHex(formatHex(bytes), 'KEY')), bytes),
    ),
  )
  assert.equal(formatHex(Buffer.from('k1')), '0x6B31')
  assert.equal(showBytes(Buffer.from('ü "x"')), '"ü \\"x\\""')
  assert.equal(showBytes(Buffer.from([0x1b, 0x5b])), '0x1B5B')
})

it('finds the same lines wherever the input is cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 5 })),
      fc.boolean(),
      fc.array(fc.nat(20)),
      (parts, ended, cuts) => {
        const text = parts.map(part => part.replaceAll('\n', '')).join('\n') + (ended ? '\n' : '')
        const expected = text.split('\n')
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(linesOf(Buffer.from(text), cuts), expected)
      },
    ),
  )
})

function linesOf(input: Buffer, cuts: readonly number[]): string[] {
  const lines = new InputLines()
  const found: string[] = []
  const take = () => found.push(lines.buffer.toString('utf8', lines.start, lines.end))
  let at = 0
  for (const size of [...cuts, input.length]) {
    // The stream may reuse its buffer: a copy that is wiped afterwards shows who keeps a view of it.
    const chunk = Buffer.from(input.subarray(at, at + size))
    at += chunk.length
    lines.add(chunk)
    while (lines.next()) take()
    chunk.fill(0x21)
  }
  if (lines.finish()) take()
  assert.equal(lines.number, found.length)
  return found
}

it('splits the words of the shell', () => {
  const words = (line: string) => splitWords(line).map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
  assert.deepEqual(words('  put user:1  "A d\\ta \\"x\\" \\\\"  '), ['put', 'user:1', 'A d\ta "x" \\'])
  assert.deepEqual(words('get 0x6B31 0x'), ['get', 'k1', ''])
  assert.deepEqual(words('put "" ""'), ['put', '', ''])
  assert.deepEqual(words('   '), [])
  for (const line of ['get "a', 'get "a"b', 'get 0x1', 'get "\\q"'])
    assert.throws(() => splitWords(line), RowError, line)
})

it('draws progress only on a terminal, within its width', () => {
  const drawn: string[] = []
  const stream = (isTTY: boolean) => ({ isTTY, columns: 100, write: (text: string) => drawn.push(text) })
  const silent = new ProgressBar('loading', 1000, stream(false))
  silent.update({ rows: 1, bytes: 1 })
  silent.finish()
  assert.equal(drawn.length, 0)
  const bar = new ProgressBar('loading', 1000, stream(true))
  bar.update({ rows: 1234, bytes: 500 })
  bar.finish()
  assert.match(
    drawn[0],
    /^\rloading {2}1,234 rows {2}[\d,]+ rows\/s {2}500 B {2}.*\[#{10}-{10}\] {2}50 % {2}ETA \d+:\d\d/,
  )
  assert.ok(drawn[0].length <= 100 + 4)
  assert.equal(drawn.at(-1), '\r\x1b[K')
  assert.deepEqual(
    [formatDuration(59.2), formatDuration(3661), formatBytes(1536)],
    ['1:00', '1:01:01', '1.5 KiB'],
  )
})
