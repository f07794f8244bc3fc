import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'
import { isWholeZstdFrame } from './zstd-frame.ts'

const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel, ZSTD_c_contentSizeFlag, ZSTD_c_dictIDFlag } = constants

/** Sizes around those at which the header changes, and of several blocks. */
const sizes = [0, 1, 255, 256, 257, 65_791, 65_792, 300_000]

function contents(size: number, isNoise: boolean): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (isNoise ? (Math.imul(i, 2654435761) >>> 13) & 0xff : 7))
}

test('a frame of any shape is whole; cut anywhere, or with more behind it, it is not', () => {
  const shapes = new Set<number>()
  for (const size of sizes) {
    for (const isNoise of [false, true]) {
      for (const flags of [0, 1, 2, 3]) {
        const params = {
          [ZSTD_c_checksumFlag]: flags & 1,
          [ZSTD_c_contentSizeFlag]: flags >> 1,
          [ZSTD_c_dictIDFlag]: 1,
          [ZSTD_c_compressionLevel]: 1,
        }
        const frame = new Uint8Array(
          zstdCompressSync(contents(size, isNoise), { params, pledgedSrcSize: size }),
        )
        shapes.add(frame[4])
        assert.ok(isWholeZstdFrame(frame), `${size} bytes, flags ${flags}`)
        const step = frame.length > 5000 ? 997 : 1
        for (let length = 0; length < frame.length; length += step)
          assert.ok(!isWholeZstdFrame(frame.subarray(0, length)), `${length} of ${frame.length} bytes`)
        assert.ok(!isWholeZstdFrame(frame.subarray(0, -1)))
        assert.ok(!isWholeZstdFrame(Uint8Array.of(...frame.subarray(0, 5000), 0)))
      }
    }
  }
  assert.ok(shapes.size >= 6, `only ${shapes.size} forms of headers`)
})

test('what does not begin as a frame is none', () => {
  const frame = new Uint8Array(zstdCompressSync(contents(100, true)))
  for (let at = 0; at < 4; at++) assert.ok(!isWholeZstdFrame(frame.with(at, frame[at] ^ 1)))
})
