/** One damage to the files of a store: a bit that is another, or an end that is missing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../data/random.ts'

/** Locks, logs for people, and what SQLite builds anew for itself. */
const notData = /^(LOCK|IDENTITY|LOG(\.old.*)?|lock\.mdb|.*-shm)$/
/** Of the zeros behind what a file holds, so many may be hit. */
const ZEROS = 64
/** One damage in so many cuts. */
const CUT_EVERY = 5

interface Target {
  path: string
  bytes: Buffer
  /** Where what it holds ends. */
  end: number
}

/** The damage `number` of a seed, done to the files in `directory`; a file is hit as often as it is long. */
export function damage(directory: string, seed: number, number: number): void {
  const random = new Random(seed * 1_000_003 + number)
  const targets = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !notData.test(entry.name))
    .map(entry => targetAt(join(entry.parentPath, entry.name)))
    .filter(({ end }) => end > 0)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  let at = random.below(targets.reduce((sum, { end }) => sum + end, 0))
  for (const { path, bytes, end } of targets) {
    if (at < end) {
      if (number % CUT_EVERY === 0) writeFileSync(path, bytes.subarray(0, at))
      else {
        bytes[at] ^= 1 << random.below(8)
        writeFileSync(path, bytes)
      }
      return
    }
    at -= end
  }
}

function targetAt(path: string): Target {
  const bytes = readFileSync(path)
  const used = bytes.findLastIndex(byte => byte !== 0) + 1
  return { path, bytes, end: Math.min(bytes.length, used + ZEROS) }
}
