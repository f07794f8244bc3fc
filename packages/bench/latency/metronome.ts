/**
 * Wakes the event loop like requests that come from outside: it sleeps in between. Timers of its own are too coarse
 * (1 ms), and a loop that never sleeps takes the processor from the database's own threads. It is a process, not a
 * thread, so that it has no part in the memory that is measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const BEAT_MS = 0.25

const processFile = new URL('./metronome-process.ts', import.meta.url)

/** Calls `beat` at every beat until it returns true; rejects with what it throws. */
export async function playUntil(beat: () => boolean): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(processFile)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', () => reject(new Error('the metronome has ended')))
      child.stdout.on('data', () => {
        try {
          if (beat()) resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
  } finally {
    child.stdout.removeAllListeners('data')
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}
