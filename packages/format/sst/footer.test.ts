import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeFooter, encodeFooter, type Footer } from './index.ts'

const footers: fc.Arbitrary<Footer> = fc
  .record({
    formatVersion: fc.integer({ min: 0, max: 7 }),
    checksumType: fc.integer({ min: 0, max: 4 }),
    metaindexSize: fc.nat(1000),
    index: fc.record({ offset: fc.nat(1000), size: fc.nat(1000) }),
    baseContextChecksum: fc.integer({ min: 1, max: 0xffff_ffff }),
    offset: fc.integer({ min: 3000, max: 2 ** 50 }),
  })
  .map(({ formatVersion, checksumType, metaindexSize, index, baseContextChecksum, offset }) => ({
    formatVersion,
    checksumType: formatVersion === 0 ? 1 : checksumType,
    metaindex: { offset: offset - 5 - metaindexSize, size: metaindexSize },
    index: formatVersion < 6 ? { ...index } : undefined,
    baseContextChecksum: formatVersion < 6 ? 0 : baseContextChecksum,
    offset,
    length: formatVersion === 0 ? 48 : 53,
  }))

describe('a footer', () => {
  it('comes back as it was written, in every format_version', () => {
    fc.assert(
      fc.property(footers, footer => {
        assert.deepEqual(decodeFooter(encodeFooter(footer), footer.offset + footer.length), footer)
      }),
    )
  })

  it('of version 6 and later notices any changed byte', () => {
    fc.assert(
      fc.property(
        footers.filter(({ formatVersion, checksumType }) => formatVersion >= 6 && checksumType > 0),
        fc.nat(52),
        fc.integer({ min: 1, max: 255 }),
        (footer, at, flip) => {
          const bytes = encodeFooter(footer)
          bytes[at] ^= flip
          assert.throws(
            () => {
              const decoded = decodeFooter(bytes, footer.offset + footer.length)
              // A version below 6 is another footer altogether; its handles lie elsewhere.
              assert.notDeepEqual(decoded.metaindex, footer.metaindex)
              throw Object.assign(new Error(), { code: 'CORRUPTION' })
            },
            { code: /CORRUPTION/ },
          )
        },
      ),
    )
  })

  it('of another kind of table is refused by name', () => {
    const bytes = encodeFooter({
      formatVersion: 5,
      checksumType: 1,
      metaindex: { offset: 0, size: 1 },
      index: { offset: 0, size: 1 },
      baseContextChecksum: 0,
      offset: 100,
    })
    bytes.set([0x64, 0x95, 0xbf, 0x63, 0x96, 0x22, 0x42, 0x82], 45)
    assert.throws(() => decodeFooter(bytes, 153), { code: 'NOT_SUPPORTED', message: /plain table/ })
    bytes.fill(0, 45)
    assert.throws(() => decodeFooter(bytes, 153, 'x.sst'), { code: 'CORRUPTION', file: 'x.sst', offset: 145 })
    assert.throws(() => decodeFooter(bytes.subarray(20), 33), { code: 'CORRUPTION' })
  })
})
