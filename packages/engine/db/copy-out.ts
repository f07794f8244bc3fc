/**
 * Copies that callers may keep. V8 gives every array above 64 bytes a piece of memory of its own, which takes
 * about a microsecond to get (measured: 0.9-1.7 us for 100 bytes, 0.3 us from a slab), so values of middling
 * size are cut from a slab, as Node.js does for its Buffers.
 *
 * A slab cannot be transferred to another thread: that would take all other values in it away.
 */
import { copyBytes } from '@varve/format/bytes'
import { untransferable } from '../runtime/index.ts'

/** As large as the pool of Node's Buffers: a value that is kept keeps no more than this. */
const SLAB_LENGTH = 8 * 1024

/** Up to here an array lies in V8's own heap, and costs little. */
const IN_HEAP_MAX = 64

/** Beyond it the cost of the memory is small beside that of the copy. */
const FROM_SLAB_MAX = 1024

let slab = untransferable(new Uint8Array(SLAB_LENGTH))
let used = 0

/** A copy of bytes[start..end). Its `buffer` may hold other values too: mind `byteOffset`. */
export function copyOut(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  if (length <= IN_HEAP_MAX || length > FROM_SLAB_MAX) return bytes.slice(start, end)
  if (used + length > SLAB_LENGTH) {
    slab = untransferable(new Uint8Array(SLAB_LENGTH))
    used = 0
  }
  const at = used
  // Values begin at multiples of eight, for callers who lay typed arrays over them.
  used = (at + length + 7) & ~7
  copyBytes(bytes, start, end, slab, at)
  return slab.subarray(at, at + length)
}
