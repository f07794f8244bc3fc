/**
 * Threads of databases that were closed, for the next one that is opened. To start a thread takes longer than most of what it
 * does in a short life, and programs that open one database after another (tests, tools) would pay for it each time.
 */
import type { Thread, ThreadOwner } from './thread.ts'

/** How long a thread rests before it ends. */
const REST_MILLISECONDS = 1000
/** More are not needed: databases that follow each other are few at a time. */
const RESTING_MAX = 4

/** With what ends each of them. */
const resting = new Map<Thread, NodeJS.Timeout>()

const owner: ThreadOwner = {
  idle: () => undefined,
  gone: thread => void wake(thread),
}

/** The thread of this program that rested last, if there is one; it works for `next` from now on. */
export function takeRested(module: URL, next: ThreadOwner): Thread | undefined {
  const thread = [...resting.keys()].findLast(rested => rested.module.href === module.href)
  if (thread === undefined) return undefined
  wake(thread)
  thread.owner = next
  return thread
}

/** Lets a thread that has nothing to do rest, or ends it. */
export async function rest(thread: Thread): Promise<void> {
  if (resting.size >= RESTING_MAX) return thread.stop()
  thread.owner = owner
  const timer = setTimeout(() => {
    // It takes a while to end, and must not be taken meanwhile.
    wake(thread)
    void thread.stop()
  }, REST_MILLISECONDS)
  timer.unref()
  resting.set(thread, timer)
}

function wake(thread: Thread): void {
  clearTimeout(resting.get(thread))
  resting.delete(thread)
}
