/**
 * The shell's history, in `$XDG_STATE_HOME/varve/history` (`~/.local/state/varve/history`), readable by its
 * owner only: lines may hold keys and values. `VARVE_HISTORY` names another file; empty, it keeps none. A
 * history that cannot be read or written is done without.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export class History {
  readonly maxLines = 1000
  /** Newest first, as readline has it. */
  readonly lines: string[]
  private readonly path: string

  static ofUser(): History {
    const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state')
    return new History(process.env.VARVE_HISTORY ?? join(state, 'varve', 'history'))
  }

  constructor(path: string) {
    this.path = path
    this.lines =
      path === ''
        ? []
        : (quietly(() => readFileSync(path, 'utf8')) ?? '').split('\n').filter(Boolean).reverse()
  }

  save(newestFirst: readonly string[]): void {
    if (this.path === '') return
    const text = `${newestFirst.slice(0, this.maxLines).toReversed().join('\n')}\n`
    quietly(() => {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      writeFileSync(this.path, text, { mode: 0o600 })
    })
  }
}

/** The result, or undefined when the operating system refuses. */
function quietly<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
