/**
 * What a mutant is: a bug put into one file of the product while it is loaded, by replacing a piece of its text. The
 * files on disk stay as they are.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Mutant {
  /** As docs/measurements/reliability.md and the design name it; a letter behind tells bugs of one class apart. */
  readonly id: string
  /** The bug, in words. */
  readonly what: string
  /** Relative to the root of the checkout. */
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  /**
   * What to give to `node`, cheapest first: a test file or a sweep, with arguments, from the root of the checkout.
   * One of them has to fail.
   */
  readonly killers: readonly string[]
  /** It makes things stand still: a killer that does not end has killed it. */
  readonly hangs?: boolean
}

/** Where the checkout begins. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), '../../..')

/** A mutant whose text does not stand once in its file any more: it has to be written anew. */
export class StaleMutantError extends Error {
  constructor({ id, file }: Mutant, count: number) {
    super(`mutant ${id} is stale: what it replaces stands ${count} times in ${file}, not once`)
  }
}

/** The file's text with the bug in it. */
export function mutate(mutant: Mutant, text: string): string {
  const pieces = text.split(mutant.find)
  if (pieces.length !== 2) throw new StaleMutantError(mutant, pieces.length - 1)
  return pieces.join(mutant.replace)
}

/** The same for the file as it is in the checkout. */
export function mutatedSource(mutant: Mutant): string {
  return mutate(mutant, readFileSync(join(root, mutant.file), 'utf8'))
}
