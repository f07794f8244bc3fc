/** Where a history is played: what a database lives on, and how its process ends. */
import type { VerifyReport } from 'varve'
import type { Store } from './store.ts'

export interface World {
  /** Opens what is there. */
  open(readOnly: boolean): Promise<Store>
  /** Closes as a program does that ends in order. */
  close(): Promise<void>
  /** Ends the process without a word: what had been written to files is there, the rest is gone. */
  kill(): Promise<void>
  /** Only what had been synced is there. */
  losePower(): Promise<void>
  /** The clock goes on. */
  passTime(seconds: number): void
  /** Comes back when nothing runs in the background. */
  settle(): Promise<void>
  /** What the newest OPTIONS file says of families, in order of their names. */
  familiesInOptionsFile(): Promise<string[]>
  /** Every byte of the closed database is in order, and nothing is left open. Throws otherwise. */
  verify(): Promise<void>
  /** Whether closing leaves writes behind that are in no log. */
  readonly losesUnloggedAtClose: boolean
}

export function refuseUnlessWhole({ ok, problems }: VerifyReport): void {
  if (ok) return
  const [{ file, offset, message }] = problems
  throw new Error(`verify: ${file} at ${offset}: ${message}`)
}
