/**
 * Replays the logs of a database, oldest first, and decides what to do about damage.
 *
 * In the strict mode, the default, a log is read to its end before any of it is applied:
 *
 *     0                watermark                                  size
 *     | known on disk: | may or may not have reached the disk:     |
 *     | damage fails   | the first damage is where the log ends    |
 *
 * The watermark comes from the log's own evidence, from the MANIFEST, and from the next log: one that has been
 * synced proves that this one was whole (the engine syncs logs in order). A log of C++ RocksDB carries no
 * evidence; there a torn end is cut, and damage with anything intact behind it fails. A log of ours whose beginning did not come
 * to the disk carries none either: the MANIFEST tells it from those.
 *
 * Whatever follows a cut was written later, so it is not applied, unless it goes on with the very sequence
 * number at which the cut left off: then an earlier recovery made the same cut and the database went on.
 *
 * RocksDB: db/db_impl/db_impl_open.cc, RecoverLogFiles
 */
import { BATCH_HEADER_LENGTH } from '@varve/format/batch'
import { readUint32, readUint64 } from '@varve/format/bytes'
import { CorruptionError } from '@varve/format/errors'
import { type LogItem, LogReader } from '@varve/format/wal'
import type { WalRecoveryMode } from '../options/option-types.ts'
import { judgeDamage, judgeShortRecord, type RocksdbMode } from './rocksdb-modes.ts'
import { refuseTimestamps, scanWal, type WalScan } from './wal-scan.ts'

/** A log of the database, whole. */
export interface WalSource {
  bytes: Uint8Array
  number: number
  /** Its path, for errors. */
  file: string
}

/** Takes one batch. `offset` is where its record begins in the log. */
export type OnBatch = (batch: Uint8Array, offset: number, log: WalSource) => void

export interface WalOutcome {
  number: number
  file: string
  /** In the strict mode without what was reserved behind the records: what a later log may say that this one had. */
  size: number
  /** `cut`: what begins at `cutAt` was not applied. `ignored`: none was, because an earlier log was cut. */
  end: 'clean' | 'cut' | 'ignored'
  cutAt: number | undefined
  reason: string | undefined
  /** Batches applied, and the operations in them. */
  batches: number
  operations: number
  /** Bytes of a MANIFEST that the log saw synced; known in the strict mode only. */
  manifest: { manifestNumber: number; syncedSize: number } | undefined
}

export interface WalReplayOptions {
  mode: WalRecoveryMode
  onBatch: OnBatch
  /** By log number: how many bytes of it the MANIFEST knows to be on disk. */
  trackedSizes?: ReadonlyMap<number, number | undefined>
  /** Whether the MANIFEST would know what is on disk of that log, though the log has lost where it says whose it is. */
  isTracked?(log: number): boolean
  /** The first log number that the MANIFEST still needs. */
  oldestNeeded?: number
}

export class WalReplay {
  /** What the batch after the last one applied is due to have; `undefined` before the first. */
  nextSequence: number | undefined = undefined

  private readonly mode: WalRecoveryMode
  private readonly onBatch: OnBatch
  private readonly trackedSizes: ReadonlyMap<number, number | undefined>
  private readonly isTracked: (log: number) => boolean
  private readonly oldestNeeded: number
  /** The cut that is in force: nothing is applied until a log goes on behind it. */
  private cut: WalOutcome | undefined = undefined
  private previous: WalOutcome | undefined = undefined
  /** Where the records of `previous` end. */
  private previousEnd = 0

  constructor(options: WalReplayOptions) {
    this.mode = options.mode
    this.onBatch = options.onBatch
    this.trackedSizes = options.trackedSizes ?? new Map()
    this.isTracked = log => options.isTracked?.(log) ?? false
    this.oldestNeeded = options.oldestNeeded ?? 0
  }

  /**
   * Replays the next log; logs are given in ascending order of their numbers. A later log may prove that this
   * one has lost its end: the outcome then becomes `cut` after it was returned.
   */
  replay(log: WalSource): WalOutcome {
    const outcome: WalOutcome = {
      number: log.number,
      file: log.file,
      size: log.bytes.length,
      end: 'clean',
      cutAt: undefined,
      reason: undefined,
      batches: 0,
      operations: 0,
      manifest: undefined,
    }
    if (this.mode === 'strict') this.replayStrict(log, outcome)
    else this.replayAsRocksdb(log, outcome, this.mode)
    this.previous = outcome
    return outcome
  }

  private replayStrict(log: WalSource, outcome: WalOutcome): void {
    const scan = scanWal(log.bytes, log.file, log.number)
    scan.isOurs ||= this.isTracked(log.number)
    const { damage } = scan
    const watermark = Math.max(scan.watermark, this.trackedSizes.get(log.number) ?? 0)
    refuseDamageBelow(watermark, scan, log)
    if (scan.manifestNumber > 0) {
      outcome.manifest = { manifestNumber: scan.manifestNumber, syncedSize: scan.manifestSynced }
    }
    this.checkPrevious(scan, log)
    this.previousEnd = knownEnd(scan, log)
    outcome.size = this.previousEnd
    if (this.cut !== undefined && scan.records > 0) {
      if (scan.firstSequence === this.nextSequence) this.cut = undefined
      else if (watermark > 0 || !scan.isOurs) throw lostMiddle(this.cut, log)
    }
    if (this.cut !== undefined) {
      outcome.end = 'ignored'
      return
    }
    this.refuseGoingBack(scan, log)
    if (damage !== undefined && !scan.isOurs && scan.isFollowed) {
      throw new CorruptionError(
        `${damage.reason} with intact records behind it (${LENIENT_MODE})`,
        log.file,
        damage.offset,
      )
    }
    this.applyUpTo(damage?.recordOffset ?? log.bytes.length, log, outcome)
    if (damage !== undefined) this.cutAt(damage.recordOffset, damage.reason, outcome)
  }

  /** A log tells how long the one before it was. One that has lost whole records ends with a cut, too. */
  private checkPrevious({ previousNumber, previousSize }: WalScan, { file }: WalSource): void {
    const { previous } = this
    if (previousNumber === 0 || previousNumber < this.oldestNeeded) return
    if (previous?.number !== previousNumber) {
      // An empty one, which backups and checkpoints of C++ RocksDB leave out.
      if (previousSize === 0) return
      throw new CorruptionError(`log ${previousNumber}, which goes before this one, is missing`, file)
    }
    if (previous.end !== 'clean' || this.previousEnd >= previousSize) return
    this.cutAt(this.previousEnd, `it had ${previousSize} bytes once`, previous)
  }

  /** Two logs of C++ RocksDB that have each other's names: nothing else in them says which is which. */
  private refuseGoingBack({ firstSequence }: WalScan, { file }: WalSource): void {
    const { nextSequence } = this
    if (nextSequence === undefined || firstSequence === undefined || firstSequence >= nextSequence) return
    const what = `the log begins with the sequence ${firstSequence}, and the one before it goes up to ${nextSequence - 1}`
    throw new CorruptionError(what, file)
  }

  private replayAsRocksdb(log: WalSource, outcome: WalOutcome, mode: RocksdbMode): void {
    const reader = new LogReader(log.bytes, { file: log.file, logNumber: log.number })
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      refuseTimestamps(item, log.file)
      if (item.kind === 'record' && item.payload.length >= BATCH_HEADER_LENGTH) {
        if (!this.goesOn(item.payload)) break
        this.applyBatch(item.payload, item.offset, log, outcome)
      } else if (!this.passes(item, log, outcome, mode)) return
    }
    if (this.cut !== undefined) outcome.end = 'ignored'
  }

  /** True unless a cut is in force that this batch does not continue. */
  private goesOn(batch: Uint8Array): boolean {
    if (this.cut !== undefined && readUint64(batch, 0) === this.nextSequence) this.cut = undefined
    return this.cut === undefined
  }

  /** Whether replay goes on in this log, behind an item that is no batch. */
  private passes(item: LogItem, { bytes, file }: WalSource, outcome: WalOutcome, mode: RocksdbMode): boolean {
    if (item.kind !== 'damage' && item.kind !== 'record') return true
    const reason = item.kind === 'damage' ? item.reason : 'log record is too short'
    const verdict = item.kind === 'damage' ? judgeDamage(mode, item, bytes) : judgeShortRecord(mode)
    if (verdict === 'fail')
      throw new CorruptionError(`${reason} (walRecoveryMode is ${mode})`, file, item.offset)
    if (verdict === 'stop' && this.cut === undefined) this.cutAt(item.offset, reason, outcome)
    else if (this.cut !== undefined) outcome.end = 'ignored'
    return verdict === 'skip'
  }

  private applyUpTo(end: number, log: WalSource, outcome: WalOutcome): void {
    const reader = new LogReader(log.bytes, { file: log.file, logNumber: log.number, end })
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'record') this.applyBatch(item.payload, item.offset, log, outcome)
    }
  }

  private applyBatch(batch: Uint8Array, offset: number, log: WalSource, outcome: WalOutcome): void {
    const count = readUint32(batch, 8)
    this.onBatch(batch, offset, log)
    outcome.batches++
    outcome.operations += count
    this.nextSequence = readUint64(batch, 0) + count
  }

  private cutAt(offset: number, reason: string, outcome: WalOutcome): void {
    outcome.end = 'cut'
    outcome.cutAt = offset
    outcome.reason = reason
    this.cut = outcome
  }
}

const LENIENT_MODE = 'walRecoveryMode kPointInTimeRecovery would drop what follows'

/**
 * How far the log reaches. Of a log of C++ RocksDB the whole file counts, but for what is left of a recycled file's
 * earlier life; and one that holds nothing at all may be one of ours that has become zeros.
 */
function knownEnd(scan: WalScan, { bytes }: WalSource): number {
  if (scan.olderAt !== undefined) return Math.min(scan.olderAt, bytes.length)
  return scan.isOurs || scan.records === 0 ? scan.intactEnd : bytes.length
}

function refuseDamageBelow(watermark: number, scan: WalScan, log: WalSource): void {
  const { damage } = scan
  const { file } = log
  if (damage !== undefined && damage.recordOffset < watermark) {
    throw new CorruptionError(
      `${damage.reason} in what had been synced (${watermark} bytes)`,
      file,
      damage.offset,
    )
  }
  const end = knownEnd(scan, log)
  if (end < watermark)
    throw new CorruptionError(`the log had been synced up to ${watermark} and ends before`, file, end)
}

function lostMiddle(cut: WalOutcome, later: WalSource): CorruptionError {
  const what = `${cut.reason}, and log ${later.number} goes on behind what is lost (${LENIENT_MODE})`
  return new CorruptionError(what, cut.file, cut.cutAt)
}
