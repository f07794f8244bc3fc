/**
 * The one place where cursors wait. A movement that answers `needsBlock` is repeated after what it wants was
 * loaded: with promises in `drive`, blocking in `driveSync`.
 *
 *     const step = driveSync(() => cursor.seek(target), cursor)
 */
import { Step, type Wanted } from './cursor.ts'

interface Waiting {
  collectWanted(into: Wanted[], ahead?: boolean): void
}

/** Makes a movement, awaiting blocks as needed; all blocks of a round are read at once, also those ahead. */
export async function drive(movement: () => Step, cursor: Waiting): Promise<Step> {
  let step = movement()
  while (step === Step.needsBlock) {
    await loadWanted(cursor)
    step = movement()
  }
  return step
}

/**
 * Loads what a movement of `cursor` that answered `needsBlock` waits for, and waits for what `tryNow` does not take:
 * that can load something at once, and says whether it did.
 */
export async function loadWanted(cursor: Waiting, tryNow?: (wanted: Wanted) => boolean): Promise<void> {
  const wanted: Wanted[] = []
  cursor.collectWanted(wanted, true)
  // All that is tried at once is tried first: when it fails, no promise is under way that nobody waits for.
  const rest = wanted.filter(each => tryNow?.(each) !== true)
  if (rest.length > 0) await Promise.all(rest.map(each => each.load()))
}

/** Makes a movement, reading blocks synchronously as needed. */
export function driveSync(movement: () => Step, cursor: Waiting): Step {
  let step = movement()
  while (step === Step.needsBlock) {
    loadWantedSync(cursor)
    step = movement()
  }
  return step
}

export function loadWantedSync(cursor: Waiting): void {
  const wanted: Wanted[] = []
  cursor.collectWanted(wanted)
  for (const each of wanted) each.loadSync()
}
