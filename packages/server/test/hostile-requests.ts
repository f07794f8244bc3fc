/** Requests whose framing can be read in two ways, or in none: what request smuggling is made of. */

const HEAD = 'PUT /kv/a HTTP/1.1\r\nhost: localhost\r\n'

const contentLengths = [
  '',
  ' ',
  '-1',
  '+1',
  '1 1',
  '1,1',
  '0x1',
  '1e0',
  '1.0',
  '99999999999999999999',
  '1;',
  'a',
  '1\v',
  '1\0',
  '１',
]

const transferEncodings = [
  'xchunked',
  'identity',
  'gzip',
  'chunked, gzip',
  'chunked;q=1',
  'chunked, identity',
  '"chunked"',
  'chu nked',
  'chunked\v',
  '\vchunked',
  'chunked,chunked',
  '',
  'chunked\0',
]

const lengthNames = [
  'content-length ',
  ' content-length',
  '\tcontent-length',
  'content\0-length',
  'content-length\v',
  'con tent-length',
  'content-length\r',
  ':content-length',
  '',
]

const chunkSizes = ['-1', '0x1', 'g', '', 'FFFFFFFFFFFFFFFFF', ' 1', '1 1', '+1', '1\v', '1_', '1\n', '0\n']

/** Each begins a connection; what follows it must not be read as a request. */
export const hostileRequests: readonly string[] = [
  ...contentLengths.map(value => `${HEAD}content-length: ${value}\r\n\r\nx`),
  ...contentLengths.slice(2).map(value => `${HEAD}content-length: ${value}\r\ncontent-length: 1\r\n\r\nx`),
  `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nx`,
  ...transferEncodings.map(value => `${HEAD}transfer-encoding: ${value}\r\n\r\n0\r\n\r\n`),
  ...transferEncodings.map(
    value => `${HEAD}content-length: 5\r\ntransfer-encoding: ${value}\r\n\r\n0\r\n\r\n`,
  ),
  `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${HEAD}transfer-encoding: CHUNKED\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
  `${HEAD}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  `${HEAD}x: a\r\n b\r\ntransfer-encoding: chunked\r\n\r\nz\r\n\r\n`,
  ...lengthNames.map(name => `${HEAD}${name}: 1\r\n\r\nx`),
  ...chunkSizes.map(size => `${HEAD}transfer-encoding: chunked\r\n\r\n${size}\r\nx\r\n0\r\n\r\n`),
  'PUT /kv/a HTTP/1.1\nhost: localhost\n\n',
  'GET /kv/a HTTP/9.9\r\nhost: localhost\r\n\r\n',
  'nonsense\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
]
