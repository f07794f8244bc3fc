/**
 * Makes a failing case small: first steps go, in halves, then in smaller pieces, then one by one; then options go
 * back to their defaults, one after another; then steps once more. It ends at the deadline with what it has.
 */

/** The items without which it does not fail, in their order. `fails` says whether a part of them still does. */
export async function reduceList<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
  isOver: () => boolean,
): Promise<readonly T[]> {
  let kept = items
  let size = Math.ceil(kept.length / 2)
  while (size > 0 && kept.length > 0) {
    const before = kept.length
    kept = await withoutPieces(kept, size, fails, isOver)
    if (isOver()) return kept
    // What could not go may be able to, now that others are gone.
    if (kept.length < before && size === 1) continue
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return kept
}

/** From the end on: a later step rarely needs to stay for an earlier one. */
async function withoutPieces<T>(
  items: readonly T[],
  size: number,
  fails: (part: readonly T[]) => Promise<boolean>,
  isOver: () => boolean,
): Promise<readonly T[]> {
  let kept = items
  for (let end = kept.length; end > 0; end -= size) {
    if (isOver()) return kept
    const start = Math.max(0, end - size)
    const part = [...kept.slice(0, start), ...kept.slice(end)]
    if (await fails(part)) kept = part
  }
  return kept
}

/** The options that must not be at their defaults for it to fail. */
export async function reduceOptions<Options extends object>(
  options: Options,
  fails: (fewer: Options) => Promise<boolean>,
  isOver: () => boolean,
): Promise<Options> {
  let kept = options
  for (const name of Object.keys(options) as (keyof Options)[]) {
    if (isOver()) return kept
    const { [name]: _, ...fewer } = kept
    if (await fails(fewer as Options)) kept = fewer as Options
  }
  return kept
}
