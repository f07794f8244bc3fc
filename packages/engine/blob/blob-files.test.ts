import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BlobCursor, type BlobIndex, decodeBlobIndex } from '@varve/format/blob'
import { isVarveError } from '@varve/format/errors'
import { SimulatedDisk } from '@varve/testkit/disk'
import fc from 'fast-check'
import { BlobFileBuilder, type BlobFileBuilderOptions } from './blob-file-builder.ts'
import { BlobFileReader } from './blob-file-reader.ts'
import { BlobFileScan } from './blob-file-scan.ts'
import { addGarbage, BlobGarbageMeter } from './garbage-meter.ts'

const options: BlobFileBuilderOptions = {
  directory: '/db',
  columnFamily: 3,
  minBlobSize: 0,
  blobFileSize: 1000,
  compression: 0,
  fileNumbers: { first: 10, count: 1000 },
}

type Rows = { key: Uint8Array; value: Uint8Array }[]

interface Written {
  disk: SimulatedDisk
  builder: BlobFileBuilder
  references: BlobIndex[]
}

async function write(rows: Rows, given: Partial<BlobFileBuilderOptions> = {}): Promise<Written> {
  const disk = new SimulatedDisk()
  await disk.makeDirectory('/db')
  const builder = new BlobFileBuilder(disk, { ...options, ...given })
  const references = rows.map(({ key, value }) => {
    // Neither lies at the beginning of its memory.
    const padded = Buffer.concat([Buffer.from('pad'), value, Buffer.from('pad')])
    builder.add(Buffer.concat([key, Buffer.from('trailer.')]), key.length, padded, 3, 3 + value.length)
    return decodeBlobIndex(builder.index.slice(0, builder.indexLength))
  })
  builder.finish()
  return { disk, builder, references }
}

function readerOf({ disk, builder }: Written, number: number, columnFamily = 3): BlobFileReader {
  const record = builder.additions.find(addition => addition.number === number)
  assert.ok(record)
  return BlobFileReader.openSync(disk, `/db/${String(number).padStart(6, '0')}.blob`, {
    ...record,
    columnFamily,
  })
}

/** Short and long, easy and hard to compress. */
const row = fc.record({
  key: fc.uint8Array({ maxLength: 40 }),
  value: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.integer({ min: 0, max: 300_000 }), fc.nat(255))
      .map(([length, byte]) => new Uint8Array(length).fill(byte)),
  ),
})

describe('values that are written to blob files', () => {
  for (const compression of [0, 1, 2, 4, 7]) {
    test(`are read back, each with its key (compression ${compression})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { minLength: 1, maxLength: 30 }),
          fc.integer({ min: 1, max: 600_000 }),
          async (rows, blobFileSize) => {
            const written = await write(rows, { compression, blobFileSize })
            for (const [i, { key, value }] of rows.entries()) {
              const reader = readerOf(written, written.references[i].fileNumber)
              assert.deepEqual(Buffer.from(reader.readSync(written.references[i], key)), Buffer.from(value))
              assert.deepEqual(Buffer.from(await reader.read(written.references[i], key)), Buffer.from(value))
              reader.file.closeSync()
            }
          },
        ),
        { numRuns: 30 },
      )
    })
  }

  test('are counted as the format has them, file by file', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      key: Buffer.from(`key${i}`),
      value: Buffer.alloc(200, i),
    }))
    const { disk, builder } = await write(rows)
    assert.equal(builder.additions.length, 4)
    for (const { number, totalCount, totalBytes } of builder.additions) {
      const bytes = await disk.readFile(`/db/0000${number}.blob`)
      const cursor = new BlobCursor(bytes)
      let sum = 0
      while (cursor.next()) sum += cursor.valueEnd - cursor.recordStart
      assert.deepEqual([cursor.count, sum, sum + 62], [totalCount, totalBytes, bytes.length])
      assert.ok(bytes.length >= 1000 && bytes.length < 1400)
      const scan = new BlobFileScan(disk.openSync(`/db/0000${number}.blob`, 'read'))
      const sizes = [...scan.run()]
      assert.deepEqual([scan.count, scan.bytes, sizes.length], [totalCount, totalBytes, totalCount])
    }
  })

  test('go on in the last file when there are no numbers left', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      key: Buffer.from(`key${i}`),
      value: Buffer.alloc(200, i),
    }))
    const { builder } = await write(rows, { fileNumbers: { first: 10, count: 2 } })
    assert.deepEqual(
      builder.additions.map(({ totalCount }) => totalCount),
      [5, 15],
    )
  })

  test('leave nothing behind when the job that wrote them gives up', async () => {
    const rows = Array.from({ length: 7 }, (_, i) => ({
      key: Buffer.from(`key${i}`),
      value: Buffer.alloc(200, i),
    }))
    const { disk, builder } = await write(rows)
    builder.add(Buffer.from('k'), 1, Buffer.from('v'), 0, 1)
    assert.equal((await disk.list('/db')).length, 3)
    builder.abandon()
    assert.deepEqual(await disk.list('/db'), [])
    assert.equal(disk.openHandles, 0)
  })
})

describe('a reference that does not hold', () => {
  const rows = [1, 2, 3].map(i => ({ key: Buffer.from(`key${i}`), value: Buffer.alloc(100, i) }))
  const wrong: [string, (reference: BlobIndex) => Partial<BlobIndex>][] = [
    ['another place', ({ offset }) => ({ offset: offset + 1 })],
    ['before the records', () => ({ offset: 20 })],
    ['beyond them', ({ offset }) => ({ offset: offset + 10_000 })],
    ['less', ({ size }) => ({ size: size - 1 })],
    ['more', ({ size }) => ({ size: size + 1 })],
    ['far more', () => ({ size: 2 ** 50 })],
    ['another compression', () => ({ compression: 1 })],
  ]
  for (const [name, change] of wrong) {
    test(`is refused with file and place: ${name}`, async () => {
      const written = await write(rows)
      const reader = readerOf(written, 10)
      for (const [i, reference] of written.references.entries()) {
        assert.throws(
          () => reader.readSync({ ...reference, ...change(reference) }, rows[i].key),
          error =>
            isVarveError(error, 'CORRUPTION') &&
            error.file === '/db/000010.blob' &&
            error.offset !== undefined,
        )
      }
    })
  }

  test('is refused: the value of another key', async () => {
    const written = await write(rows)
    const reader = readerOf(written, 10)
    const isRefused = (error: unknown) => isVarveError(error, 'CORRUPTION')
    for (const key of ['key2', 'key', 'key11']) {
      assert.throws(() => reader.readSync(written.references[0], Buffer.from(key)), isRefused)
      await assert.rejects(reader.read(written.references[0], Buffer.from(key)), isRefused)
    }
    assert.throws(() => readerOf(written, 10, 4), isRefused)
  })
})

test('garbage is what goes in and does not come out, in whatever order that is told', () => {
  const flow = fc.record({
    fileNumber: fc.integer({ min: 1, max: 4 }),
    size: fc.nat(50),
    isKept: fc.boolean(),
    outFirst: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(flow), flows => {
      const meter = new BlobGarbageMeter()
      const expected = new Map<number, [number, number]>()
      for (const { fileNumber, size, isKept, outFirst } of flows) {
        const reference = { fileNumber, size, offset: 0, compression: 0 }
        if (isKept && outFirst) meter.addOut(reference, 5)
        meter.addIn(reference, 5)
        if (isKept && !outFirst) meter.addOut(reference, 5)
        const [count, bytes] = expected.get(fileNumber) ?? [0, 0]
        if (!isKept) expected.set(fileNumber, [count + 1, bytes + 32 + 5 + size])
      }
      const found = meter.garbage()
      assert.deepEqual(
        found.map(({ number, garbageCount, garbageBytes }) => [number, [garbageCount, garbageBytes]]),
        [...expected].sort(([a], [b]) => a - b),
      )
      const twice = addGarbage([found, found])
      assert.deepEqual(
        twice,
        found.map(({ number, garbageCount, garbageBytes }) => ({
          number,
          garbageCount: 2 * garbageCount,
          garbageBytes: 2 * garbageBytes,
        })),
      )
    }),
  )
})
