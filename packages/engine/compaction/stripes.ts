/**
 * The live snapshots divide the sequence numbers into stripes: two versions of a key are in the same stripe if every
 * snapshot that sees the older one sees the newer one too.
 *
 *     snapshots          10        20
 *     sequence    1 .. 10 | 11 .. 20 | 21 ..          stripes 0, 1, 2
 */

/** The index of the first snapshot, of those in ascending order, that sees the sequence; their count if only new readers do. */
export function stripeOf(sequence: number, snapshots: readonly number[]): number {
  let low = 0
  let high = snapshots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (snapshots[middle] < sequence) low = middle + 1
    else high = middle
  }
  return low
}
