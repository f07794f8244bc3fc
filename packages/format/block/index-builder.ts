/**
 * Builds a table's index block: for each data block one key that is at or after everything in it and before
 * everything behind it, as short as RocksDB makes it.
 *
 * Keys are written as user keys, unless one user key ends a block and begins the next: then only sequence
 * numbers tell the two blocks apart, and the whole index holds internal keys. That is known at the end only,
 * so the entries are collected first and written by `finish`.
 *
 * RocksDB: table/block_based/index_builder.h, ShortenedIndexBuilder
 */
import { ByteWriter, emptyBytes, zigzagEncode } from '../bytes/index.ts'
import { bytewise, type KeyOrder, TRAILER_LENGTH, userKeyOf } from '../key/index.ts'
import { BlockBuilder } from './block-builder.ts'
import { BLOCK_TRAILER_LENGTH, type BlockHandle, encodeHandle } from './handle.ts'

/** Sorts before every entry of its user key: sequence 2^56 - 1 with the type that 7.8.3 seeks with. */
const FIRST_TRAILER: Uint8Array = new Uint8Array([0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])

export interface IndexBuilderOptions {
  /** User keys where possible: needs format_version 3. */
  userKeys: boolean
  /** Delta-encoded values: needs format_version 4. */
  deltaValues: boolean
  restartInterval: number
  /** Of the keys; bytewise unless given. */
  order?: KeyOrder
}

export class IndexBuilder {
  /** Whether no user key ends a block and begins the next one. */
  userKeys: boolean
  private readonly options: IndexBuilderOptions
  private readonly order: KeyOrder
  private readonly keys: ByteWriter = new ByteWriter(4096) // Internal keys, one after another.
  private readonly keyEnds: number[] = []
  private readonly handles: BlockHandle[] = []

  constructor(options: IndexBuilderOptions) {
    this.options = options
    this.order = options.order ?? bytewise
    this.userKeys = options.userKeys
  }

  get count(): number {
    return this.handles.length
  }

  /** Guess at the size of the finished block. */
  get estimatedSize(): number {
    return this.keys.length + 12 * this.handles.length
  }

  /** The internal key of the entry added last. */
  get lastKey(): Uint8Array {
    return this.key(this.count - 1, false)
  }

  /**
   * Adds the block at `handle`, whose last internal key is `last`; `next` is the first key of the block behind
   * it, and missing for a table's last block.
   */
  add(last: Uint8Array, next: Uint8Array | undefined, handle: BlockHandle): void {
    const { order } = this
    const lastUser = userKeyOf(last)
    const nextUser = next === undefined ? undefined : userKeyOf(next)
    const isSameKey = nextUser !== undefined && order.compareKeys(lastUser, nextUser) >= 0
    const separator = nextUser === undefined || isSameKey ? lastUser : order.separator(lastUser, nextUser)
    if (separator.length <= lastUser.length && order.compareKeys(lastUser, separator) < 0) {
      this.keys.append(separator)
      this.keys.append(FIRST_TRAILER)
    } else {
      this.keys.append(last)
    }
    if (isSameKey) this.userKeys = false
    this.keyEnds.push(this.keys.length)
    this.handles.push(handle)
  }

  /** The block, of user keys unless said otherwise. */
  finish(userKeys: boolean = this.userKeys): Uint8Array {
    const builder = new BlockBuilder(this.options.restartInterval)
    for (let i = 0; i < this.count; i++) this.encode(i, userKeys, builder)
    return builder.finish()
  }

  /** Adds entry `index` to `builder`, which has all those before it. */
  encode(index: number, userKeys: boolean, builder: BlockBuilder): void {
    const key = this.key(index, userKeys)
    const whole = encodeHandle(this.handles[index])
    if (this.options.deltaValues) builder.addUnmeasured(key, whole, this.encodeDelta(index))
    else builder.add(key, 0, key.length, whole, 0, whole.length)
  }

  private key(index: number, asUserKey: boolean): Uint8Array {
    const start = index === 0 ? 0 : this.keyEnds[index - 1]
    return this.keys.bytes.subarray(start, this.keyEnds[index] - (asUserKey ? TRAILER_LENGTH : 0))
  }

  private encodeDelta(index: number): Uint8Array {
    if (index === 0) return emptyBytes
    const before = this.handles[index - 1]
    const handle = this.handles[index]
    if (handle.offset !== before.offset + before.size + BLOCK_TRAILER_LENGTH) {
      throw new RangeError('delta-encoded index values need data blocks that follow one another')
    }
    const writer = new ByteWriter(10)
    writer.varint(zigzagEncode(handle.size - before.size))
    return writer.view()
  }
}
