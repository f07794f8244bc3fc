/** Collects what a filter is to hold, and makes the filter: one for each kind that is written. */
export interface FilterBuilder {
  /** How many hashes the filter will hold; of equal neighbours only one counts. */
  readonly count: number
  addKey(bytes: Uint8Array, start: number, end: number): void
  /** Adds the `filterHash` of a key. */
  addHash(low: number, high: number): void
  /** About how many hashes a filter of so many bytes has room for. */
  capacityOf(bytes: number): number
  /** The filter's payload, or `undefined` where there is nothing for it to hold. Call it once. */
  finish(): Uint8Array | undefined
}
