/**
 * Giving way: work on the thread of the callers is cut into slices, between which the event loop has its turn.
 */
import type { Turns } from '../compaction/index.ts'
import type { Runtime } from '../runtime/index.ts'

const SLICE_MILLISECONDS = 4
/** Where time stands still, as in simulations, and where the clock is coarse. */
const SLICE_STEPS = 2048

/** A slice ends when its time is over, or after so many questions whether it is. */
export function turnsOf({ clock, nextTurn }: Pick<Runtime, 'clock' | 'nextTurn'>): Turns {
  let started = clock.monotonic()
  let steps = 0
  return {
    isOver: () => ++steps > SLICE_STEPS || clock.monotonic() - started > SLICE_MILLISECONDS,
    async next() {
      await nextTurn()
      started = clock.monotonic()
      steps = 0
    },
  }
}
