/**
 * Where 64-bit hashes leave their words: two numbers, since an object per hash would cost more than the
 * hash, and a BigInt several times as much. Valid until the next hash.
 */
export const hashResult = { low: 0, high: 0 }
