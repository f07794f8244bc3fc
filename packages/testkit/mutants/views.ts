/** Bugs in views: index entries that do not agree with the rows, and indexes that answer too early. */
import type { Mutant } from './mutant.ts'

const indexTest = 'packages/engine/test/views-indexes.test.ts'
const buildTest = 'packages/engine/test/views-build.test.ts'
const modelTest = 'packages/engine/test/views-model.test.ts'

export const viewMutants: readonly Mutant[] = [
  {
    id: 'M70',
    what: 'the index entry of the old value is not removed',
    file: 'packages/engine/view/round.ts',
    find: '      this.changes.push({ family, key, value: undefined, lifetime: undefined })\n',
    replace: '',
    killers: [`${indexTest} --test-name-pattern=writers`],
  },
  {
    id: 'M71',
    what: 'the check of a unique index does not see what is written at the same time',
    file: 'packages/engine/view/round.ts',
    find: '    this.set(cell, rowKey, undefined)\n',
    replace: '',
    killers: [`${indexTest} --test-name-pattern=many`],
  },
  {
    id: 'M71b',
    what: 'a row that is not in a unique index yet removes the entry of another',
    file: 'packages/engine/view/round.ts',
    find: 'if (index.entries.isUnique && !this.release(index, key, rowKey)) continue',
    replace: 'if (index.entries.isUnique) this.release(index, key, rowKey)',
    killers: [`${buildTest} --test-name-pattern=two`],
  },
  {
    id: 'M71c',
    what: 'a write that was refused leaves its rows to those that follow in the round',
    file: 'packages/engine/view/round.ts',
    find: 'of undo.reverse()) {',
    replace: 'of undo.slice(0, 0)) {',
    killers: [modelTest],
  },
  {
    id: 'M72',
    what: 'an index is marked as ready before its build has ended',
    file: 'packages/engine/view/index-build.ts',
    find: `isLast ? 'ready' : 'building'`,
    replace: `'ready'`,
    killers: [
      `${buildTest} --test-name-pattern=cut`,
      'packages/engine/test/views-crash.test.ts --test-name-pattern=build',
    ],
  },
  {
    id: 'M73',
    what: 'an index that is not declared is taken for whole when it is declared again',
    file: 'packages/engine/view/index-families.ts',
    find: `if (record === undefined || record.state === 'stale') continue`,
    replace: 'if (record !== undefined) continue',
    killers: [`${buildTest} --test-name-pattern=declared`],
  },
  {
    id: 'M74',
    what: 'a query reads its rows as they are now, not at the moment of the entries',
    file: 'packages/engine/view/query.ts',
    find: 'rows.family.getMany(keys, read)',
    replace: 'rows.family.getMany(keys)',
    killers: [`${indexTest} --test-name-pattern=change`],
  },
]
