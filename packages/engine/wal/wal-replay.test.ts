import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchCursor, BatchEncoder } from '@varve/format/batch'
import { ByteWriter, encodeUtf8, readUint16, writeUint32 } from '@varve/format/bytes'
import { crc32c, maskCrc } from '@varve/format/checksum'
import { CorruptionError, isVarveError } from '@varve/format/errors'
import { BLOCK_LENGTH, HEADER_LENGTH, LogFramer } from '@varve/format/wal'
import type { WalRecoveryMode } from '../options/option-types.ts'
import { FakeFile } from './fake-file.ts'
import {
  encodeEvidence,
  evidenceRecord,
  type WalOutcome,
  WalReplay,
  type WalReplayOptions,
  WalWriter,
} from './index.ts'

/** A log, and where each of its records ends. */
interface Log {
  bytes: Uint8Array
  number: number
  ends: number[]
  synced: number
}

/** The puts of one batch, by sequence number. */
function batch(sequence: number, count: number, valueLength = 5): BatchEncoder {
  const encoder = new BatchEncoder()
  for (let i = 0; i < count; i++) {
    encoder.putRecord(0, encodeUtf8(`k${sequence + i}`), new Uint8Array(valueLength).fill(0x61))
  }
  return encoder
}

interface Script {
  number: number
  firstSequence: number
  /** One batch each: how many puts, and whether a sync follows. */
  batches: readonly (readonly [count: number, sync: boolean])[]
  valueLength?: number
  previous?: { number: number; size: number }
}

/** What the engine writes: evidence first, and again in the batch after each sync. */
async function ourLog({ number, firstSequence, batches, valueLength, previous }: Script): Promise<Log> {
  const file = new FakeFile()
  const writer = new WalWriter(file, number)
  const evidence = (): Uint8Array =>
    encodeEvidence({
      walNumber: number,
      walSynced: writer.syncedSize,
      manifestNumber: 5,
      manifestSynced: 70,
      previousNumber: previous?.number,
      previousSize: previous?.size,
    })
  const ends: number[] = []
  writer.appendSync(evidenceRecord(firstSequence, evidence()))
  ends.push(writer.size)
  let sequence = firstSequence
  let told = 0
  for (const [count, sync] of batches) {
    const encoder = batch(sequence, count, valueLength)
    if (writer.syncedSize !== told) encoder.logData(evidence())
    told = writer.syncedSize
    writer.appendSync(encoder.finish(sequence))
    ends.push(writer.size)
    sequence += count
    if (sync) await writer.sync()
  }
  // Without what was reserved behind the records: a test below goes over zeros.
  return { bytes: file.bytes.slice(0, writer.size), number, ends, synced: told }
}

/** What C++ RocksDB writes. */
function foreignLog(
  number: number,
  firstSequence: number,
  counts: readonly number[],
  isRecycled = false,
): Log {
  const out = new ByteWriter()
  const framer = new LogFramer(0, isRecycled ? number : undefined)
  const ends: number[] = []
  let sequence = firstSequence
  for (const count of counts) {
    framer.frame(out, batch(sequence, count).finish(sequence))
    ends.push(out.length)
    sequence += count
  }
  return { bytes: out.take(), number, ends, synced: 0 }
}

interface Replayed {
  /** Sequence numbers of the operations applied. */
  applied: number[]
  outcomes: WalOutcome[]
}

function replay(
  logs: readonly { bytes: Uint8Array; number: number }[],
  options: Partial<WalReplayOptions> = {},
): Replayed {
  const applied: number[] = []
  const outcomes: WalOutcome[] = []
  const replayer = new WalReplay({
    mode: 'strict',
    onBatch: (payload, offset, log) => {
      const cursor = new BatchCursor(payload, log.file, offset)
      while (cursor.next()) if (cursor.counted) applied.push(cursor.recordSequence)
    },
    ...options,
  })
  for (const { bytes, number } of logs)
    outcomes.push(replayer.replay({ bytes, number, file: `${number}.log` }))
  return { applied, outcomes }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

/** The operations of the records of `log` that end at or before `end`. */
function appliedUpTo(log: Log, counts: readonly number[], end: number, firstSequence = 1): number[] {
  const whole = log.ends.filter(recordEnd => recordEnd <= end).length
  const operations = counts.slice(0, whole).reduce((sum, count) => sum + count, 0)
  return range(firstSequence, firstSequence + operations)
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] ^= 1 << (bit & 7)
  return copy
}

/** The prefix that was applied, or `undefined` when the log was refused. */
function appliedOrRefused(
  log: Log,
  bytes: Uint8Array,
  options?: Partial<WalReplayOptions>,
): number[] | undefined {
  try {
    return replay([{ bytes, number: log.number }], options).applied
  } catch (error) {
    assert.ok(error instanceof CorruptionError, String(error))
    assert.equal(error.file, `${log.number}.log`)
    assert.equal(typeof error.offset, 'number')
    return undefined
  }
}

const script: Script = {
  number: 9,
  firstSequence: 1,
  batches: [
    [1, false],
    [2, true],
    [1, false],
    [3, true],
    [1, false],
    [2, false],
  ],
}
/** The record of evidence first. */
const scriptCounts = [0, ...script.batches.map(([count]) => count)]

test('any flipped bit below the watermark is refused, above it the exact prefix is kept', async () => {
  const log = await ourLog(script)
  assert.ok(log.synced > 100 && log.synced < log.bytes.length - 80)
  for (let bit = 0; bit < log.bytes.length * 8; bit++) {
    const damagedAt = log.ends.find(end => bit >> 3 < end) as number
    const before = log.ends[log.ends.indexOf(damagedAt) - 1] ?? 0
    const applied = appliedOrRefused(log, flipped(log.bytes, bit))
    if (bit >> 3 < log.synced) assert.equal(applied, undefined, `bit ${bit}`)
    else assert.deepEqual(applied, appliedUpTo(log, scriptCounts, before), `bit ${bit}`)
  }
})

test('a log cut at any length keeps the exact prefix, or is refused if the MANIFEST knows that it was longer', async () => {
  const log = await ourLog(script)
  for (let length = 0; length <= log.bytes.length; length++) {
    const bytes = log.bytes.slice(0, length)
    const expected = appliedUpTo(log, scriptCounts, length)
    assert.deepEqual(appliedOrRefused(log, bytes), expected)
    const tracked = appliedOrRefused(log, bytes, { trackedSizes: new Map([[log.number, log.synced]]) })
    assert.deepEqual(tracked, length < log.synced ? undefined : expected)
  }
})

test('a log whose end became zeros keeps the exact prefix, or is refused below the watermark', async () => {
  const log = await ourLog(script)
  for (let length = 0; length <= log.bytes.length; length++) {
    const bytes = log.bytes.slice().fill(0, length)
    const applied = appliedOrRefused(log, bytes, { trackedSizes: new Map([[log.number, log.synced]]) })
    if (applied === undefined) assert.ok(length < log.synced)
    else assert.deepEqual(applied, appliedUpTo(log, scriptCounts, length), `zeros from ${length}`)
  }
})

test('damage in one block is judged by evidence in another, and by evidence that a block cuts in two', async () => {
  for (const lastLength of range(0, 80)) {
    const batches: [number, boolean][] = [
      [1, true],
      [1, false],
      [1, false],
    ]
    const valueLength = BLOCK_LENGTH / 2 - 160 + lastLength
    const log = await ourLog({ number: 9, firstSequence: 1, batches, valueLength })
    for (const at of [50, log.synced - 20])
      assert.equal(appliedOrRefused(log, flipped(log.bytes, at * 8)), undefined)
    const applied = appliedOrRefused(log, flipped(log.bytes, (log.ends[3] - 9) * 8))
    assert.deepEqual(applied, [1, 2])
  }
})

test('a lost page below the watermark is refused, above it the prefix before it is kept', async () => {
  const batches = range(0, 60).map(i => [1, i === 30] as const)
  const log = await ourLog({ number: 9, firstSequence: 1, batches, valueLength: 4000 })
  for (let page = 0; page + 4096 <= log.bytes.length; page += 4096) {
    const applied = appliedOrRefused(log, log.bytes.slice().fill(0, page, page + 4096))
    if (page < log.synced) assert.equal(applied, undefined)
    else assert.deepEqual(applied, appliedUpTo(log, [0, ...batches.map(() => 1)], page))
  }
})

test('no flipped bit in a log of C++ RocksDB loses anything silently but what may be its torn last record', () => {
  const counts = [1, 2, 1, 3, 1]
  for (const isRecycled of [false, true]) {
    const log = foreignLog(4, 1, counts, isRecycled)
    for (let bit = 0; bit < log.bytes.length * 8; bit++) {
      const applied = appliedOrRefused(log, flipped(log.bytes, bit))
      if (bit >> 3 < log.ends[3]) assert.equal(applied, undefined, `bit ${bit}`)
      else assert.deepEqual(applied, range(1, 8), `bit ${bit}`)
    }
    const only = foreignLog(4, 1, [3], isRecycled)
    for (let bit = 0; bit < only.bytes.length * 8; bit++) {
      const { applied, outcomes } = replay([{ bytes: flipped(only.bytes, bit), number: 4 }])
      assert.deepEqual(applied, [])
      const isOfOlderLog = isRecycled && bit >> 3 >= 7 && bit >> 3 < 11
      if (!isOfOlderLog) assert.equal(outcomes[0].end, 'cut', `bit ${bit}`)
    }
  }
})

test('a log of C++ RocksDB cut at any length keeps the exact prefix', () => {
  const counts = [1, 2, 1, 3, 1]
  const log = foreignLog(4, 1, counts)
  for (let length = 0; length <= log.bytes.length; length++) {
    assert.deepEqual(appliedOrRefused(log, log.bytes.slice(0, length)), appliedUpTo(log, counts, length))
  }
})

test('a recycled log ends where records of its earlier life begin', () => {
  const newer = foreignLog(8, 50, [1, 1], true)
  for (const firstSequence of [1, 10]) {
    const bytes = foreignLog(4, firstSequence, [1, 1, 1, 1, 1, 1], true).bytes
    bytes.set(newer.bytes)
    const { applied, outcomes } = replay([{ bytes, number: 8 }])
    // Only where old records happen to begin just there can they be told from damage.
    assert.deepEqual([applied, outcomes[0].end], [[50, 51], firstSequence === 10 ? 'clean' : 'cut'])
  }
})

test('a recycled log that the MANIFEST knows whole is refused when a flipped bit makes its end look older', () => {
  const log = foreignLog(8, 50, [1, 1], true)
  const older = foreignLog(4, 1, [1, 1, 1, 1, 1, 1], true).bytes
  for (const behind of [new Uint8Array(0), older.subarray(log.ends[0])]) {
    const bytes = Buffer.concat([log.bytes, behind])
    const options = { trackedSizes: new Map([[8, log.bytes.length]]) }
    assert.deepEqual(replay([{ bytes, number: 8 }], options).applied, [50, 51])
    for (let bit = 0; bit < log.bytes.length * 8; bit++)
      assert.throws(
        () => replay([{ bytes: flipped(bytes, bit), number: 8 }], options),
        CorruptionError,
        `bit ${bit}`,
      )
  }
})

test('two logs of C++ RocksDB that have each other’s names are refused', () => {
  const older = foreignLog(4, 1, [1, 1]).bytes
  const newer = foreignLog(5, 3, [1, 1]).bytes
  const logs = (first: Uint8Array, second: Uint8Array) => [
    { bytes: first, number: 4 },
    { bytes: second, number: 5 },
  ]
  assert.deepEqual(replay(logs(older, newer)).applied, [1, 2, 3, 4])
  assert.throws(() => replay(logs(newer, older)), CorruptionError)
})

test('behind a cut nothing is applied, unless a log goes on just there', async () => {
  const first = await ourLog({
    number: 9,
    firstSequence: 1,
    batches: [
      [2, false],
      [2, false],
    ],
  })
  const torn = { bytes: first.bytes.slice(0, -3), number: 9 }
  const later = await ourLog({ number: 10, firstSequence: 5, batches: [[2, false]] })
  const goingOn = await ourLog({ number: 11, firstSequence: 3, batches: [[2, true]] })
  const { applied, outcomes } = replay([torn, later, goingOn])
  assert.deepEqual(applied, [1, 2, 3, 4])
  assert.deepEqual(
    outcomes.map(({ end }) => end),
    ['cut', 'ignored', 'clean'],
  )
  assert.equal(outcomes[0].cutAt, first.ends[1])
})

test('a later log that was synced proves that this one had been whole', async () => {
  const first = await ourLog({
    number: 9,
    firstSequence: 1,
    batches: [
      [2, false],
      [2, false],
    ],
  })
  const torn = { bytes: first.bytes.slice(0, -3), number: 9 }
  const later = await ourLog({
    number: 10,
    firstSequence: 5,
    batches: [
      [2, true],
      [1, false],
    ],
  })
  assert.throws(
    () => replay([torn, later]),
    error => error instanceof CorruptionError && error.file === '9.log' && error.offset === first.ends[1],
  )
  const unsynced = await ourLog({ number: 10, firstSequence: 5, batches: [[2, false]] })
  assert.throws(() => replay([torn, unsynced], { trackedSizes: new Map([[10, 40]]) }), CorruptionError)
})

test('a log that has lost whole records is found out by the next one', async () => {
  const first = await ourLog({
    number: 9,
    firstSequence: 1,
    batches: [
      [2, false],
      [2, false],
    ],
  })
  const short = { bytes: first.bytes.slice(0, first.ends[1]), number: 9 }
  const previous = { number: 9, size: first.bytes.length }
  const unsynced = await ourLog({ number: 10, firstSequence: 5, batches: [[2, false]], previous })
  const { applied, outcomes } = replay([short, unsynced])
  assert.deepEqual([applied, outcomes[0].end, outcomes[1].end], [[1, 2], 'cut', 'ignored'])
  const synced = await ourLog({
    number: 10,
    firstSequence: 5,
    batches: [
      [2, true],
      [1, false],
    ],
    previous,
  })
  assert.throws(() => replay([short, synced]), CorruptionError)
  assert.deepEqual(replay([first, synced]).applied, range(1, 8))
})

test('a log that has become zeros as a whole is found out by the next one, and by the MANIFEST', async () => {
  const first = await ourLog({ number: 4, firstSequence: 1, batches: [[2, false]] })
  const zeros = { bytes: new Uint8Array(first.bytes.length), number: 4 }
  const batches = [[1, false]] as const
  const previous = { number: 4, size: first.bytes.length }
  const second = await ourLog({ number: 6, firstSequence: 3, batches, previous })
  assert.deepEqual(replay([first, second]).applied, [1, 2, 3])
  assert.deepEqual(replay([zeros, second]).applied, [])
  const trackedSizes = new Map([[4, first.bytes.length]])
  assert.throws(() => replay([zeros], { trackedSizes }), CorruptionError)
})

test('a log whose beginning did not come to the disk is cut there, if the MANIFEST is sure to know what did', async () => {
  const log = await ourLog({
    number: 4,
    firstSequence: 1,
    batches: [
      [2, false],
      [2, false],
      [2, false],
    ],
    // The last begins in another block of 32 KiB.
    valueLength: 10_000,
  })
  const bytes = log.bytes.slice()
  bytes.fill(0, 0, log.ends[1])
  const torn = { bytes, number: 4 }
  assert.throws(() => replay([torn]), CorruptionError)
  const { applied, outcomes } = replay([torn], { isTracked: number => number === 4 })
  assert.deepEqual([applied, outcomes[0].end, outcomes[0].cutAt], [[], 'cut', 0])
  const trackedSizes = new Map([[4, log.ends[0]]])
  assert.throws(() => replay([torn], { isTracked: () => true, trackedSizes }), CorruptionError)
})

test('a block of a removed log behind a beginning that did not come to the disk is no sign of a wrong name', async () => {
  const removed = await ourLog({ number: 3, firstSequence: 1, batches: [[1, false]] })
  const block = 32_768
  const bytes = new Uint8Array(2 * block)
  bytes.set(removed.bytes, block)
  const { applied, outcomes } = replay([{ bytes, number: 4 }], { isTracked: () => true })
  assert.deepEqual([applied, outcomes[0].end], [[], 'cut'])
  assert.throws(
    () => replay([{ bytes: removed.bytes, number: 4 }], { isTracked: () => true }),
    /log 3 under the name of log 4/,
  )
})

test('a log that is missing is found out by the next one', async () => {
  const previous = { number: 9, size: 100 }
  const next = await ourLog({ number: 10, firstSequence: 5, batches: [[2, false]], previous })
  assert.throws(() => replay([next], { oldestNeeded: 9 }), /log 9, .* is missing/)
  assert.deepEqual(replay([next], { oldestNeeded: 10 }).applied, [5, 6])
})

test('nobody misses a log that nothing was in: backups of C++ RocksDB leave it out', async () => {
  const previous = { number: 9, size: 0 }
  const next = await ourLog({ number: 10, firstSequence: 4, batches: [[3, true]], previous })
  assert.deepEqual(replay([next], { oldestNeeded: 9 }).applied, [4, 5, 6])
})

test('a log speaks for the MANIFEST, and is refused under the name of another log', async () => {
  const log = await ourLog(script)
  assert.deepEqual(replay([log]).outcomes[0].manifest, { manifestNumber: 5, syncedSize: 70 })
  assert.throws(() => replay([{ bytes: log.bytes, number: 12 }]), /log 9 under the name of log 12/)
})

test('a damaged log of C++ RocksDB that a later one follows is refused, with the mode that would accept it', () => {
  const first = foreignLog(4, 1, [1, 2])
  const torn = { bytes: first.bytes.slice(0, -1), number: 4 }
  assert.throws(() => replay([torn, foreignLog(6, 4, [1])]), /kPointInTimeRecovery/)
  assert.deepEqual(replay([torn, foreignLog(6, 2, [1])]).applied, [1, 2])
  assert.deepEqual(replay([torn, { bytes: new Uint8Array(0), number: 6 }]).applied, [1])
})

test('records of removed files behind the end of a log are not of it, and are refused below the watermark', async () => {
  const log = await ourLog(script)
  const older = await ourLog({ ...script, number: 3 })
  const manifest = new ByteWriter()
  for (let i = 0; i < 3; i++)
    new LogFramer().frame(manifest, encodeUtf8('\x01\x1aleveldb.BytewiseComparator'))
  const blocks = [older.bytes, older.bytes.subarray(older.ends[0]), manifest.view(), short(), noBatch()]
  for (const block of blocks) {
    for (const end of log.ends) {
      const bytes = new Uint8Array(Math.max(log.bytes.length, end + block.length))
      bytes.set(log.bytes.subarray(0, end))
      bytes.set(block, end)
      const tracked = appliedOrRefused(log, bytes, { trackedSizes: new Map([[log.number, log.synced]]) })
      const expected = appliedUpTo(log, scriptCounts, end)
      assert.deepEqual(tracked, end < log.synced ? undefined : expected, `block behind ${end}`)
    }
  }
})

/** A record that is no batch. */
function short(): Uint8Array {
  const out = new ByteWriter()
  new LogFramer().frame(out, encodeUtf8('short'))
  return out.view()
}

test('a log of which nothing came to the disk but blocks of removed files is empty, or refused if it was synced', () => {
  const foreign = new ByteWriter()
  new LogFramer().frame(foreign, encodeUtf8('\x01\x1aleveldb.BytewiseComparator'))
  for (const block of [foreign.view(), short(), noBatch()]) {
    const bytes = new Uint8Array(2 * BLOCK_LENGTH)
    bytes.fill(0xaa, 0, BLOCK_LENGTH)
    bytes.set(block, BLOCK_LENGTH)
    const { outcomes, applied } = replay([{ bytes, number: 4 }])
    assert.deepEqual([outcomes[0].end, outcomes[0].cutAt, applied], ['cut', 0, []])
    const trackedSizes = new Map([[4, 10]])
    assert.throws(() => replay([{ bytes, number: 4 }], { trackedSizes }), CorruptionError)
  }
})

/** A record that goes on with the sequence and has a tag that there is not. */
function noBatch(): Uint8Array {
  const out = new ByteWriter()
  const wrong = batch(100_000, 1).finish(100_000)
  wrong[12] = 0xee
  new LogFramer().frame(out, wrong)
  return out.view()
}

test('a batch that checks and is wrong is refused in every mode', () => {
  const out = new ByteWriter()
  const wrong = batch(1, 2).finish(1)
  wrong[8] = 9
  new LogFramer().frame(out, wrong)
  for (const mode of modes)
    assert.throws(() => replay([{ bytes: out.view(), number: 4 }], { mode }), CorruptionError)
})

test('timestamps of eight bytes are known, and others refused by name', () => {
  // A fragment of type 10: column family 0 has timestamps of so many bytes. Checksum as RocksDB 11 writes it.
  const sizes = (size: number) => {
    const out = new ByteWriter()
    new LogFramer().frame(out, Uint8Array.of(0, 0, 0, 0, size, 0))
    return withType(out.take(), 10)
  }
  for (const mode of modes) replay([{ bytes: sizes(8), number: 4 }], { mode })
  const bytes = sizes(16)
  for (const mode of modes) {
    assert.throws(
      () => replay([{ bytes, number: 4 }], { mode }),
      error => isVarveError(error, 'NOT_SUPPORTED') && /timestamps/.test(error.message),
    )
  }
})

const modes: WalRecoveryMode[] = [
  'strict',
  'kTolerateCorruptedTailRecords',
  'kAbsoluteConsistency',
  'kPointInTimeRecovery',
  'kSkipAnyCorruptedRecords',
]

test('each of RocksDB modes does with damage what RocksDB does', () => {
  const counts = [1, 1, 1, 1]
  const log = foreignLog(4, 1, counts)
  const next = foreignLog(6, 5, [1])
  const torn = { bytes: log.bytes.slice(0, -2), number: 4 }
  const zeroTail = { bytes: new Uint8Array([...log.bytes, ...new Uint8Array(50)]), number: 4 }
  const bitFlip = { bytes: flipped(log.bytes, (log.ends[1] - 1) * 8), number: 4 }
  const flipInLast = { bytes: flipped(log.bytes, (log.ends[3] - 1) * 8), number: 4 }
  const olderRecord = { bytes: withType(log.bytes.slice(), 5, log.ends[1]), number: 4 }
  const short = { bytes: shortRecordLog(), number: 4 }
  const situations: [string, { bytes: Uint8Array; number: number }[], (number[] | 'refused')[]][] = [
    ['zero tail', [zeroTail], [range(1, 5), range(1, 5), range(1, 5), range(1, 5)]],
    ['torn tail', [torn], [[1, 2, 3], 'refused', [1, 2, 3], [1, 2, 3]]],
    ['torn tail, later log', [torn, next], [[1, 2, 3, 5], 'refused', [1, 2, 3], [1, 2, 3, 5]]],
    [
      'torn tail, log that goes on',
      [torn, foreignLog(6, 4, [1])],
      [range(1, 5), 'refused', range(1, 5), range(1, 5)],
    ],
    ['flipped bit', [bitFlip, next], ['refused', 'refused', [1], [1, 5]]],
    ['flipped bit in the last record', [flipInLast], ['refused', 'refused', [1, 2, 3], [1, 2, 3]]],
    [
      'record of an older log',
      [olderRecord, next],
      [
        [1, 2, 5],
        [1, 2, 5],
        [1, 2, 5],
        [1, 2, 5],
      ],
    ],
    ['short record', [short], ['refused', 'refused', [1], [1, 2]]],
  ]
  for (const [name, logs, expected] of situations) {
    for (const [i, mode] of modes.slice(1).entries()) {
      let applied: number[] | 'refused'
      try {
        applied = replay(logs, { mode }).applied
      } catch (error) {
        assert.ok(error instanceof CorruptionError)
        applied = 'refused'
      }
      assert.deepEqual(applied, expected[i], `${name}, ${mode}`)
    }
  }
})

/** A log with a record of five bytes between two batches. */
function shortRecordLog(): Uint8Array {
  const out = new ByteWriter()
  const framer = new LogFramer()
  framer.frame(out, batch(1, 1).finish(1))
  framer.frame(out, new Uint8Array(5))
  framer.frame(out, batch(2, 1).finish(2))
  return out.take()
}

/** Gives the fragment at `offset` another type, with a checksum that fits. */
function withType(bytes: Uint8Array, type: number, offset = 0): Uint8Array {
  bytes[offset + 6] = type
  const end = offset + HEADER_LENGTH + readUint16(bytes, offset + 4)
  writeUint32(bytes, offset, maskCrc(crc32c(bytes, offset + 6, end)))
  return bytes
}
