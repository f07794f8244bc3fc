/** The scripts of the sweeps. Each leads through one part of the engine where a crash or a failure is delicate. */
import type { BatchOperation, OpenOptions } from 'varve'
import { inFlushes as keepingFilter } from '../metamorphic/keep-filter.ts'
import { MERGE_OPERATOR, randomOperation, withLifetime } from '../model/operations.ts'
import type { Random } from '../random.ts'
import type { Action, Round, Script } from './script.ts'

const KIB = 1024

/** Everything small, so that a few writes reach every part. */
const small: OpenOptions = {
  mergeOperator: MERGE_OPERATOR,
  writeBufferSize: 64 * KIB,
  blockCacheSize: 256 * KIB,
  blockSize: 1024,
  level0FileNumCompactionTrigger: 2,
  targetFileSizeBase: 32 * KIB,
  maxBytesForLevelBase: 64 * KIB,
  maxBytesForLevelMultiplier: 2,
}

const quiet: OpenOptions = { ...small, disableAutoCompactions: true }
const twoFamilies = { columnFamilies: { users: {} } }
const threeFamilies = { columnFamilies: { users: {}, log: {} } }

/** One for every few values, and their values moved whenever there is a compaction. */
const manyBlobs: OpenOptions = {
  enableBlobFiles: true,
  minBlobSize: 30,
  blobFileSize: 400,
  blobGarbageCollectionAgeCutoff: 0.6,
}

function operation(random: Random, columnFamily: string, size: number): BatchOperation {
  const value = () => `${random.next()} `.repeat(Math.ceil(random.between(1, size) / 11))
  const shares = { delete: 9, singleDelete: 4, merge: 8, deleteRange: 4 }
  return randomOperation(random, columnFamily, () => `key${random.skewed(40)}`, value, shares)
}

function put(random: Random, sync: boolean, columnFamily = 'default', size = 120): Action {
  return { kind: 'write', operations: [operation(random, columnFamily, size)], sync }
}

function batch(random: Random, sync: boolean, families: readonly string[], size = 120): Action {
  const operations = Array.from({ length: random.between(2, 6) }, (_, i) =>
    operation(random, i < families.length ? families[i] : random.pick(families), size),
  )
  return { kind: 'write', operations, sync }
}

function repeat(count: number, make: (index: number) => Round): Round[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function times(count: number, make: () => Round[]): Round[] {
  return Array.from({ length: count }, make).flat()
}

const scan: Round = [{ kind: 'scan' }]
const reopen: Round = [{ kind: 'reopen' }]
const kill: Round = [{ kind: 'kill' }]
const crash: Round = [{ kind: 'crash' }]
const flushAll: Round = [{ kind: 'flush', columnFamily: undefined }]
const compact: Round = [{ kind: 'compact', columnFamily: 'default' }]

const collectingBlobs: OpenOptions = {
  ...small,
  ...manyBlobs,
  blobCompressionType: 'snappy',
  blobGarbageCollectionForceThreshold: 0.1,
}

const withExpiry: OpenOptions = { ...quiet, columnFamilies: { brief: { expiringKeys: true } } }

export const scripts: readonly Script[] = [
  { name: 'expiry', options: withExpiry, rounds: random => livesThrough(random, reopen) },
  { name: 'crashes-expiry', options: withExpiry, rounds: random => livesThrough(random, crash) },
  { name: 'kills-expiry', options: withExpiry, rounds: random => livesThrough(random, kill) },
  {
    name: 'filter',
    options: {
      ...small,
      compression: 'snappy',
      compactionFilter: keepingFilter,
    },
    rounds: random => [
      ...times(3, () => [
        Array.from({ length: 12 }, () => put(random, false)),
        flushAll,
        Array.from({ length: 3 }, () => put(random, random.chance(0.2))),
      ]),
      [...compact, put(random, true)],
      flushAll,
      compact,
      scan,
    ],
  },
  { name: 'deleted-files', options: quiet, rounds: random => deletedFiles(random, scan) },
  { name: 'crashes-deleted-files', options: quiet, rounds: random => deletedFiles(random, crash) },
  {
    name: 'create',
    options: quiet,
    rounds: random => [[put(random, false)], [put(random, true)], reopen, [put(random, false)], scan, reopen],
  },
  {
    name: 'puts',
    options: quiet,
    rounds: random => [...repeat(60, () => [put(random, random.chance(0.3))]), scan],
  },
  {
    name: 'together',
    options: quiet,
    rounds: random => [
      ...repeat(12, () =>
        Array.from({ length: random.between(2, 8) }, () => put(random, random.chance(0.3))),
      ),
      scan,
    ],
  },
  {
    name: 'batches',
    options: { ...quiet, ...threeFamilies },
    rounds: random => {
      const families = ['default', 'users', 'log']
      return [
        ...repeat(15, () => [batch(random, random.chance(0.3), families), batch(random, false, families)]),
        [{ kind: 'flush', columnFamily: 'users' }, batch(random, true, families)],
        ...repeat(5, () => [batch(random, random.chance(0.3), families)]),
        scan,
      ]
    },
  },
  {
    name: 'flush',
    options: quiet,
    rounds: random =>
      times(4, () => [
        ...repeat(5, () => [put(random, random.chance(0.2))]),
        [...flushAll, put(random, random.chance(0.5)), put(random, false)],
      ]),
  },
  {
    name: 'compact',
    options: quiet,
    rounds: random => [
      ...times(3, () => [
        Array.from({ length: 12 }, () => put(random, false)),
        flushAll,
        Array.from({ length: 3 }, () => put(random, random.chance(0.2))),
      ]),
      [...compact, put(random, true)],
      [put(random, false)],
      flushAll,
      compact,
      scan,
    ],
  },
  {
    name: 'background',
    options: { ...small, compression: 'snappy' },
    rounds: random => [
      ...repeat(30, () =>
        Array.from({ length: 4 }, () => put(random, random.chance(0.1), 'default', 8 * KIB)),
      ),
      scan,
    ],
  },
  {
    name: 'manifest-roll',
    options: { ...quiet, maxManifestFileSize: KIB },
    rounds: random => [
      ...times(9, () => [[put(random, random.chance(0.3))], flushAll]),
      compact,
      ...times(4, () => [[put(random, random.chance(0.3))], flushAll]),
      scan,
    ],
  },
  {
    name: 'options',
    options: { ...quiet, ...twoFamilies },
    rounds: random => [
      ...times(3, () => [
        [put(random, true)],
        flushAll,
        ...repeat(2, () => [put(random, random.chance(0.3))]),
      ]),
      [
        { kind: 'setOptions', columnFamily: 'default', changes: { compression: 'zstd', blockSize: 256 } },
        put(random, true),
      ],
      [put(random, false)],
      flushAll,
      [{ kind: 'compactFiles', columnFamily: 'default', outputLevel: 3 }, put(random, random.chance(0.5))],
      [{ kind: 'setOptions', columnFamily: 'users', changes: { maxWriteBufferNumber: 5 } }],
      [{ kind: 'setOptions', columnFamily: 'default', changes: { disableAutoCompactions: false } }],
      ...repeat(4, () => [put(random, random.chance(0.3))]),
      flushAll,
      [{ kind: 'compactFiles', columnFamily: 'default', outputLevel: 5 }],
      scan,
    ],
  },
  {
    name: 'families',
    options: quiet,
    rounds: random => [
      [put(random, true)],
      [{ kind: 'createFamily', name: 'a' }],
      [batch(random, true, ['default', 'a']), put(random, false, 'a')],
      [{ kind: 'createFamily', name: 'b' }],
      [batch(random, false, ['a', 'b'])],
      [{ kind: 'flush', columnFamily: 'a' }, put(random, false, 'b')],
      [{ kind: 'dropFamily', name: 'a' }],
      [put(random, false, 'b'), put(random, random.chance(0.5))],
      [{ kind: 'createFamily', name: 'a' }],
      [batch(random, random.chance(0.5), ['default', 'a', 'b'])],
      reopen,
      [batch(random, false, ['default', 'a', 'b'])],
      [{ kind: 'dropFamily', name: 'b' }],
      [put(random, random.chance(0.5), 'a')],
      flushAll,
      scan,
    ],
  },
  {
    name: 'reopen',
    options: { ...quiet, ...twoFamilies },
    rounds: random =>
      times(4, () => [...repeat(4, () => [batch(random, random.chance(0.3), ['default', 'users'])]), reopen]),
  },
  {
    name: 'reopen-keeping-logs',
    options: { ...quiet, ...twoFamilies, avoidFlushDuringRecovery: true },
    rounds: random =>
      times(4, () => [...repeat(4, () => [batch(random, random.chance(0.3), ['default', 'users'])]), reopen]),
  },
  {
    name: 'crashes',
    options: { ...quiet, ...twoFamilies },
    rounds: random =>
      times(4, () => [
        ...repeat(4, () => [batch(random, random.chance(0.4), ['default', 'users'])]),
        ...(random.chance(0.5) ? [flushAll] : []),
        [put(random, false)],
        crash,
      ]),
  },
  {
    name: 'crashes-keeping-logs',
    options: { ...quiet, ...twoFamilies, avoidFlushDuringRecovery: true },
    rounds: random =>
      times(4, () => [...repeat(3, () => [batch(random, random.chance(0.4), ['default', 'users'])]), crash]),
  },
  {
    name: 'kills',
    options: { ...quiet, ...threeFamilies },
    rounds: random =>
      times(4, () => [
        ...repeat(3, () => [batch(random, random.chance(0.2), ['default', 'users', 'log'])]),
        ...(random.chance(0.5) ? [flushAll] : []),
        [put(random, false)],
        kill,
      ]),
  },
  {
    name: 'kills-keeping-logs',
    options: { ...quiet, ...threeFamilies, avoidFlushDuringRecovery: true },
    rounds: random =>
      times(4, () => [
        ...repeat(3, () => [batch(random, random.chance(0.2), ['default', 'users', 'log'])]),
        kill,
        [put(random, random.chance(0.5))],
      ]),
  },
  {
    name: 'log-switch',
    options: { ...quiet, ...threeFamilies, maxWriteBufferNumber: 4 },
    rounds: random => [
      // A family that is never flushed keeps every log.
      [put(random, false, 'log')],
      ...times(8, () => [
        Array.from({ length: 4 }, () => put(random, random.chance(0.25), random.pick(['default', 'users']))),
        [
          { kind: 'flush', columnFamily: random.pick(['default', 'users']) } as const,
          put(random, random.chance(0.3)),
        ],
        [put(random, random.chance(0.3), random.pick(['default', 'users', 'log']))],
      ]),
      scan,
    ],
  },
  {
    name: 'sync-by-bytes',
    options: { ...quiet, walSync: { everyBytes: 1024 } },
    rounds: random => [...repeat(30, () => [put(random, false), put(random, false)]), scan],
  },
  {
    name: 'sync-by-time',
    options: { ...quiet, walSync: { everyMs: 5 } },
    rounds: random => [
      ...repeat(20, () => [
        put(random, random.chance(0.1)),
        { kind: 'sleep', milliseconds: random.below(8) } as const,
      ]),
      flushAll,
      ...repeat(10, () => [put(random, false), { kind: 'sleep', milliseconds: random.below(8) } as const]),
    ],
  },
  {
    name: 'large',
    options: quiet,
    rounds: random => [
      [put(random, false)],
      [put(random, random.chance(0.5), 'default', 300 * KIB), put(random, false)],
      [put(random, true)],
      [put(random, false, 'default', 600 * KIB)],
      scan,
    ],
  },
  {
    name: 'blobs',
    options: { ...quiet, ...manyBlobs },
    rounds: random => [
      ...times(3, () => [
        Array.from({ length: 12 }, () => put(random, false)),
        flushAll,
        Array.from({ length: 3 }, () => put(random, random.chance(0.2))),
      ]),
      [...compact, put(random, true)],
      [put(random, false)],
      flushAll,
      compact,
      scan,
      reopen,
      [put(random, random.chance(0.5))],
      flushAll,
      compact,
    ],
  },
  { name: 'blob-collection', options: collectingBlobs, rounds: random => blobCollection(random, reopen) },
  {
    name: 'crashes-blob-collection',
    options: collectingBlobs,
    rounds: random => blobCollection(random, crash),
  },
]

/** By number of characters: all keys of these scripts are before it. */
const BEHIND_ALL_KEYS = 'z'

/** Keys that expire are flushed and compacted; `between` it is opened anew. */
function livesThrough(random: Random, between: Round): Round[] {
  return [
    ...times(2, () => [
      ...repeat(4, () => [brief(random, random.chance(0.3))]),
      [{ kind: 'flush', columnFamily: 'brief' } as const, brief(random, false)],
    ]),
    [{ kind: 'compact', columnFamily: 'brief' }, brief(random, true)],
    between,
    [brief(random, false)],
    [{ kind: 'compact', columnFamily: 'brief' }],
    scan,
  ]
}

/** Everything is deleted and written anew, with `between` in between. */
function deletedFiles(random: Random, between: Round): Round[] {
  return times(2, () => [
    ...repeat(4, () => [put(random, random.chance(0.2))]),
    flushAll,
    compact,
    deleteAll('default'),
    [{ kind: 'deleteFiles', columnFamily: 'default' } as const],
    [put(random, random.chance(0.5))],
    between,
  ])
}

/** Garbage comes and goes; `between` it is opened anew. */
function blobCollection(random: Random, between: Round): Round[] {
  const write = () => Array.from({ length: 4 }, () => put(random, random.chance(0.1), 'default', 8 * KIB))
  return [
    ...repeat(14, write),
    scan,
    [...compact, put(random, random.chance(0.5))],
    between,
    ...repeat(4, write),
    scan,
  ]
}

function deleteAll(columnFamily: string): Round {
  const operation: BatchOperation = { type: 'deleteRange', start: '', end: BEHIND_ALL_KEYS, columnFamily }
  return [{ kind: 'write', operations: [operation], sync: true }]
}

function brief(random: Random, sync: boolean): Action {
  const operations = Array.from({ length: random.between(1, 5) }, () =>
    withLifetime(random, operation(random, 'brief', 120)),
  )
  return { kind: 'write', operations, sync }
}

export function scriptNamed(name: string): Script {
  const script = scripts.find(candidate => candidate.name === name)
  if (script === undefined)
    throw new Error(`there is no script ${name}: ${scripts.map(s => s.name).join(', ')}`)
  return script
}
