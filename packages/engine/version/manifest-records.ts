/**
 * The intact edits of a MANIFEST, and where they end.
 *
 * A MANIFEST is only ever appended to, and each append is synced before anything relies on it. So a last
 * record that breaks off is an append that a crash cut short and may be left out; any other damage, and a
 * record missing below what is known to have been synced, means that bytes were lost which the database
 * counted on. RocksDB leaves out a tail in every case.
 */
import { readUint32 } from '@varve/format/bytes'
import { crc32c, unmaskCrc } from '@varve/format/checksum'
import { CorruptionError } from '@varve/format/errors'
import { decodeVersionEdit, type VersionEdit } from '@varve/format/manifest'
import { HEADER_LENGTH, type LogDamage, LogReader } from '@varve/format/wal'

export interface ManifestRecords {
  /** In order; those of an atomic group only if the group is complete. */
  edits: VersionEdit[]
  /** Where the last of them ends in the file. */
  size: number
}

/** `file` is for errors. Byte strings in the edits are views of `bytes`. */
export function readManifestRecords(bytes: Uint8Array, file: string): ManifestRecords {
  const reader = new LogReader(bytes, { file })
  const records: ManifestRecords = { edits: [], size: 0 }
  const group = new AtomicGroup(file)
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'damage') {
      if (!isTornAppend(item, bytes))
        throw new CorruptionError(`${item.reason} in a MANIFEST record`, file, item.offset)
      break
    }
    if (item.kind !== 'record') throw new CorruptionError(`unexpected ${item.kind} record`, file, item.offset)
    const complete = group.add(decodeVersionEdit(item.payload, file, item.offset), item.offset)
    if (complete.length === 0) continue
    records.edits.push(...complete)
    records.size = item.end
  }
  return records
}

/** Refuses a MANIFEST whose intact records end before bytes that had been synced. */
export function checkSyncedSize(size: number, syncedSize: number, file: string): void {
  if (size >= syncedSize) return
  throw new CorruptionError(
    `the MANIFEST's records end at ${size}, and ${syncedSize} bytes of it had been synced`,
    file,
    size,
  )
}

function isTornAppend(damage: LogDamage, bytes: Uint8Array): boolean {
  if (!damage.tail || damage.intactAt !== undefined) return false
  if (damage.reason === 'truncated body') return !isWholeButForItsLength(bytes, damage.offset)
  return damage.reason === 'truncated header' || damage.reason === 'partial record without end'
}

/** The checksum leaves out the length: if it holds for all bytes that there are, only the length is wrong. */
function isWholeButForItsLength(bytes: Uint8Array, offset: number): boolean {
  return crc32c(bytes, offset + HEADER_LENGTH - 1, bytes.length) === unmaskCrc(readUint32(bytes, offset))
}

/** Edits that count down to zero take effect together or not at all. */
class AtomicGroup {
  private readonly file: string
  private members: VersionEdit[] = []

  constructor(file: string) {
    this.file = file
  }

  /** The edits that `edit` completes. */
  add(edit: VersionEdit, offset: number): VersionEdit[] {
    const previous = this.members.at(-1)?.remainingInGroup
    const { remainingInGroup } = edit
    if (previous !== undefined && remainingInGroup !== previous - 1) {
      throw new CorruptionError('corrupted atomic group', this.file, offset)
    }
    if (remainingInGroup === undefined) return [edit]
    this.members.push(edit)
    if (remainingInGroup > 0) return []
    const complete = this.members
    this.members = []
    return complete
  }
}
