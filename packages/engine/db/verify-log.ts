/**
 * Checks write-ahead logs: every record's checksum, every batch's shape. A log whose end breaks off was being
 * written when the process or the machine stopped; that is a note. Damage anywhere else is a problem.
 */
import { BatchCursor } from '@varve/format/batch'
import { type LogDamage, LogReader } from '@varve/format/wal'
import type { VerifyFindings } from './verify-report.ts'

/** Yields the bytes read so far, now and then. Returns the number of operations. */
export function* verifyLog(
  bytes: Uint8Array,
  file: string,
  logNumber: number,
  findings: VerifyFindings,
): Generator<number, number> {
  const reader = new LogReader(bytes, { file, logNumber })
  let operations = 0
  let position = 0
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'damage') noteDamage(item, file, findings)
    if (item.kind !== 'record') continue
    const { payload, offset, end } = item
    operations += findings.guard(file, () => countOperations(payload, file, offset)) ?? 0
    yield end - position
    position = end
  }
  yield bytes.length - position
  return operations
}

function noteDamage(damage: LogDamage, file: string, findings: VerifyFindings): void {
  if (isTornEnd(damage))
    findings.note(file, `the last record breaks off (${damage.reason})`, damage.recordOffset)
  else findings.problem(file, damage.reason, damage.offset)
}

function isTornEnd({ reason, tail, intactAt }: LogDamage): boolean {
  if (!tail || intactAt !== undefined) return false
  return (
    reason === 'truncated header' || reason === 'truncated body' || reason === 'partial record without end'
  )
}

function countOperations(payload: Uint8Array, file: string, offset: number): number {
  const batch = new BatchCursor(payload, file, offset)
  let operations = 0
  while (batch.next()) if (batch.counted) operations++
  return operations
}
