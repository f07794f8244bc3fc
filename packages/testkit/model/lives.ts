/**
 * A column family with `expiringKeys`, in the model: every entry that has been written and not been replaced, each with
 * its end. What is there at a moment follows from those that are not over.
 */
import type { BatchOperation } from 'varve'
import { bytesOf, DELIMITER } from './operations.ts'
import { SortedModel } from './sorted-model.ts'

interface Entry {
  readonly value: Uint8Array
  /** In milliseconds; infinite for never. */
  readonly end: number
}

/** A value, unless the key was deleted, and operands above it. */
interface Chain {
  readonly key: Uint8Array
  readonly value: Entry | undefined
  readonly operands: readonly Entry[]
}

export class Lives {
  private readonly chains = new Map<string, Chain>()

  apply(operation: BatchOperation, now: number): void {
    switch (operation.type) {
      case 'put': {
        const key = new Uint8Array(bytesOf(operation.key))
        this.chains.set(nameOf(key), { key, value: entryOf(operation.value, operation, now), operands: [] })
        return
      }
      case 'merge': {
        const key = new Uint8Array(bytesOf(operation.key))
        const before = this.chains.get(nameOf(key))
        const operand = entryOf(operation.operand, operation, now)
        const operands = [...(before?.operands ?? []), operand]
        this.chains.set(nameOf(key), { key, value: before?.value, operands })
        return
      }
      case 'deleteRange': {
        const [start, end] = [nameOf(bytesOf(operation.start)), nameOf(bytesOf(operation.end))]
        for (const name of this.chains.keys()) if (name >= start && name < end) this.chains.delete(name)
        return
      }
      default:
        this.chains.delete(nameOf(bytesOf(operation.key)))
    }
  }

  rowsAt(now: number): SortedModel {
    const rows = new SortedModel()
    for (const { key, value, operands } of this.chains.values()) {
      const living = [value, ...operands].filter(entry => entry !== undefined && entry.end > now)
      if (living.length > 0) rows.put(key, joined(living.map(entry => entry?.value ?? new Uint8Array())))
    }
    return rows
  }

  /** When the last of the key's living entries is over; undefined: never. */
  endAt(key: Uint8Array, now: number): number | undefined {
    const chain = this.chains.get(nameOf(key))
    const ends = [chain?.value, ...(chain?.operands ?? [])].map(entry => entry?.end ?? 0)
    const last = Math.max(...ends.filter(end => end > now))
    return Number.isFinite(last) ? last : undefined
  }
}

function entryOf(
  value: Uint8Array | string,
  { ttl, expiresAt }: BatchOperation & { type: 'put' | 'merge' },
  now: number,
): Entry {
  const end = ttl === undefined ? Number(expiresAt ?? Number.POSITIVE_INFINITY) : now + Math.ceil(ttl * 1000)
  return { value: new Uint8Array(bytesOf(value)), end }
}

function joined(values: readonly Uint8Array[]): Uint8Array {
  const between = Buffer.from(DELIMITER)
  return new Uint8Array(Buffer.concat(values.flatMap((value, i) => (i === 0 ? [value] : [between, value]))))
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}
