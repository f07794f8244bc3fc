/** The process of the metronome: a byte every quarter of a millisecond, until it is killed. Its clock does not drift. */
import { writeSync } from 'node:fs'
import { BEAT_MS } from './metronome.ts'

const STANDARD_OUTPUT = 1
const byte = Buffer.alloc(1)
const sleeper = new Int32Array(new SharedArrayBuffer(4))
let beatAt = performance.now()

for (;;) {
  beatAt += BEAT_MS
  const pause = beatAt - performance.now()
  if (pause > 0) Atomics.wait(sleeper, 0, 0, pause)
  writeSync(STANDARD_OUTPUT, byte)
}
