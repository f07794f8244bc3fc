import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeRangeDeletions } from '../block/index.ts'
import { concatBytes, encodeUtf8, toHex, writeUint32 } from '../bytes/index.ts'
import { dumpTable } from '../dump/index.ts'
import { CorruptionError, isVarveError } from '../errors/index.ts'
import { openFilter } from '../filter/index.ts'
import { compareInternalKeys, makeInternalKey } from '../key/index.ts'
import {
  decodeBlockPayload,
  decodeFooter,
  decodeProperties,
  expectedChecksum,
  MemorySource,
  readBlockPayload,
  readRangeDeletions,
  readTableLayout,
  TableBuilder,
  type TableBuilderOptions,
  TableScan,
  type TableSummary,
} from './index.ts'
import { sampleTables } from './test/sample-tables.ts'

interface Entry {
  key: Uint8Array
  value: Uint8Array
}

const COMPRESSIONS = [0, 1, 2, 4, 7]

const entryOf = fc.record({
  user: fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.nat(3000).map(n => encodeUtf8(`user${String(n).padStart(6, '0')}`)),
  ),
  sequence: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  type: fc.constantFrom(0, 1, 7),
  value: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(300).map(length => new Uint8Array(length).fill(length)),
  ),
})
const sortedEntries: fc.Arbitrary<Entry[]> = fc.array(entryOf, { maxLength: 150 }).map(drafts => {
  const entries = drafts.map(({ user, sequence, type, value }) => ({
    key: makeInternalKey(user, sequence, type),
    value,
  }))
  entries.sort((a, b) => order(a.key, b.key))
  return entries.filter((entry, i) => i === 0 || order(entries[i - 1].key, entry.key) !== 0)
})
const options: fc.Arbitrary<TableBuilderOptions> = fc.record({
  formatVersion: fc.integer({ min: 2, max: 7 }),
  checksumType: fc.integer({ min: 0, max: 4 }),
  compression: fc.constantFrom(...COMPRESSIONS),
  blockSize: fc.constantFrom(1, 64, 300, 4096),
  blockRestartInterval: fc.integer({ min: 1, max: 20 }),
  indexBlockRestartInterval: fc.integer({ min: 1, max: 5 }),
  bloomBitsPerKey: fc.constantFrom(undefined, 10),
  wholeKeyFiltering: fc.boolean(),
  ribbonFilter: fc.boolean(),
  hashTableUtilRatio: fc.constantFrom(0, 0, 0.1, 0.75, 5),
  partitionIndex: fc.boolean(),
  partitionFilters: fc.boolean(),
  metadataBlockSize: fc.constantFrom(1, 40, 300),
  prefixExtractor: fc.constantFrom(undefined, 'rocksdb.FixedPrefix.2', 'rocksdb.CappedPrefix.5'),
  maxDictBytes: fc.constantFrom(0, 0, 1, 50, 100_000),
  maxDictBufferBytes: fc.constantFrom(0, 1, 500),
})

function order(a: Uint8Array, b: Uint8Array): number {
  return compareInternalKeys(a, 0, a.length, b, 0, b.length)
}

function build(entries: Entry[], options: TableBuilderOptions): { bytes: Uint8Array; summary: TableSummary } {
  const chunks: Uint8Array[] = []
  const builder = new TableBuilder(options, chunk => chunks.push(new Uint8Array(chunk)))
  for (const { key, value } of entries) builder.add(key, 0, key.length, value, 0, value.length)
  const summary = builder.finish()
  return { bytes: concatBytes(...chunks), summary }
}

function scanAll(bytes: Uint8Array): Entry[] {
  const scan = new TableScan(new MemorySource(bytes, 'table'))
  const entries: Entry[] = []
  for (let on = scan.first(); on; on = scan.next()) {
    entries.push({ key: scan.cursor.key(), value: new Uint8Array(scan.cursor.value()) })
  }
  return entries
}

function hundredEntries(): Entry[] {
  return Array.from({ length: 100 }, (_, i) => ({
    key: makeInternalKey(encodeUtf8(`key${String(i).padStart(4, '0')}`), i + 1, 1),
    value: encodeUtf8(`value ${i} `.repeat(4)),
  }))
}

describe('a table built', () => {
  it('holds what was put into it, in every format', () => {
    fc.assert(
      fc.property(sortedEntries, options, (entries, options) => {
        const { bytes, summary } = build(entries, options)
        assert.deepEqual(scanAll(bytes), entries)
        const sequences = entries.map(({ key }) =>
          Number(new DataView(key.buffer).getBigUint64(key.length - 8, true) >> 8n),
        )
        assert.equal(summary.fileSize, bytes.length)
        assert.equal(summary.entries, entries.length)
        assert.equal(summary.properties.entries, entries.length)
        assert.equal(summary.deletions, entries.filter(({ key }) => key[key.length - 8] !== 1).length)
        assert.deepEqual(summary.smallest, entries[0]?.key ?? new Uint8Array(0))
        assert.deepEqual(summary.largest, entries.at(-1)?.key ?? new Uint8Array(0))
        assert.equal(summary.smallestSequence, entries.length === 0 ? 0 : Math.min(...sequences))
        assert.equal(summary.largestSequence, Math.max(0, ...sequences))
        const { properties } = readTableLayout(new MemorySource(bytes))
        assert.deepEqual([...summary.properties.raw].sort(), [...properties!.raw].sort())
        assert.equal(summary.tailSize, bytes.length - properties!.dataSize!)
      }),
    )
  })

  it('answers seeks as a sorted array does', () => {
    fc.assert(
      fc.property(sortedEntries, options, fc.array(entryOf), (entries, options, targets) => {
        const scan = new TableScan(new MemorySource(build(entries, options).bytes))
        for (const { user, sequence, type } of targets) {
          const target = makeInternalKey(user, sequence, type)
          const view = new DataView(target.buffer, user.length)
          const found = scan.seek(user, 0, user.length, view.getUint32(0, true), view.getUint32(4, true))
          const expected = entries.find(({ key }) => order(key, target) >= 0)
          assert.equal(found, expected !== undefined)
          if (expected !== undefined) assert.deepEqual(scan.cursor.key(), expected.key)
        }
      }),
    )
  })

  it('has a filter that matches every key', () => {
    const entries = hundredEntries()
    const source = new MemorySource(build(entries, { bloomBitsPerKey: 10 }).bytes)
    const layout = readTableLayout(source)
    const filter = openFilter(readBlockPayload(source, layout.filter!, layout.footer, 'filter'))
    for (const { key } of entries) assert.ok(filter.mayMatch(key, 0, key.length - 8))
  })

  it('takes keys and values from inside larger buffers, and keeps no view of them', () => {
    const buffer = Buffer.alloc(64)
    const chunks: Uint8Array[] = []
    const builder = new TableBuilder({ compression: 0 }, chunk => chunks.push(new Uint8Array(chunk)))
    for (const letter of ['a', 'b', 'c']) {
      const key = makeInternalKey(encodeUtf8(letter), 7, 1)
      buffer.fill(0xee)
      buffer.set(key, 5)
      buffer.set(encodeUtf8(letter.repeat(3)), 30)
      builder.add(buffer, 5, 5 + key.length, buffer, 30, 33)
    }
    buffer.fill(0)
    const summary = builder.finish()
    assert.equal(toHex(summary.smallest), toHex(makeInternalKey(encodeUtf8('a'), 7, 1)))
    assert.deepEqual(
      scanAll(concatBytes(...chunks)).map(({ value }) => new TextDecoder().decode(value)),
      ['aaa', 'bbb', 'ccc'],
    )
  })

  it('refuses keys out of order, keys that are none, and options out of range', () => {
    const builder = new TableBuilder({}, () => undefined)
    const key = makeInternalKey(encodeUtf8('b'), 5, 1)
    builder.add(key, 0, key.length, key, 0, 0)
    const older = makeInternalKey(encodeUtf8('b'), 6, 1)
    assert.throws(() => builder.add(older, 0, older.length, key, 0, 0), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => builder.add(key, 0, key.length, key, 0, 0), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => builder.add(key, 0, 7, key, 0, 0), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => new TableBuilder({ formatVersion: 8 }, () => undefined), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => new TableBuilder({ blockSize: 0 }, () => undefined), { code: 'INVALID_ARGUMENT' })
  })

  it('may hold an entry far larger than a block', () => {
    const value = new Uint8Array(3_000_000).map((_, i) => i * 31)
    const entries = hundredEntries()
    entries[50].value = value
    assert.deepEqual(scanAll(build(entries, { compression: 4 }).bytes), entries)
  })
})

describe('from format_version 6 on', () => {
  for (const formatVersion of [6, 7]) {
    const options = { formatVersion, blockSize: 300, compression: 0, originalFileNumber: 7 }
    const { bytes } = build(hundredEntries(), options)
    const { offsets, sizes, count } = new TableScan(new MemorySource(bytes)).index
    const first = count >> 1
    const second = sizes.indexOf(sizes[first], first + 1)
    const block = bytes.subarray(offsets[first], offsets[first] + sizes[first] + 5)

    it(`a block that lies where another of its table belongs is noticed: version ${formatVersion}`, () => {
      const misplaced = new Uint8Array(bytes)
      misplaced.set(block, offsets[second])
      assert.throws(() => scanAll(misplaced), CorruptionError)
    })

    it(`a block of another table at the same place is noticed: version ${formatVersion}`, () => {
      const other = build(hundredEntries(), { ...options, originalFileNumber: 8 }).bytes
      other.set(block, offsets[first])
      assert.throws(() => scanAll(other), CorruptionError)
    })
  }

  it('version 7 names the codecs that blocks really have, as RocksDB does', () => {
    const nameWith = (compression: number) =>
      build(hundredEntries(), { formatVersion: 7, compression }).summary.properties.compression
    assert.deepEqual([0, 1, 7].map(nameWith), [';;', 'BuiltinV2;01;', 'BuiltinV2;07;'])
  })
})

describe('a damaged table', () => {
  const entries = hundredEntries()
  for (const [name, bytes] of [
    ['built here', build(entries, { blockSize: 256, compression: 4, bloomBitsPerKey: 10 }).bytes],
    ...sampleTables()
      .filter(({ name }) => /7.8.3\/(rangedel|tiny)|11.9.0\/(tiny|sepkv)/.test(name))
      .map(({ name, bytes }): [string, Uint8Array] => [name, bytes]),
  ] as const) {
    it(`never gives other entries than were written: ${name}`, () => {
      const whole = readEverything(bytes)
      fc.assert(
        fc.property(fc.nat(bytes.length * 8 - 1), bit => {
          const damaged = new Uint8Array(bytes)
          damaged[bit >> 3] ^= 1 << (bit & 7)
          try {
            assert.deepEqual(readEverything(damaged), whole)
          } catch (error) {
            assert.ok(
              isVarveError(error, 'CORRUPTION') || isVarveError(error, 'NOT_SUPPORTED'),
              String(error),
            )
          }
        }),
        { numRuns: 400 },
      )
    })
  }

  it('is refused with file and offset, quickly, whatever its bytes', () => {
    const start = performance.now()
    fc.assert(
      fc.property(
        fc.constantFrom(...sampleTables()),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 20 }),
        fc.nat(2000),
        ({ bytes }, damages, cut) => {
          const damaged = new Uint8Array(bytes.subarray(0, bytes.length - (cut < 1000 ? 0 : cut - 1000)))
          for (const [at, value] of damages) damaged[at % damaged.length] = value
          try {
            readEverything(damaged)
          } catch (error) {
            if (isVarveError(error, 'NOT_SUPPORTED')) return
            assert.ok(error instanceof CorruptionError, String(error))
            assert.equal(error.file, 'table')
            assert.ok(typeof error.offset === 'number')
          }
        },
      ),
      { numRuns: 400 },
    )
    assert.ok(performance.now() - start < 10_000)
  })
})

describe('a table whose checksums are right', () => {
  it('is still read or refused, quickly, whatever its blocks hold', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...sampleTables()),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        ({ bytes }, damages) => {
          const blocks = handlesOf(bytes)
          const { footer } = readTableLayout(new MemorySource(bytes))
          const damaged = new Uint8Array(bytes)
          for (const [at, value] of damages) damaged[at % footer.offset] = value
          for (const { offset, size } of blocks) {
            const raw = damaged.subarray(offset, offset + size + 5)
            writeUint32(raw, size + 1, expectedChecksum(raw, offset, footer))
          }
          const start = performance.now()
          for (const read of [readEverything, seekEverywhere, dump]) {
            try {
              read(damaged)
            } catch (error) {
              assert.ok(
                isVarveError(error, 'CORRUPTION') || isVarveError(error, 'NOT_SUPPORTED'),
                String(error),
              )
            }
          }
          assert.ok(performance.now() - start < 2000)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives no more than a corruption error for bare bytes in any decoder', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        for (const decode of [
          () => decodeProperties(bytes, 'f'),
          () => decodeRangeDeletions(bytes, 'f'),
          () => decodeFooter(bytes, 1000, 'f'),
          () => readTableLayout(new MemorySource(bytes, 'f')),
          () =>
            decodeBlockPayload(
              bytes,
              0,
              { formatVersion: 5, checksumType: 0, baseContextChecksum: 0 },
              { file: 'f' },
            ),
        ]) {
          try {
            decode()
          } catch (error) {
            assert.ok(
              isVarveError(error, 'CORRUPTION') || isVarveError(error, 'NOT_SUPPORTED'),
              String(error),
            )
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Where all blocks of a sound table lie. */
function handlesOf(bytes: Uint8Array): { offset: number; size: number }[] {
  const lines: string[] = []
  dumpTable(new MemorySource(bytes), line => lines.push(line))
  return lines.flatMap(line => {
    const match = /^--- .* block: offset (\d+) .* payload size (\d+)$/.exec(line)
    return match === null ? [] : [{ offset: Number(match[1]), size: Number(match[2]) }]
  })
}

function seekEverywhere(bytes: Uint8Array): void {
  const scan = new TableScan(new MemorySource(bytes, 'table'))
  const target = encodeUtf8('key00003')
  for (let end = 0; end <= target.length; end++) {
    if (!scan.seek(target, 0, end, 1, 0)) continue
    for (let steps = 0; steps < 100 && scan.cursor.prev(); steps++);
  }
}

function dump(bytes: Uint8Array): void {
  dumpTable(new MemorySource(bytes, 'table'), () => undefined)
}

/** All that a reader of the table would take from it. */
function readEverything(bytes: Uint8Array): unknown {
  const source = new MemorySource(bytes, 'table')
  const layout = readTableLayout(source)
  const { filter, footer, properties } = layout
  return {
    entries: scanAll(bytes),
    rangeDeletions: readRangeDeletions(source, layout),
    properties: properties?.raw,
    filter: filter && readBlockPayload(source, filter, footer, 'filter'),
  }
}
