/**
 * What a round knows (round.ts): a cell for each row that it writes, and for each key of a unique index that it needs.
 *
 * A hash table over the bytes of keys, which is emptied and used again: as keys of a Map they would have to become strings,
 * which takes longer than a lookup in a memtable.
 */
import { equalBytes, hashBytes } from '@varve/format/bytes'
import type { EntryLists } from './indexed-rows.ts'

/** The view of a row, or an index: in its family lies what stands under the key. */
export interface CellOwner {
  readonly family: { getPromptly(key: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined> }
}

/** What stands under a key: the value of a row, or the key of the row that has a unique index's key. */
export interface Cell<Owner> {
  readonly owner: Owner
  readonly key: Uint8Array
  readonly hash: number
  value: Uint8Array | undefined
  /** Of a row: its entries, once they are known. */
  entries: EntryLists | undefined
  /** Why they cannot be known. */
  failure: unknown
}

const MIN_SLOTS = 128

/** Cells by their owner and key. */
export class Cells<Owner extends CellOwner> {
  /** In the order in which they were made. */
  readonly all: Cell<Owner>[] = []
  /** Open-addressed: the place in `all`, plus one; 0 is an empty slot. At most half are taken. */
  private slots = new Uint32Array(MIN_SLOTS)
  private readonly seed: number

  /** `seed` is not to be guessed: a batch may be large, and others may have chosen its keys. */
  constructor(seed: number) {
    this.seed = seed
  }

  find(owner: Owner, key: Uint8Array): Cell<Owner> | undefined {
    return this.all.length === 0
      ? undefined
      : this.all[this.slots[this.slotOf(owner, key, this.hashOf(key))] - 1]
  }

  /** The cell of a key; it is made when there is none. */
  at(owner: Owner, key: Uint8Array): Cell<Owner> {
    const hash = this.hashOf(key)
    const slot = this.slotOf(owner, key, hash)
    const place = this.slots[slot]
    if (place > 0) return this.all[place - 1]
    const cell = { owner, key, hash, value: undefined, entries: undefined, failure: undefined }
    this.slots[slot] = this.all.push(cell)
    if (2 * this.all.length > this.slots.length) this.grow()
    return cell
  }

  /** Reads what stands under the keys; a promise when files have to be waited for. */
  read(): Promise<void> | undefined {
    let waiting: Promise<void>[] | undefined
    for (const cell of this.all) {
      const value = valueUnder(cell)
      if (value instanceof Promise) (waiting ??= []).push(keepLater(cell, value))
      else cell.value = value
    }
    return waiting && allOf(waiting)
  }

  clear(): void {
    if (this.all.length === 0) return
    this.all.length = 0
    if (this.slots.length > MIN_SLOTS) this.slots = new Uint32Array(MIN_SLOTS)
    else this.slots.fill(0)
  }

  /** Where the cell is found, or would be. */
  private slotOf(owner: Owner, key: Uint8Array, hash: number): number {
    const { all, slots } = this
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = slots[slot]
      if (place === 0) return slot
      const cell = all[place - 1]
      if (cell.hash === hash && cell.owner === owner && equalBytes(cell.key, key)) return slot
    }
  }

  private hashOf(key: Uint8Array): number {
    return hashBytes(key, 0, key.length, this.seed)
  }

  private grow(): void {
    this.slots = new Uint32Array(4 * this.slots.length)
    for (const [place, { owner, key, hash }] of this.all.entries()) {
      this.slots[this.slotOf(owner, key, hash)] = place + 1
    }
  }
}

/** An error is a promise's too: others may be waited for already. */
function valueUnder({ owner, key }: Cell<CellOwner>): ReturnType<CellOwner['family']['getPromptly']> {
  try {
    return owner.family.getPromptly(key)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function keepLater(cell: Cell<CellOwner>, value: Promise<Uint8Array | undefined>): Promise<void> {
  cell.value = await value
}

/** Waits for each, also when one fails: until then the round is not over. */
async function allOf(waiting: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(waiting)) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}
