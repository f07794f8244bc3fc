/**
 * What a filter answers: whether a key may be in its table. `false` is certain, `true` is not.
 *
 * A point lookup asks many tables about one key. It hashes the key once with `filterHash` and, where
 * `usesFilterHash` holds, asks with the two words of the hash.
 */
export interface FilterReader {
  /** Whether `mayMatchHash` works; if not, only `mayMatch` answers, which hashes in another way. */
  readonly usesFilterHash: boolean
  mayMatch(bytes: Uint8Array, start: number, end: number): boolean
  mayMatchHash(low: number, high: number): boolean
}

/** Bytes at the end of every filter that say of which kind it is. */
export const FILTER_TRAILER_LENGTH = 5

/** The answer where a filter says nothing: one of an unknown kind, or one over no keys at all. */
export class FixedAnswer implements FilterReader {
  readonly usesFilterHash = true
  private readonly answer: boolean

  constructor(answer: boolean) {
    this.answer = answer
  }

  mayMatch(_bytes: Uint8Array, _start: number, _end: number): boolean {
    return this.answer
  }

  mayMatchHash(_low: number, _high: number): boolean {
    return this.answer
  }
}
