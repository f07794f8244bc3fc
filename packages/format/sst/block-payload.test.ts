import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fromHex, toHex } from '../bytes/index.ts'
import { hashResult, xxh3 } from '../checksum/index.ts'
import { isVarveError } from '../errors/index.ts'
import { decodeBlockPayload } from './index.ts'
import { vectorText } from './test/sample-tables.ts'

interface CompressedBlock {
  blockWithTrailerHex: string
  checksumType?: number
  uncompressedLen?: number
  uncompressedXXH3?: string
  uncompressedPrefixHex?: string
  dictBase64?: string
}

describe('a block as it lies in a table', () => {
  const vectors: Record<string, CompressedBlock> = JSON.parse(vectorText('compressed_blocks.json'))
  const first = vectors['snappy']
  for (const [name, vector] of Object.entries(vectors)) {
    it(`is checked and decompressed: ${name}`, () => {
      const old = name.endsWith('format_version1')
      const raw = fromHex(vector.blockWithTrailerHex)
      const context = {
        formatVersion: old ? 1 : 5,
        checksumType: vector.checksumType ?? 4,
        baseContextChecksum: 0,
      }
      const dictionary =
        vector.dictBase64 === undefined ? undefined : Buffer.from(vector.dictBase64, 'base64')
      try {
        const payload = decodeBlockPayload(raw, 0, context, { dictionary, verify: !old })
        assert.equal(payload.length, first.uncompressedLen)
        assert.equal(hashOf(payload), vector.uncompressedXXH3 ?? first.uncompressedXXH3)
        assert.ok(toHex(payload).startsWith(first.uncompressedPrefixHex ?? ''))
      } catch (error) {
        assert.ok(name === 'bzip2' && isVarveError(error, 'NOT_SUPPORTED'), String(error))
      }
    })
  }

  it('is refused when its bytes, its type or its place in the file have changed', () => {
    const raw = fromHex(first.blockWithTrailerHex)
    const context = { formatVersion: 6, checksumType: 4, baseContextChecksum: 0 }
    decodeBlockPayload(raw, 100, context)
    assert.throws(() => decodeBlockPayload(raw, 100, { ...context, baseContextChecksum: 7 }, { file: 'x' }), {
      code: 'CORRUPTION',
      file: 'x',
      offset: 100,
    })
    for (const at of [0, raw.length - 5, raw.length - 1]) {
      const damaged = new Uint8Array(raw)
      damaged[at] ^= 1
      assert.throws(() => decodeBlockPayload(damaged, 0, context), { code: 'CORRUPTION' })
    }
    assert.throws(() => decodeBlockPayload(raw.subarray(0, 4), 0, context), { code: 'CORRUPTION' })
  })
})

function hashOf(bytes: Uint8Array): string {
  xxh3(bytes)
  return [hashResult.high, hashResult.low].map(word => word.toString(16).padStart(8, '0')).join('')
}
