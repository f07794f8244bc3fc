/**
 * Opening after kill -9: one process fills the log and is killed, a second one opens what is left and asks for the
 * key that was acknowledged last. Timed from the call of open to the answer; neither the start of the process nor
 * the loading of modules counts.
 */
import { REPLAY_KEYS, REPLAY_LOG_BYTES } from '../settings.ts'
import { bytesOfDirectory } from './directory.ts'
import { runChild } from './run-child.ts'

const childFile = new URL('./killed-child.ts', import.meta.url)

/** What the child is to do: without the number of a key it fills, with it it opens and reads. */
export interface KilledTask {
  system: string
  directory: string
  seed: number
  lastNumber?: number
}

export type KilledMessage = { kind: 'filled'; lastNumber: number } | { kind: 'opened'; seconds: number }

export async function secondsToOpen(task: KilledTask): Promise<number> {
  let lastNumber = -1
  await checked({ ...task }, (message, kill) => {
    if (message.kind !== 'filled') return
    lastNumber = message.lastNumber
    kill()
  })
  checkLog(task.directory)
  let seconds = Number.NaN
  await checked({ ...task, lastNumber }, message => {
    if (message.kind === 'opened') seconds = message.seconds
  })
  return seconds
}

async function checked(
  task: KilledTask,
  listen: (message: KilledMessage, kill: () => void) => void,
): Promise<void> {
  const failure = await runChild<KilledMessage>(childFile, task, listen)
  if (failure !== undefined) throw new Error(failure)
}

/** A log that is shorter was flushed on the way, and opening would seem faster than it is. */
export function checkLog(directory: string): void {
  const bytes = bytesOfDirectory(directory, name => name.endsWith('.log'))
  if (bytes >= 0.98 * REPLAY_LOG_BYTES) return
  throw new Error(`${REPLAY_KEYS} keys left a log of ${bytes} bytes instead of ${REPLAY_LOG_BYTES}`)
}
