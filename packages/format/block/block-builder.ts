/**
 * Builds a block of sorted entries: data, index, metaindex, properties.
 *
 *     block := entries, restarts u32le[restartCount], restartCount u32le
 *     entry := shared varint32, unshared varint32, [valueLength varint32], keySuffix, value
 *
 * Every `restartInterval` entries a key is written whole (`shared` = 0) and its offset noted as a restart
 * point. Keys must be added in ascending order; what that order is, is the caller's business.
 *
 * The builder is used again for block after block, and keeps its buffers. `lastKey` stays readable after
 * `reset`, for an index entry that lies between two blocks needs both neighbours.
 *
 * RocksDB: table/block_based/block_builder.cc
 */
import { commonPrefixLength, copyBytes, varintLength, writeUint32, writeVarint } from '../bytes/index.ts'

const MAX_HEADER_LENGTH = 15

export class BlockBuilder {
  /** The key added last is lastKey[0..lastKeyLength). */
  lastKey: Uint8Array = new Uint8Array(64)
  lastKeyLength = 0

  private readonly restartInterval: number
  protected bytes: Uint8Array
  private length = 0
  private restarts: Uint32Array = new Uint32Array(16)
  protected restartCount = 1 // The first restart point is at offset 0, also in an empty block.
  private sinceRestart = 0

  constructor(restartInterval: number, capacity = 1024) {
    this.restartInterval = restartInterval
    this.bytes = new Uint8Array(capacity)
  }

  get empty(): boolean {
    return this.length === 0
  }

  /** Exact size of what `finish` would return now. */
  get estimatedSize(): number {
    return this.length + 4 * this.restartCount + 4
  }

  /** RocksDB's guess at the size after one more entry; as if it shared nothing with its predecessor. */
  estimatedSizeAfter(keyLength: number, valueLength: number, measured = true): number {
    const isRestart = this.sinceRestart >= this.restartInterval
    // A value without its length is taken for a delta, of half the size.
    const value = measured || isRestart ? valueLength + varintLength(valueLength) : valueLength >>> 1
    return this.estimatedSize + keyLength + value + (isRestart ? 4 : 0) + 4 + varintLength(keyLength)
  }

  /** How many leading bytes the key has in common with `lastKey`, for `add`. */
  commonWithLast(key: Uint8Array, keyStart: number, keyEnd: number): number {
    return commonPrefixLength(this.lastKey, 0, this.lastKeyLength, key, keyStart, keyEnd)
  }

  /** `common` is the key's `commonWithLast`, which a caller that has to look at both keys knows already. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    common: number = this.commonWithLast(key, keyStart, keyEnd),
  ): void {
    const valueLength = valueEnd - valueStart
    const shared = this.startEntry(key, keyStart, keyEnd, valueLength, common)
    const unshared = keyEnd - keyStart - shared
    const { bytes } = this
    let at = this.length
    if ((shared | unshared | valueLength) < 0x80) {
      bytes[at] = shared
      bytes[at + 1] = unshared
      bytes[at + 2] = valueLength
      at += 3
    } else {
      at = writeVarint(bytes, writeVarint(bytes, writeVarint(bytes, at, shared), unshared), valueLength)
    }
    copyBytes(key, keyStart + shared, keyEnd, bytes, at)
    at += unshared
    copyBytes(value, valueStart, valueEnd, bytes, at)
    this.length = at + valueLength
  }

  /**
   * Adds an entry without a value length, as index blocks with delta-encoded values have it: `whole` where the
   * key is written whole, `delta` where it shares bytes with the key before.
   */
  addUnmeasured(key: Uint8Array, whole: Uint8Array, delta: Uint8Array): void {
    const valueLength = Math.max(whole.length, delta.length)
    const shared = this.startEntry(key, 0, key.length, valueLength, this.commonWithLast(key, 0, key.length))
    const value = shared === 0 ? whole : delta
    let at = writeVarint(this.bytes, writeVarint(this.bytes, this.length, shared), key.length - shared)
    copyBytes(key, shared, key.length, this.bytes, at)
    at += key.length - shared
    copyBytes(value, 0, value.length, this.bytes, at)
    this.length = at + value.length
  }

  /** The finished block, a view that is good until the next `add` or `reset`. */
  finish(): Uint8Array {
    const at = this.finishRestarts(4)
    writeUint32(this.bytes, at, this.restartCount)
    return this.bytes.subarray(0, at + 4)
  }

  /** Writes the restart points and makes room for `more` bytes behind them; returns where those begin. */
  protected finishRestarts(more: number): number {
    this.reserve(4 * this.restartCount + more)
    let at = this.length
    for (let i = 0; i < this.restartCount; i++, at += 4) writeUint32(this.bytes, at, this.restarts[i])
    return at
  }

  reset(): void {
    this.length = 0
    this.restartCount = 1
    this.sinceRestart = 0
  }

  /** Makes room for an entry, notes its key and returns how many bytes of it need not be written. */
  private startEntry(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueLength: number,
    common: number,
  ): number {
    let shared = 0
    if (this.sinceRestart >= this.restartInterval) this.addRestart()
    else if (this.length > 0) shared = common
    this.sinceRestart++
    this.reserve(MAX_HEADER_LENGTH + keyEnd - keyStart + valueLength)
    this.lastKeyLength = keyEnd - keyStart
    if (this.lastKeyLength > this.lastKey.length) this.growLastKey()
    copyBytes(key, keyStart + common, keyEnd, this.lastKey, common)
    return shared
  }

  private addRestart(): void {
    if (this.restartCount === this.restarts.length) {
      const grown = new Uint32Array(2 * this.restarts.length)
      grown.set(this.restarts)
      this.restarts = grown
    }
    this.restarts[this.restartCount++] = this.length
    this.sinceRestart = 0
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.length + more, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  private growLastKey(): void {
    const grown = new Uint8Array(2 * this.lastKeyLength)
    grown.set(this.lastKey)
    this.lastKey = grown
  }
}
