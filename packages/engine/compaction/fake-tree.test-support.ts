/**
 * A tree in memory, worked on by the real picker, cursor, cutter and version builder: only tables and MANIFEST
 * are missing. Compactions overlap in time as the caller likes.
 */
import assert from 'node:assert/strict'
import { decodeUtf8, encodeUtf8, prefixWord } from '@varve/format/bytes'
import { bytewise, makeInternalKey, sequenceOfTrailer, typeOfTrailer, ValueType } from '@varve/format/key'
import type { NewFile } from '@varve/format/manifest'
import { compareEntries, type FakeEntry, FakeRun } from '../cursor/fake-run.test-support.ts'
import { mergeCursors, SeekTarget } from '../cursor/index.ts'
import { ColumnFamilyState } from '../version/column-family-state.ts'
import { checkLevel } from '../version/level-order.ts'
import { coversUserKey, findFile, type Version } from '../version/version.ts'
import { applyEdit } from '../version/version-builder.ts'
import type { Compaction } from './compaction.ts'
import { CompactionCursor, type CompactionRules } from './compaction-cursor.ts'
import type { LevelOptions } from './level-options.ts'
import { makePicker } from './make-picker.ts'
import { type CutRules, OutputCutter } from './output-cutter.ts'
import type { CompactionPicker, ManualRange, ManualSteps } from './picker.ts'

const ENTRY_SIZE = 100

interface Running {
  compaction: Compaction
  outputs: FakeEntry[][]
}

export class FakeTree {
  readonly family: ColumnFamilyState
  picker: CompactionPicker
  readonly running: Running[] = []
  snapshots: number[] = []
  /** Unix seconds; whoever tests moves it. */
  seconds = 1_000_000
  sequence = 0
  compactions = 0
  private nextNumber = 10
  private readonly contents = new Map<number, FakeEntry[]>()
  /** What a reader at each sequence is to see. */
  private readonly models: Map<string, string>[] = [new Map()]

  constructor(options: LevelOptions) {
    const levels = Array.from({ length: options.numLevels }, () => [])
    this.family = new ColumnFamilyState(0, 'default', bytewise, 0, levels, 1)
    this.picker = makePicker(this.family, options, () => this.seconds)
  }

  /** As if the database was closed and opened with other options. */
  use(options: LevelOptions): void {
    this.picker = makePicker(this.family, options, () => this.seconds)
  }

  get version(): Version {
    return this.family.current
  }

  /** Writes keys, of which those with an odd choice are deleted, and flushes them. */
  flush(operations: readonly { key: string; remove: boolean }[]): void {
    const entries = operations.map(({ key, remove }): FakeEntry => {
      this.sequence++
      const model = new Map(this.models[this.sequence - 1])
      if (remove) model.delete(key)
      else model.set(key, String(this.sequence))
      this.models.push(model)
      const type = remove ? ValueType.Deletion : ValueType.Value
      const value = encodeUtf8(remove ? '' : String(this.sequence))
      return { key: encodeUtf8(key), sequence: this.sequence, type, value }
    })
    const rules = { snapshots: this.snapshots, bottommost: false, zeroSequences: false }
    const written = run(rules, [entries], { ...noCuts, outputLevel: 0 })
    this.install({ newFiles: written.map(file => this.add(file, 0, this.family.newEpochNumber())) })
  }

  /** Begins a compaction if there is one to begin. */
  startPicked(): boolean {
    const compaction = this.picker.pick()
    if (compaction !== undefined) this.start(compaction)
    return compaction !== undefined
  }

  manual(range: ManualRange): ManualSteps {
    return this.picker.manual(range, this.nextNumber)
  }

  start(compaction: Compaction): void {
    this.compactions++
    if (compaction.editWithoutJob() !== undefined) {
      this.running.push({ compaction, outputs: [] })
      return
    }
    const job = structuredClone(
      compaction.toJob({
        directory: '/db',
        snapshots: this.snapshots,
        table: {},
        fileNumbers: { first: 0, count: compaction.fileNumberCount(1) },
        fileCreationTime: 0,
        paranoidFileChecks: false,
      }),
    )
    const runs = job.runs.map(files => files.flatMap(({ number }) => this.entriesOf(number)))
    const outputs = run(job.rules, runs, job.cut)
    assert.ok(outputs.length <= job.fileNumbers.count, 'more outputs than numbers')
    this.running.push({ compaction, outputs })
  }

  /** Puts the result of one of the running compactions into effect, or throws it away. */
  finish(index: number, success = true): void {
    const [{ compaction, outputs }] = this.running.splice(index, 1)
    const edit = compaction.editWithoutJob()
    if (success && edit !== undefined) {
      this.install(edit)
    } else if (success) {
      const files = compaction.inputs.flatMap(input => input.files)
      const epoch = Math.min(...files.map(file => file.epochNumber))
      const records = outputs.map(entries => this.add(entries, compaction.outputLevel, epoch))
      this.install(compaction.edit(records.map(record => ({ record }))))
    }
    compaction.release()
  }

  finishAll(): void {
    while (this.running.length > 0) this.finish(0)
  }

  takeSnapshot(): void {
    if (this.snapshots.at(-1) !== this.sequence) this.snapshots = [...this.snapshots, this.sequence]
  }

  closeSnapshot(index: number): void {
    this.snapshots = this.snapshots.toSpliced(index, 1)
    this.picker.noteOldestSnapshot(this.snapshots[0] ?? this.sequence)
  }

  /** Every snapshot and the newest reader see what they should, and the levels are in order. */
  check(): void {
    for (const [level, files] of this.version.levels.entries()) checkLevel(level, files, 'the tree')
    for (const sequence of [...this.snapshots, this.sequence]) {
      const model = this.models[sequence]
      const keys = new Set([...model.keys(), ...(this.models.at(-1)?.keys() ?? [])])
      for (const key of keys) assert.equal(this.get(key, sequence), model.get(key), `${key} at ${sequence}`)
    }
  }

  private get(key: string, sequence: number): string | undefined {
    const bytes = encodeUtf8(key)
    const target = new SeekTarget().set(bytes, 0, bytes.length, sequence)
    for (const [level, files] of this.version.levels.entries()) {
      const candidates = level === 0 ? files : files.slice(findFile(files, target)).slice(0, 1)
      for (const file of candidates) {
        if (!coversUserKey(file, target)) continue
        const found = this.entriesOf(file.number).find(
          entry => entry.sequence <= sequence && decodeUtf8(entry.key) === key,
        )
        if (found !== undefined) return found.type === ValueType.Value ? decodeUtf8(found.value) : undefined
      }
    }
    return undefined
  }

  private entriesOf(number: number): FakeEntry[] {
    const entries = this.contents.get(number)
    assert.ok(entries !== undefined, `file ${number} is read and does not exist`)
    return entries
  }

  private add(entries: FakeEntry[], level: number, epochNumber: number): NewFile {
    const number = this.nextNumber++
    this.contents.set(number, entries)
    const sequences = entries.map(entry => entry.sequence)
    const boundary = ({ key, sequence, type }: FakeEntry) => makeInternalKey(key, sequence, type)
    return {
      level,
      number,
      size: entries.length * ENTRY_SIZE,
      smallest: boundary(entries[0]),
      largest: boundary(entries[entries.length - 1]),
      smallestSequence: Math.min(...sequences),
      largestSequence: Math.max(...sequences),
      epochNumber,
      fileCreationTime: this.seconds,
    }
  }

  private install(edit: Parameters<typeof applyEdit>[1]): void {
    this.family.install(applyEdit(this.version, edit, 'the tree'))
    for (const file of this.family.takeObsolete()) this.contents.delete(file.number)
  }
}

const noCuts: CutRules = {
  outputLevel: 1,
  targetFileSize: 1e9,
  maxOutputFileSize: 1e9,
  maxCompactionBytes: 1e9,
}

/** What the job would write: the entries of each output file. */
function run(rules: CompactionRules, runs: FakeEntry[][], cut: CutRules): FakeEntry[][] {
  const cursor = new CompactionCursor(mergeCursors(runs.map(entries => new FakeRun(entries))), rules)
  const cutter = new OutputCutter(cut, rules.deeper?.[0])
  const outputs: FakeEntry[][] = []
  for (let more = cursor.first(); more; more = cursor.next()) {
    const { keyBytes, userKeyLength, prefixHigh, prefixLow, valueBytes, valueStart, valueEnd } = cursor
    const size = (outputs.at(-1)?.length ?? 0) * ENTRY_SIZE
    const cuts = cursor.isNewKey && cutter.cutsBefore(keyBytes, userKeyLength, prefixHigh, prefixLow, size)
    if (cuts || outputs.length === 0) outputs.push([])
    const low = word(keyBytes, userKeyLength)
    const key = keyBytes.slice(0, userKeyLength)
    assert.equal(prefixHigh, prefixWord(key, 0, key.length))
    const sequence = sequenceOfTrailer(low, word(keyBytes, userKeyLength + 4))
    const value = valueBytes.slice(valueStart, valueEnd)
    outputs[outputs.length - 1].push({ key, sequence, type: typeOfTrailer(low), value })
  }
  for (const entries of outputs) assert.deepEqual(entries, entries.toSorted(compareEntries))
  return outputs
}

function word(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
}
