/** Bugs in locks, stalls and what is held open. */
import type { Mutant } from './mutant.ts'

export const lifecycleMutants: readonly Mutant[] = [
  {
    id: 'M27',
    what: 'the lock file is opened and not locked',
    file: 'packages/engine/fs/lock.ts',
    find: 'BEGIN EXCLUSIVE',
    replace: 'BEGIN DEFERRED',
    killers: ['packages/engine/test/opening.test.ts --test-name-pattern=exactly'],
  },
  {
    id: 'M27b',
    what: 'whoever left a pid behind is named as the holder, alive or not',
    file: 'packages/engine/fs/lock-holder.ts',
    find: 'if (recorded?.pid === pid) return recorded',
    replace: 'if (recorded !== undefined) return recorded',
    killers: ['packages/engine/fs/lock.test.ts --test-name-pattern=owner'],
  },
  {
    id: 'M49',
    what: 'writes that were stopped are not told when there is room again',
    file: 'packages/engine/db/write-controller.ts',
    find: 'this.announce(before)\n    this.wake()\n',
    replace: 'this.announce(before)\n',
    killers: ['packages/engine/test/stalls.test.ts --test-name-pattern=keep'],
    hangs: true,
  },
  {
    id: 'M49b',
    what: 'nothing looks for more work when a job has ended',
    file: 'packages/engine/db/background.ts',
    find: '    }\n    this.schedule()\n  }\n\n  private isOurStop',
    replace: '    }\n  }\n\n  private isOurStop',
    killers: ['packages/engine/test/faults.test.ts --test-name-pattern=automatic'],
  },
  {
    id: 'M53',
    what: 'a compaction does not close the tables that it has read',
    file: 'packages/engine/compaction/input-run.ts',
    find: '    this.open?.closeSync()\n    this.open = undefined\n',
    replace: '    this.open = undefined\n',
    killers: ['packages/engine/test/closing.test.ts --test-name-pattern=open'],
  },
  {
    id: 'M53b',
    what: 'more tables stay open than maxOpenFiles allows',
    file: 'packages/engine/table/open-files.ts',
    find: 'if (open.length <= this.limit) return',
    replace: 'if (open.length >= 0) return',
    killers: ['packages/engine/table/table-reader.test.ts'],
  },
]
