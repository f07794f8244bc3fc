/**
 * From a user key to its newest record, beside the tree: an open-addressed hash table for point lookups.
 *
 *     slot := record's place + tag << placeBits; 0 is an empty slot
 *
 * The tag is what the place leaves of 32 bits, filled from the key's hash, so a key that is not in the memtable
 * (the answer to most lookups) costs one cache miss where the tree costs five or more. Measured with 500,000
 * entries of 16 + 100 bytes on a busy machine, in thousands per second of processor time, tree alone and with
 * this: lookups that find 700 and 1,250, that do not 930 and 4,200; random inserts 1,030 and 760, ascending
 * ones 3,800 and 1,900. Every read of the database begins with a lookup here that mostly finds nothing, so
 * 0.3 us more for a write buys 0.8 us less for a read.
 *
 * Writers do not pay for it, readers do, who may never come: a lookup first takes in records that were added since
 * the last one. While there are more than one lookup can be asked to, lookups go to the tree.
 *
 * The table does not grow: growing would hold up the caller. When it is three quarters full, or a key finds no
 * slot near its place, the key stays out, and from then on "not found" means "ask the tree".
 */
import { hashBytes } from '@varve/format/bytes'
import { Arena } from './arena.ts'
import { KEY_LENGTH, keyEqualsTarget, keyStartOf, sizeOfRecord, TRAILER_HIGH, TRAILER_LOW } from './record.ts'

/** How far an index goes to know every key. */
export interface IndexLimits {
  /** One slot (four bytes) for so many bytes of the arena. */
  readonly arenaBytesPerSlot: number
  /** Slots a key may be away from where it belongs, so that no choice of keys makes this slow. */
  readonly maxProbes: number
  /** Records that one lookup takes in at most. */
  readonly recordsALookup: number
}

/** Entries of 16 + 100 bytes fill not quite half; a lookup takes some 50 us at most, and leaves more to the tree. */
export const besideTree: IndexLimits = { arenaBytesPerSlot: 64, maxProbes: 32, recordsALookup: 512 }

/**
 * Where the tree has nothing yet, an answer that the index does not have costs an insertion for each record there is:
 * keys hardly ever stay out, and a lookup takes in whatever was added, at a third of what the tree would cost.
 */
export const insteadOfTree: IndexLimits = {
  arenaBytesPerSlot: 32,
  maxProbes: 128,
  recordsALookup: Number.POSITIVE_INFINITY,
}

const MIN_SLOTS = 64

export class NewestIndex {
  /** Whether "not found" is an answer: false once a key had to stay out. */
  isComplete = true
  /** The first record that has not been taken in. */
  private next: number = Arena.firstRecord

  private readonly arena: Arena
  private readonly slots: Uint32Array
  private readonly mask: number
  /** 2 to the power of the bits that a place takes. */
  private readonly placeLimit: number
  private readonly tagLimit: number
  private readonly maxProbes: number
  private freeSlots: number

  constructor(arena: Arena, { arenaBytesPerSlot, maxProbes }: IndexLimits) {
    const wanted = Math.max(MIN_SLOTS, arena.bytes.length / arenaBytesPerSlot)
    const count = 2 ** Math.floor(Math.log2(wanted))
    this.arena = arena
    this.slots = new Uint32Array(count)
    this.mask = count - 1
    this.placeLimit = 2 ** Math.ceil(Math.log2(arena.words.length))
    this.tagLimit = 2 ** 32 / this.placeLimit
    this.maxProbes = maxProbes
    this.freeSlots = count * 0.75
  }

  /** Takes in what has been added to the arena; false when that was more than `most` records. */
  catchUp(most: number): boolean {
    const { arena } = this
    for (let count = 0; this.next < arena.recordsEnd; count++) {
      if (count === most) return false
      this.add(this.next)
      this.next += sizeOfRecord(arena, this.next)
    }
    return true
  }

  /**
   * The newest record of a key; 0 when there is none, or, unless `isComplete`, when that is not known. Expects that
   * `catchUp` has said yes.
   */
  find(keyBytes: Uint8Array, start: number, end: number): number {
    const { slots, mask, placeLimit, maxProbes } = this
    const hash = hashBytes(keyBytes, start, end)
    const tag = this.tagOf(hash)
    for (let probe = 0, at = hash & mask; probe < maxProbes; probe++, at = (at + 1) & mask) {
      const slot = slots[at]
      if (slot === 0) return 0
      const place = slot % placeLimit
      if (slot - place === tag && keyEqualsTarget(this.arena, place, keyBytes, start, end)) return place
    }
    return 0
  }

  private add(record: number): void {
    const { arena, slots, mask, placeLimit, maxProbes } = this
    const start = keyStartOf(record)
    const end = start + arena.words[record + KEY_LENGTH]
    const hash = hashBytes(arena.bytes, start, end)
    const tag = this.tagOf(hash)
    for (let probe = 0, at = hash & mask; probe < maxProbes; probe++, at = (at + 1) & mask) {
      const slot = slots[at]
      if (slot === 0) {
        if (this.freeSlots < 1) break
        this.freeSlots--
        slots[at] = tag + record
        return
      }
      const place = slot % placeLimit
      if (slot - place !== tag || !keyEqualsTarget(arena, place, arena.bytes, start, end)) continue
      if (isNewer(arena.words, record, place)) slots[at] = tag + record
      return
    }
    this.isComplete = false
  }

  /** In its place above the record's bits. */
  private tagOf(hash: number): number {
    return Math.floor(((hash >>> 0) / 2 ** 32) * this.tagLimit) * this.placeLimit
  }
}

function isNewer(words: Uint32Array, record: number, than: number): boolean {
  const high = words[record + TRAILER_HIGH]
  const thanHigh = words[than + TRAILER_HIGH]
  return high !== thanHigh ? high > thanHigh : words[record + TRAILER_LOW] > words[than + TRAILER_LOW]
}
