/**
 * The properties block and the metaindex of a table being built, from names and values.
 *
 * RocksDB: table/meta_blocks.cc, PropertyBlockBuilder and MetaIndexBuilder
 */
import { BlockBuilder, type BlockHandle, encodeHandle } from '../block/index.ts'
import { compareBytes, encodeUtf8, writeUint32, writeUint64, writeVarint } from '../bytes/index.ts'

/** Writes name and value pairs in bytewise order of their names. */
export function encodeNamedEntries(
  entries: ReadonlyMap<string, Uint8Array>,
  restartInterval: number,
): Uint8Array {
  const sorted = [...entries].map(([name, value]) => ({ name: encodeUtf8(name), value }))
  sorted.sort((a, b) => compareBytes(a.name, 0, a.name.length, b.name, 0, b.name.length))
  const builder = new BlockBuilder(restartInterval)
  for (const { name, value } of sorted) builder.add(name, 0, name.length, value, 0, value.length)
  return builder.finish()
}

export function encodeProperties(properties: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return encodeNamedEntries(properties, Number.POSITIVE_INFINITY)
}

export function encodeMetaindex(handles: ReadonlyMap<string, BlockHandle>): Uint8Array {
  return encodeNamedEntries(new Map([...handles].map(([name, handle]) => [name, encodeHandle(handle)])), 1)
}

export function varintValue(value: number): Uint8Array {
  const bytes = new Uint8Array(10)
  return bytes.subarray(0, writeVarint(bytes, 0, value))
}

export function fixed32Value(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeUint32(bytes, 0, value)
  return bytes
}

export function fixed64Value(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeUint64(bytes, 0, value)
  return bytes
}
