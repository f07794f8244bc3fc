/** Bugs in reading back: what of a log counts, what may be removed, what is numbered anew. */
import type { Mutant } from './mutant.ts'

export const recoveryMutants: readonly Mutant[] = [
  {
    id: 'M8',
    what: 'replay goes on with the records behind a hole in the log',
    file: 'packages/engine/wal/wal-replay.ts',
    find: 'this.applyUpTo(damage?.recordOffset ?? log.bytes.length, log, outcome)',
    replace: 'this.applyUpTo(log.bytes.length, log, outcome)',
    killers: ['packages/engine/wal/wal-replay.test.ts'],
  },
  {
    id: 'M9',
    what: 'damage below what was synced is taken for the end of the log',
    file: 'packages/engine/wal/wal-replay.ts',
    find: '    refuseDamageBelow(watermark, scan, log)\n',
    replace: '    if (watermark < 0) refuseDamageBelow(watermark, scan, log)\n',
    killers: ['packages/engine/wal/wal-replay.test.ts'],
  },
  {
    id: 'M10',
    what: 'a record whose type bit flipped is taken for the earlier life of a recycled log',
    file: 'packages/engine/wal/wal-scan.ts',
    find: `if (isFollowedInBlock(bytes, item, number)) scan.isFollowed = true
        else if (!isLegacy && !fitsLegacyType(bytes, item)) {`,
    replace: '{',
    killers: ['packages/engine/wal/wal-replay.test.ts'],
  },
  {
    id: 'M11',
    what: 'records of another log number are taken for those of this one',
    file: 'packages/format/wal/fragment.ts',
    find: 'readUint32(bytes, offset + 7) !== this.logNumber',
    replace: 'this.logNumber < 0',
    killers: ['packages/format/wal/wal.test.ts'],
  },
  {
    id: 'M12',
    what: 'recovery removes the logs before the MANIFEST says that their writes are in tables',
    file: 'packages/engine/db/recover.ts',
    find: '  await startLog(engine)\n  await flushRecovered(engine, keepLogs)\n',
    replace: `  await startLog(engine)
  if (!keepLogs) for (const log of logs) await removeFile(engine, walName(log.number))
  await flushRecovered(engine, keepLogs)
`,
    killers: ['packages/testkit/sweep/main.ts recovery --script reopen --states 600 --stop'],
  },
  {
    id: 'M14',
    what: 'the last sequence is what the MANIFEST says, whatever the logs hold',
    file: 'packages/engine/db/replay-logs.ts',
    find: '    engine.startSequencesAfter(Math.max(engine.lastSequence, (replay.nextSequence ?? 0) - 1))\n',
    replace: '',
    killers: ['packages/engine/test/durability.test.ts --test-name-pattern=acknowledged'],
  },
  {
    id: 'M15',
    what: 'tables that the MANIFEST does not know are deleted at open',
    file: 'packages/engine/db/recover.ts',
    find: `else if ((kind === 'table' || kind === 'blob') && !known.has(number)) unknown.push(name)`,
    replace: `else if ((kind === 'table' || kind === 'blob') && !known.has(number)) await removeFile(engine, name)`,
    killers: ['packages/engine/test/recovery.test.ts --test-name-pattern=lost'],
  },
  {
    id: 'M22',
    what: 'a log that cannot be read is taken for an empty one',
    file: 'packages/engine/db/replay-logs.ts',
    find: 'await engine.fs.readFile(file)',
    replace: 'await engine.fs.readFile(file).catch(() => new Uint8Array(0))',
    killers: ['packages/engine/test/faults.test.ts --test-name-pattern=open'],
  },
  {
    id: 'M22b',
    what: 'a CURRENT that cannot be looked at is taken for none',
    file: 'packages/engine/db/open.ts',
    find: '(await fs.stat(join(path, CURRENT_NAME))) !== undefined',
    replace: '(await fs.stat(join(path, CURRENT_NAME)).catch(() => undefined)) !== undefined',
    killers: ['packages/engine/test/faults.test.ts --test-name-pattern=open'],
  },
  {
    id: 'M25',
    what: 'nobody misses a log that the MANIFEST tracks',
    file: 'packages/engine/db/recover.ts',
    find: 'if (number < minimum || existing.includes(number)) continue',
    replace: 'if (number >= 0) continue',
    killers: ['packages/engine/test/recovery.test.ts --test-name-pattern=missing'],
  },
  {
    id: 'M25b',
    what: 'a log does not miss the one before it',
    file: 'packages/engine/wal/wal-replay.ts',
    find: 'if (previous?.number !== previousNumber) {',
    replace: 'if (previous?.number !== previousNumber && previousNumber < 0) {',
    killers: ['packages/engine/test/recovery.test.ts --test-name-pattern=missing'],
  },
  {
    id: 'M52',
    what: 'the numbers of files that lie in the directory, and that the MANIFEST does not know, are given out again',
    file: 'packages/engine/db/recover.ts',
    find: "if (kind !== 'infoLog') engine.versions.noteFileNumber(number)",
    replace: "if (kind === 'infoLog') engine.versions.noteFileNumber(number)",
    killers: ['packages/testkit/sweep/main.ts crash --script flush --states 1500 --stop'],
  },
  {
    id: 'M52b',
    what: 'the numbers of files in lost/ are given out again',
    file: 'packages/engine/db/recover.ts',
    find: 'if (number !== undefined) engine.versions.noteFileNumber(number)',
    replace: 'if (number === -1) engine.versions.noteFileNumber(number)',
    killers: ['packages/engine/test/recovery.test.ts --test-name-pattern=lost'],
  },
]
