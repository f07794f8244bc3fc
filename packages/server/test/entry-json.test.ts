import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { EntryJsonError, formatEntry, parseObject, readBytesField, readColumnFamily } from '../entry-json.ts'

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map(text => new Uint8Array(Buffer.from(text))),
)

it('reads back exactly the bytes that were written, whatever they are', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.string({ minLength: 1 }), (key, value, columnFamily) => {
      const line = formatEntry(key, value, columnFamily)
      assert.ok(!line.includes('\n'))
      const object = parseObject(line)
      assert.deepEqual(new Uint8Array(readBytesField(object, 'key')), key)
      assert.deepEqual(new Uint8Array(readBytesField(object, 'value')), value)
      assert.equal(readColumnFamily(object) ?? 'default', columnFamily)
    }),
  )
})

it('shows text as text, a byte order mark included, and all else in base64', () => {
  assert.equal(formatEntry(Buffer.from('k'), Buffer.from('\ufeffé')), '{"key":"k","value":"\ufeffé"}')
  assert.equal(formatEntry(Buffer.from([0xed, 0xa0, 0x80])), '{"keyBase64":"7aCA"}')
  assert.equal(
    formatEntry(Buffer.from('k'), Buffer.alloc(0), 'users'),
    '{"columnFamily":"users","key":"k","value":""}',
  )
})

it('refuses what it could only guess at', () => {
  const bad: Record<string, unknown>[] = [
    {},
    { key: 1 },
    { key: 'a', keyHex: '61' },
    { key: '\udc00' },
    { keyBase64: 'AA' },
    { keyBase64: 'A=A=' },
    { keyBase64: 'AA==\n' },
    { keyHex: '0x1' },
    { keyHex: 'zz' },
  ]
  for (const object of bad)
    assert.throws(() => readBytesField(object, 'key'), EntryJsonError, JSON.stringify(object))
  assert.deepEqual(Buffer.from(readBytesField({ keyHex: '0X00fF' }, 'key')), Buffer.from([0, 255]))
  for (const text of ['', '[]', 'null', '1', '{', 'secret']) {
    assert.throws(
      () => parseObject(text),
      (error: Error) => error instanceof EntryJsonError && !error.message.includes('secret'),
    )
  }
})
