/**
 * The merge operands of one key and stripe that a compaction has met, newest first, and what they become: a value, one
 * operand, or themselves again.
 *
 * RocksDB: db/merge_helper.cc
 */
import { isVarveError } from '@varve/format/errors'
import { fullMerge, type MergeOperator, partialMerge } from '../merge/index.ts'

export interface Operand {
  readonly trailerLow: number
  readonly trailerHigh: number
  readonly value: Uint8Array
}

/** So many operands are made one, where the operator can, before more are taken: a counter may have millions. */
const FOLD_LENGTH = 256

export class MergeChain {
  private readonly operator: MergeOperator | undefined
  private operands: Operand[] = []

  constructor(operator: MergeOperator | undefined) {
    this.operator = operator
  }

  get newest(): Operand {
    return this.operands[0]
  }

  get isEmpty(): boolean {
    return this.operands.length === 0
  }

  /** Takes the next older operand. */
  add(key: Uint8Array, operand: Operand): void {
    this.operands.push(operand)
    if (this.operands.length % FOLD_LENGTH === 0) this.fold(key)
  }

  /**
   * The value that comes of them and of `existing`. Undefined when that fails: whoever reads the key is told, and
   * nothing is to be changed until then.
   */
  complete(key: Uint8Array, existing: Uint8Array | undefined): Uint8Array | undefined {
    if (this.operator === undefined) return undefined
    try {
      return fullMerge(this.operator, key, existing, this.oldestFirst())
    } catch (error) {
      if (isVarveError(error, 'MERGE_FAILED')) return undefined
      throw error
    }
  }

  /** Gives what is left to write when nothing is known below them, oldest first; the chain is empty then. */
  takeOperands(key: Uint8Array): Operand[] {
    this.fold(key)
    const { operands } = this
    this.operands = []
    return operands.reverse()
  }

  clear(): void {
    this.operands = []
  }

  private fold(key: Uint8Array): void {
    if (this.operator === undefined || this.operands.length < 2) return
    const value = this.folded(this.operator, key)
    if (value !== undefined) this.operands = [{ ...this.newest, value }]
  }

  private folded(operator: MergeOperator, key: Uint8Array): Uint8Array | undefined {
    try {
      return partialMerge(operator, key, this.oldestFirst())
    } catch (error) {
      if (isVarveError(error, 'MERGE_FAILED')) return undefined
      throw error
    }
  }

  private oldestFirst(): Uint8Array[] {
    return this.operands.map(({ value }) => value).reverse()
  }
}
