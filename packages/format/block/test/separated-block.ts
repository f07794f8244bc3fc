/** For tests: blocks as RocksDB 11 writes them with keys and values apart, which nothing here does itself. */
import { commonPrefixLength, writeUint32, writeVarint } from '../../bytes/index.ts'

export interface Entry {
  key: Uint8Array
  value: Uint8Array
}

export function buildSeparatedBlock(entries: readonly Entry[], restartInterval: number): Uint8Array {
  const keys: number[] = []
  const values: number[] = []
  const restarts: number[] = []
  entries.forEach(({ key, value }, i) => {
    const restart = i % restartInterval === 0
    if (restart) restarts.push(keys.length)
    const before = restart ? new Uint8Array(0) : entries[i - 1].key
    const shared = commonPrefixLength(before, 0, before.length, key, 0, key.length)
    keys.push(...varint(shared), ...varint(key.length - shared), ...varint(value.length))
    if (restart) keys.push(...varint(values.length))
    keys.push(...key.subarray(shared))
    values.push(...value)
  })
  if (restarts.length === 0) restarts.push(0)
  const words = [...restarts, keys.length, restarts.length + 0x1000_0000]
  const tail = new Uint8Array(4 * words.length)
  words.forEach((word, i) => {
    writeUint32(tail, 4 * i, word)
  })
  return Uint8Array.from([...keys, ...values, ...tail])
}

export function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(5)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}
