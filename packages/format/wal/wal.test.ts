import assert from 'node:assert/strict'
import test from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { BatchCursor } from '../batch/index.ts'
import { ByteWriter, concatBytes, fromHex, toHex, writeUint32 } from '../bytes/index.ts'
import { crc32c, maskCrc } from '../checksum/index.ts'
import { loadVectors, sampleFiles } from '../test/vectors.ts'
import {
  BLOCK_LENGTH,
  FragmentType,
  HEADER_LENGTH,
  type LogDamage,
  LogFramer,
  type LogItem,
  LogReader,
  type LogReaderOptions,
} from './index.ts'

interface WalVector {
  hex: string
  records?: { offset: number; batchHex?: string; payloadHex?: string }[]
}

interface BlockPadding {
  leftInBlockAfterFirstRecord: number
  fileSize: number
  [bytesFrom: string]: string | number
}

const { block_padding: blockPadding } = loadVectors<{ block_padding: BlockPadding[] }>('wal')
const vectors = loadVectors<Record<string, WalVector>>('wal')
const zstdVector =
  loadVectors<Record<string, { hexPrefix: string; firstRecordDecompressed: string }>>('wal')[
    'zstd_compressed_by_7.8.3 (records are zstd frames; first record type 9)'
  ]

function itemsOf(bytes: Uint8Array, options?: LogReaderOptions): LogItem[] {
  const reader = new LogReader(bytes, options)
  const items: LogItem[] = []
  for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item)
  return items
}

function payloadsOf(bytes: Uint8Array, options?: LogReaderOptions): Uint8Array[] {
  return itemsOf(bytes, options).flatMap(item => {
    assert.equal(item.kind, 'record')
    return item.kind === 'record' ? [item.payload] : []
  })
}

function damageOf(bytes: Uint8Array, options?: LogReaderOptions): LogDamage[] {
  return itemsOf(bytes, options).filter(item => item.kind === 'damage')
}

function logOf(payloads: readonly Uint8Array[], recyclableLogNumber?: number): Uint8Array {
  const writer = new ByteWriter()
  const framer = new LogFramer(0, recyclableLogNumber)
  for (const payload of payloads) framer.frame(writer, payload)
  return writer.take()
}

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** One fragment of any type, with the right checksum. */
function fragment(type: number, payload: Uint8Array): Uint8Array {
  const bytes = concatBytes(new Uint8Array(HEADER_LENGTH), payload)
  bytes[4] = payload.length
  bytes[5] = payload.length >>> 8
  bytes[6] = type
  writeUint32(bytes, 0, maskCrc(crc32c(bytes, 6)))
  return bytes
}

test('every log in the vectors is read as it was written', () => {
  for (const [name, { hex, records }] of Object.entries(vectors)) {
    if (records === undefined) continue
    const items = itemsOf(fromHex(hex), { logNumber: 4 })
    assert.equal(items.length, records.length, name)
    items.forEach((item, index) => {
      const { offset, batchHex } = records[index]
      assert.ok(item.kind !== 'damage')
      assert.equal(item.offset, offset, name)
      if (item.kind === 'record') assert.equal(toHex(item.payload), batchHex, name)
      else assert.equal(batchHex, undefined, name)
    })
    assert.equal(items.at(-1)?.kind, 'record')
  }
})

test('every WAL of the sample databases holds write batches and nothing else', () => {
  let batches = 0
  for (const { path, name, bytes } of sampleFiles()) {
    if (!name.endsWith('.log')) continue
    for (const item of itemsOf(bytes)) {
      assert.ok(item.kind !== 'damage', path)
      if (item.kind !== 'record') continue
      const cursor = new BatchCursor(item.payload, path)
      while (cursor.next()) batches++
    }
  }
  assert.ok(batches > 10)
})

test('legacy WALs that RocksDB wrote come out bit for bit when framed again', () => {
  const fromVectors = Object.values(vectors).flatMap(({ hex, records }) =>
    hex !== undefined && records?.every(({ batchHex }) => batchHex !== undefined) ? [fromHex(hex)] : [],
  )
  const fromSamples = sampleFiles().flatMap(({ path, name, bytes }) =>
    name.endsWith('.log') && !/udt\/|pred\//.test(path) ? [bytes] : [],
  )
  for (const bytes of [...fromVectors, ...fromSamples]) {
    assert.equal(toHex(logOf(payloadsOf(bytes))), toHex(bytes))
  }
})

test('what is left in a block is padded or used as RocksDB does', () => {
  for (const vector of blockPadding) {
    const left = vector.leftInBlockAfterFirstRecord
    const payloads = [filled(BLOCK_LENGTH - HEADER_LENGTH - left, 1), Buffer.from('tail-record')]
    const bytes = logOf(payloads)
    assert.equal(bytes.length, vector.fileSize)
    const from = BLOCK_LENGTH - left
    assert.equal(toHex(bytes.subarray(from)), vector[`bytesFrom${from}`])
    assert.deepEqual(
      payloadsOf(bytes).map(toHex),
      payloads.map(payload => toHex(payload)),
    )
  }
})

test('a recycled log is read and written, and ends where its earlier life shows', () => {
  const hex = vectors['recyclable_lognum7'].hex
  const payloads = payloadsOf(fromHex(hex), { logNumber: 7 })
  assert.equal(payloads.length, 2)
  assert.equal(toHex(logOf(payloads, 7)), hex)
  const old = logOf([filled(100, 9), filled(100, 8)], 3)
  const bytes = concatBytes(fromHex(hex), old.subarray(fromHex(hex).length - 2))
  const recycled = concatBytes(logOf([filled(100, 1)], 7), old.subarray(111))
  const [first, second] = itemsOf(recycled, { logNumber: 7 })
  assert.equal(first.kind, 'record')
  assert.ok(second.kind === 'damage' && second.reason === 'record of an older log' && second.tail)
  assert.equal(second.intactAt, undefined)
  assert.equal(payloadsOf(bytes.subarray(0, fromHex(hex).length), { logNumber: 7 }).length, 2)
})

test('a compressed WAL that RocksDB wrote is decompressed', () => {
  const reader = new LogReader(fromHex(zstdVector.hexPrefix))
  const item = reader.next()
  assert.ok(item?.kind === 'record')
  assert.equal(reader.compressed, true)
  assert.equal(toHex(item.payload), zstdVector.firstRecordDecompressed)
  assert.equal(reader.next(), undefined)
})

test('compressed records may span blocks, and one that does not decompress is damage', () => {
  const writer = new ByteWriter()
  writer.append(fragment(FragmentType.SetCompression, Uint8Array.of(7, 0, 0, 0)))
  const framer = new LogFramer(writer.length)
  const payload = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 2654435761) >>> 13)
  framer.frame(writer, zstdCompressSync(payload))
  framer.frame(writer, filled(20, 1))
  framer.frame(writer, zstdCompressSync(filled(5, 2)))
  const [first, second, third] = itemsOf(writer.view())
  assert.ok(first.kind === 'record')
  assert.deepEqual(first.payload, payload)
  assert.ok(second.kind === 'damage' && second.reason === 'bad compressed record')
  assert.ok(third.kind === 'record')
  assert.deepEqual(third.payload, filled(5, 2))
})

test('a record that decompresses to more than is allowed is damage', () => {
  const compressed = fragment(FragmentType.Full, zstdCompressSync(filled(1_000_000, 0)))
  const bytes = concatBytes(fragment(FragmentType.SetCompression, Uint8Array.of(7, 0, 0, 0)), compressed)
  assert.equal(damageOf(bytes, { maxRecordLength: 999_999 }).length, 1)
  assert.equal(damageOf(bytes).length, 0)
})

test('facts about timestamps and the log before are read', () => {
  const [sizes] = itemsOf(fromHex(vectors['user_defined_timestamp_by_11.9'].hex))
  assert.ok(sizes.kind === 'timestampSizes')
  assert.deepEqual(sizes.sizes, [{ columnFamily: 0, size: 8 }])
  const [predecessor] = itemsOf(fromHex(vectors['predecessor_info_by_11.9'].hex))
  assert.ok(predecessor.kind === 'predecessor')
  const { logNumber, size, lastSequence } = predecessor
  assert.deepEqual([logNumber, size, lastSequence], [4, 24, 1])
})

const payloads = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(200), fc.nat(3 * BLOCK_LENGTH), fc.integer({ min: 32700, max: 32780 })),
    fc.nat(255),
  ),
  { maxLength: 12 },
)

test('records of any length come back, legacy and recyclable, from where the framer said they would be', () => {
  fc.assert(
    fc.property(payloads, fc.boolean(), (lengths, recyclable) => {
      const writer = new ByteWriter()
      const framer = new LogFramer(0, recyclable ? 5_000_000_000 : undefined)
      const ends = lengths.map(([length, byte]) => {
        const expected = framer.position + framer.encodedLength(length)
        framer.frame(writer, filled(length, byte))
        assert.equal(framer.position, expected)
        assert.equal(framer.position, writer.length)
        return framer.position
      })
      const items = itemsOf(writer.view(), { logNumber: 5_000_000_000 })
      assert.equal(items.length, lengths.length)
      items.forEach((item, index) => {
        assert.ok(item.kind === 'record')
        assert.deepEqual(item.payload, filled(...lengths[index]))
        assert.equal(item.end, ends[index])
        assert.equal(item.recyclable, recyclable)
      })
    }),
  )
})

test('a part of a larger buffer can be framed, at any place in a file', () => {
  const writer = new ByteWriter()
  new LogFramer(BLOCK_LENGTH * 3 - 3).frame(writer, Uint8Array.of(9, 1, 2, 3, 9), 1, 4)
  assert.equal(toHex(writer.view()), `000000${toHex(fragment(FragmentType.Full, Uint8Array.of(1, 2, 3)))}`)
})

test('zeros behind the last record end the log in silence', () => {
  const bytes = logOf([filled(50, 1)])
  for (const zeros of [1, 6, 7, 100, BLOCK_LENGTH, 3 * BLOCK_LENGTH]) {
    assert.equal(itemsOf(concatBytes(bytes, new Uint8Array(zeros))).length, 1, `${zeros} zeros`)
  }
})

test('zeros with records behind them are damage', () => {
  const bytes = logOf(Array.from({ length: 20 }, () => filled(4000, 1)))
  bytes.fill(0, 8014, 12021)
  const [damage, ...more] = damageOf(bytes)
  assert.deepEqual(more, [{ ...damage, ...more[0] }])
  assert.equal(damage.reason, 'zeroed area')
  assert.equal(damage.offset, 8014)
  assert.equal(damage.resumesAt, BLOCK_LENGTH)
})

test('a log cut anywhere gives the records that are whole, then says where the tail is torn', () => {
  const payloads = [filled(30, 1), filled(40_000, 2), filled(7, 3)]
  const bytes = logOf(payloads)
  const ends = itemsOf(bytes).map(item => (item.kind === 'record' ? item.end : 0))
  for (let length = 0; length < bytes.length; length += length > 32740 && length < 32800 ? 1 : 13) {
    const items = itemsOf(bytes.subarray(0, length))
    const whole = ends.filter(end => end <= length).length
    const records = items.filter(item => item.kind === 'record')
    assert.equal(records.length, whole)
    const lastEnd = whole === 0 ? 0 : ends[whole - 1]
    if (length === lastEnd) assert.equal(items.length, whole)
    else {
      const last = items.at(-1)
      assert.ok(last?.kind === 'damage' && last.tail, `cut at ${length}`)
      assert.equal(last.recordOffset, lastEnd)
      assert.equal(last.intactAt, undefined)
    }
  }
})

test('no flipped bit goes unseen', () => {
  const bytes = logOf([filled(20, 1), filled(30, 2), filled(10, 3)])
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bytes.slice()
      damaged[at] ^= 1 << bit
      const [damage] = damageOf(damaged)
      assert.ok(damage, `bit ${bit} of byte ${at}`)
      const record = at < 27 ? 0 : at < 64 ? 27 : 64
      assert.equal(damage.offset, record)
      // What follows the damaged record is found, so nobody takes this for a torn tail.
      assert.equal(damage.intactAt, record === 64 ? undefined : record === 0 ? 27 : 64)
    }
  }
})

test('reading goes on in the block behind the damage', () => {
  const bytes = logOf(Array.from({ length: 30 }, (_, i) => filled(5000, i)))
  bytes[100] ^= 1
  const [damage, missing, ...rest] = itemsOf(bytes)
  assert.ok(damage.kind === 'damage' && damage.reason === 'checksum mismatch')
  assert.equal(damage.resumesAt, BLOCK_LENGTH)
  assert.equal(damage.tail, false)
  assert.ok(missing.kind === 'damage' && missing.reason === 'missing start')
  assert.ok(rest.length > 20 && rest.every(item => item.kind === 'record'))
})

test('fragments that do not add up to a record are reported', () => {
  const one = Uint8Array.of(1)
  const { First, Middle, Last, Full } = FragmentType
  const reasons = (...types: number[]) =>
    itemsOf(concatBytes(...types.map(type => fragment(type, one)))).map(item =>
      item.kind === 'damage' ? item.reason : item.kind,
    )
  assert.deepEqual(reasons(First, Middle, Last), ['record'])
  assert.deepEqual(reasons(First, Full), ['partial record without end', 'record'])
  assert.deepEqual(reasons(First, First, Last), ['partial record without end', 'record'])
  assert.deepEqual(reasons(Middle, Full), ['missing start', 'record'])
  assert.deepEqual(reasons(Last, Full), ['missing start', 'record'])
  assert.deepEqual(reasons(Full, First), ['record', 'partial record without end'])
  assert.deepEqual(reasons(12, Full), ['unknown record type', 'record'])
  assert.deepEqual(reasons(140, Full), ['record'])
  const emptyFirst = concatBytes(fragment(First, new Uint8Array()), fragment(Full, one))
  assert.deepEqual(payloadsOf(emptyFirst), [one])
})

test('any bytes are read to their end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), bytes => {
      let last = 0
      for (const item of itemsOf(bytes)) {
        assert.ok(item.offset >= last)
        last = item.kind === 'damage' ? item.resumesAt : item.end
      }
    }),
  )
})

test('a megabyte of fragments that look intact and are not costs no more than a megabyte', () => {
  const bytes = new Uint8Array(1 << 20)
  for (let at = 0; at < bytes.length; at++) bytes[at] = at % 3 === 0 ? 1 : 0x70
  const started = performance.now()
  assert.equal(damageOf(bytes).length, bytes.length / BLOCK_LENGTH)
  assert.ok(performance.now() - started < 1000)
})

test('zeros up to the end of a log end it, wherever in memory they lie and whatever their number', () => {
  const log = logOf([new Uint8Array(7).fill(1)])
  for (let shift = 0; shift < 9; shift++) {
    for (let zeros = 0; zeros < 20; zeros++) {
      const bytes = new Uint8Array(new ArrayBuffer(100), shift, log.length + zeros)
      bytes.set(log)
      assert.equal(payloadsOf(bytes).length, 1)
    }
    // Behind so many zeros that they are no padding, a byte that is not zero is damage.
    const bytes = new Uint8Array(new ArrayBuffer(100), shift, log.length + 30)
    bytes.set(log)
    bytes[bytes.length - 1 - shift] = 1
    assert.equal(damageOf(bytes)[0].reason, 'zeroed area')
  }
})
