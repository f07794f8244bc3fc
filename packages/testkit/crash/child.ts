/** The process that is killed: opens the database, writes without end, and reports (see report.ts). */
import { writeSync } from 'node:fs'
import { type Database, isVarveError, open } from 'varve'
import { REPORT_LENGTH, Report } from './report.ts'
import { type CrashRun, type CrashStep, Workload } from './workload.ts'

const REPORTS_DESCRIPTOR = 3

async function performStep(db: Database, step: CrashStep): Promise<void> {
  if (step.kind === 'write') return db.write(step.operations, { sync: step.sync })
  const { columnFamily } = step
  switch (step.kind) {
    case 'flush':
      return db.flush({ columnFamily })
    case 'compact':
      return db.compact({ columnFamily })
    case 'compactFiles':
      return compactLevel0(db, columnFamily)
    case 'setOptions':
      return db.setOptions(step.changes, { columnFamily })
  }
}

/** Refused where a compaction has them. */
async function compactLevel0(db: Database, columnFamily: string): Promise<void> {
  const files = db.liveFiles().filter(file => file.columnFamily === columnFamily && file.level === 0)
  const numbers = files.map(({ number }) => number)
  try {
    await db.compactFiles(numbers, 0, { columnFamily })
  } catch (error) {
    if (!isVarveError(error, 'ABORTED') && !isVarveError(error, 'INVALID_ARGUMENT')) throw error
  }
}

const buffer = Buffer.alloc(REPORT_LENGTH)

function report(kind: number, step: number): void {
  buffer.writeUInt32LE(kind, 0)
  buffer.writeUInt32LE(step, 4)
  writeSync(REPORTS_DESCRIPTOR, buffer)
}

async function work(run: CrashRun): Promise<void> {
  const db = await open(run.directory, run.options)
  report(Report.opened, 0)
  const workload = new Workload(run)
  const perform = async (number: number, step: CrashStep): Promise<void> => {
    report(Report.issued, number)
    await performStep(db, step)
    report(Report.acknowledged, number)
  }
  const pending = new Set<Promise<void>>()
  for (let number = 0; ; number++) {
    const performed = perform(number, workload.next())
    pending.add(performed)
    performed.finally(() => pending.delete(performed))
    if (pending.size >= run.concurrency) await Promise.race(pending)
  }
}

await work(JSON.parse(process.argv[2]) as CrashRun)
