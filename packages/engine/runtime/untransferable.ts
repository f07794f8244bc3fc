import { markAsUntransferable } from 'node:worker_threads'

/** Makes transferring the array's memory to another thread an error there, and returns the array. */
export function untransferable(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  markAsUntransferable(bytes.buffer)
  return bytes
}
