/** Bugs in what the MANIFEST says and when: rolls, failures, log numbers, atomic groups. */
import type { Mutant } from './mutant.ts'

export const manifestMutants: readonly Mutant[] = [
  {
    id: 'M4',
    what: 'the name of a new MANIFEST is not synced before CURRENT names it',
    file: 'packages/engine/version/manifest-writer.ts',
    find: '      await this.fs.syncDirectory(this.directory)\n',
    replace: '',
    killers: ['packages/engine/test/power-loss.test.ts --test-name-pattern=CURRENT'],
  },
  {
    id: 'M4b',
    what: 'the name of the first MANIFEST is not synced before CURRENT names it',
    file: 'packages/engine/version/create-database.ts',
    find: '  await fs.syncDirectory(directory)\n',
    replace: '',
    killers: ['packages/engine/test/power-loss.test.ts --test-name-pattern=CURRENT'],
  },
  {
    id: 'M5',
    what: 'the directory is not synced after CURRENT was replaced',
    file: 'packages/engine/version/current-file.ts',
    find: '  await fs.syncDirectory(directory)\n',
    replace: '',
    killers: ['packages/testkit/sweep/main.ts crash --script manifest-roll --states 400 --seed 1 --stop'],
  },
  {
    id: 'M5b',
    what: 'the new CURRENT is not synced before it replaces the old one',
    file: 'packages/engine/version/current-file.ts',
    find: '    await file.sync()\n',
    replace: '',
    killers: ['packages/testkit/sweep/main.ts crash --script manifest-roll --states 400 --seed 1 --stop'],
  },
  {
    id: 'M12b',
    what: 'a log is removed when the MANIFEST says so, but that is not synced',
    file: 'packages/engine/version/manifest-log.ts',
    find: '    await this.file.sync()\n',
    replace: '',
    killers: ['packages/testkit/sweep/main.ts crash --script flush --states 400 --seed 1 --stop'],
  },
  {
    id: 'M13',
    what: 'a flush says that its family needs no log before the current one, though another memtable waits',
    file: 'packages/engine/db/flush.ts',
    find: 'const logNumber = family.sealed[count]?.firstLog ?? family.firstLog',
    replace: 'const logNumber = engine.logs.isStarted ? engine.logs.number : family.firstLog',
    killers: ['packages/engine/test/power-loss.test.ts --test-name-pattern=second'],
  },
  {
    id: 'M16',
    what: 'CURRENT names a new MANIFEST before its contents are synced',
    file: 'packages/engine/version/manifest-writer.ts',
    find: `      await log.append([...state, ...own])
      await this.fs.syncDirectory(this.directory)
      await switchCurrent(this.fs, this.directory, number)
`,
    replace: `      await this.fs.syncDirectory(this.directory)
      await switchCurrent(this.fs, this.directory, number)
      await log.append([...state, ...own])
`,
    killers: ['packages/testkit/sweep/main.ts crash --script manifest-roll --states 400 --seed 1 --stop'],
  },
  {
    id: 'M17',
    what: 'after a failed append the same MANIFEST is written on',
    file: 'packages/engine/version/version-set.ts',
    find: '      this.poison(error)\n      for (const pending of accepted) pending.reject(this.poisoned)\n',
    replace: '      for (const pending of accepted) pending.reject(error)\n',
    killers: ['packages/engine/version/version-set.test.ts'],
  },
  {
    id: 'M17b',
    what: 'tables are removed while it is not known which MANIFEST holds',
    file: 'packages/engine/version/version-set.ts',
    find: 'takeObsoleteFiles(): FileMeta[] {\n    if (this.poisoned !== undefined) return []\n',
    replace: 'takeObsoleteFiles(): FileMeta[] {\n',
    killers: ['packages/engine/version/version-set.test.ts'],
  },
  {
    id: 'M17c',
    what: 'new tables are removed when the MANIFEST that was to name them failed, though it may name them',
    file: 'packages/engine/db/new-tables.ts',
    find: '    throw engine.versions.poisoned === undefined ? error : engine.failed(error)\n',
    replace: '    engine.failed(error)\n    return false\n',
    killers: ['packages/testkit/sweep/main.ts fault --script flush --states 200 --seed 1 --stop'],
  },
  {
    id: 'M18',
    what: 'resume tells the MANIFEST of one family after another, not of all at once',
    file: 'packages/engine/db/flush.ts',
    find: 'await engine.versions.logAndApply([...edits, { minLogNumberToKeep: logNumber }, ...log], true, () => {',
    replace: `for (const edit of edits) await engine.versions.logAndApply([edit])
  await engine.versions.logAndApply([{ minLogNumberToKeep: logNumber }, ...log], false, () => {`,
    killers: ['packages/engine/test/power-loss.test.ts --test-name-pattern=resume'],
  },
  {
    id: 'M18b',
    what: 'of a group of edits that belong together a part is taken when the rest is missing',
    file: 'packages/engine/version/manifest-records.ts',
    find: 'if (remainingInGroup === undefined) return [edit]',
    replace: 'if (remainingInGroup === undefined || remainingInGroup > 0) return [edit]',
    killers: ['packages/engine/version/manifest-records.test.ts'],
  },
  {
    id: 'M19',
    what: 'the oldest log to keep is reckoned from the flushed family alone',
    file: 'packages/engine/db/flush.ts',
    find: '    if (other !== family) oldest = Math.min(oldest, other.oldestLogNeeded ?? oldest)\n',
    replace: '    if (other === family) oldest = Math.min(oldest, logNumber)\n',
    killers: ['packages/engine/test/durability.test.ts --test-name-pattern=family'],
  },
  {
    id: 'M19b',
    what: 'logs go by what the memtables need, whatever the MANIFEST says',
    file: 'packages/engine/db/obsolete-files.ts',
    find: 'if (engine.logs.isAnyBelow(oldest) && oldestLogInManifest(engine) < oldest) {',
    replace: 'if (engine.logs.isAnyBelow(oldest) && oldestLogInManifest(engine) < 0) {',
    killers: ['packages/engine/test/power-loss.test.ts --test-name-pattern=MANIFEST'],
  },
]
