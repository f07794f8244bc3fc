/** A range as users give it, as the half-open one of the model. Written apart from the engine's own, to judge it. */
import type { Bytes } from 'varve'
import type { ModelRange } from '../model/sorted-model.ts'
import type { Range } from './store.ts'

export function modelRange(range: Range): ModelRange {
  const { start, gte, gt, end, lt, lte, prefix, reverse, limit } = range
  const lower = [start, gte, gt && justAfter(gt), prefix].filter(isGiven).map(toBuffer)
  const upper = [end, lt, lte && justAfter(lte), prefix && afterPrefix(prefix)].filter(isGiven).map(toBuffer)
  return {
    ...(lower.length > 0 && { start: lower.sort(Buffer.compare)[lower.length - 1] }),
    ...(upper.length > 0 && { end: upper.sort(Buffer.compare)[0] }),
    ...(reverse !== undefined && { reverse }),
    ...(limit !== undefined && { limit }),
  }
}

/** The smallest key above `key`. */
function justAfter(key: Bytes): Uint8Array {
  return Uint8Array.of(...toBuffer(key), 0)
}

/** The smallest key above all that begin with `prefix`; none when it is empty or all 0xff. */
function afterPrefix(prefix: Bytes): Uint8Array | undefined {
  const bytes = [...toBuffer(prefix)]
  const last = bytes.findLastIndex(byte => byte < 0xff)
  return last < 0 ? undefined : Uint8Array.of(...bytes.slice(0, last), bytes[last] + 1)
}

function isGiven(bytes: Bytes | undefined): bytes is Bytes {
  return bytes !== undefined
}

function toBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes)
}
