/**
 * The order of versions across the tables of one column family (invariant I2): in the order in which a lookup
 * goes through the places of a key, level 0 from its newest file on and then level by level, each version is
 * older than the one before. A lookup takes the first it meets, so a newer one that lies deeper is lost.
 *
 * All runs are walked at once, as a compaction would; a table is read once.
 *
 * RocksDB: db/version_builder.cc, CheckConsistency, which looks at the files' bounds only
 */
import { TRAILER_LENGTH } from '@varve/format/key'
import type { VerifyFindings } from './report.ts'
import type { TableRun } from './table-run.ts'

/** Entries between two looks at the clock. */
const ENTRIES_PER_TURN = 512

export class FamilyOrder {
  /** Of the versions in tables that were not made outside the database. */
  largestSequence = 0

  /** In the order of reading. */
  private readonly runs: readonly TableRun[]
  private readonly findings: VerifyFindings
  private readonly pause: () => Promise<void>
  private key = new Uint8Array(256)
  private keyLength = 0

  /** `pause` is called now and then, and may end the check by throwing. */
  constructor(runs: readonly TableRun[], findings: VerifyFindings, pause: () => Promise<void>) {
    this.runs = runs
    this.findings = findings
    this.pause = pause
  }

  /** Returns the number of user keys. Throws what reading a table throws. */
  async check(): Promise<number> {
    const { runs } = this
    try {
      for (const run of runs) await run.nextFile()
      let keys = 0
      for (let first = this.smallest(); first !== undefined; first = this.smallest()) {
        this.takeKey(first)
        await this.checkKey()
        if (++keys % ENTRIES_PER_TURN === 0) await this.pause()
      }
      this.largestSequence = Math.max(0, ...runs.map(run => run.largestOwnSequence))
      return keys
    } finally {
      for (const run of runs) await run.close()
    }
  }

  private smallest(): TableRun | undefined {
    let smallest: TableRun | undefined
    for (const run of this.runs) {
      if (run.valid && (smallest === undefined || run.compareUserKey(smallest) < 0)) smallest = run
    }
    return smallest
  }

  private takeKey({ cursor }: TableRun): void {
    this.keyLength = cursor.keyLength - TRAILER_LENGTH
    if (this.keyLength > this.key.length) this.key = new Uint8Array(2 * this.keyLength)
    this.key.set(cursor.keyBytes.subarray(0, this.keyLength))
  }

  /** Steps all runs over the versions of the key; one report for a key is enough. */
  private async checkKey(): Promise<void> {
    let newer: { sequence: number; file: string } | undefined
    let isReported = false
    for (const run of this.runs) {
      while (run.valid && run.hasUserKey(this.key, this.keyLength)) {
        const { sequence, file } = run
        if (newer !== undefined && sequence >= newer.sequence && !isReported) {
          this.report(run, newer)
          isReported = true
        }
        newer = { sequence, file }
        if (!run.next()) await run.nextFile()
      }
    }
  }

  private report({ file, level, sequence, blockOffset }: TableRun, newer: Newer): void {
    const message =
      `a key has the sequence ${sequence} here, in level ${level}, and ${newer.sequence} in ${newer.file}, ` +
      'where a lookup comes first'
    this.findings.problem(file, message, blockOffset)
  }
}

interface Newer {
  sequence: number
  file: string
}
