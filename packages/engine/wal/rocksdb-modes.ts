/**
 * What RocksDB's four recovery modes make of each kind of damage. Measured with 7.8.3:
 *
 *                                    tolerate   absolute   point in time   skip any
 *     torn last record               end        fail       stop            skip
 *     checksum, length, lost parts   fail (1)   fail       stop            skip
 *     record shorter than a batch    fail       fail       stop            skip
 *     record of an older log         end        end        end             skip
 *     zeroed area                    skip       skip       skip            skip
 *
 * (1) `end` in a recycled log.
 *
 * RocksDB: include/rocksdb/options.h, WALRecoveryMode; db/log_reader.cc
 */
import { FragmentType, type LogDamage } from '@varve/format/wal'
import type { WalRecoveryMode } from '../options/option-types.ts'

export type RocksdbMode = Exclude<WalRecoveryMode, 'strict'>

/**
 * `skip`: as if it were not there. `end`: the log ends here, the next one follows. `stop`: replay ends here,
 * unless a later log goes on with the sequence number that is due. `fail`: the database does not open.
 */
export type DamageVerdict = 'skip' | 'end' | 'stop' | 'fail'

const severe: Record<RocksdbMode, DamageVerdict> = {
  kTolerateCorruptedTailRecords: 'fail',
  kAbsoluteConsistency: 'fail',
  kPointInTimeRecovery: 'stop',
  kSkipAnyCorruptedRecords: 'skip',
}

export function judgeShortRecord(mode: RocksdbMode): DamageVerdict {
  return severe[mode]
}

export function judgeDamage(mode: RocksdbMode, damage: LogDamage, bytes: Uint8Array): DamageVerdict {
  if (damage.reason === 'zeroed area') return 'skip'
  if (damage.reason === 'record of an older log') return mode === 'kSkipAnyCorruptedRecords' ? 'skip' : 'end'
  if (mode === 'kTolerateCorruptedTailRecords' && (isTorn(damage) || isInRecycledLog(damage, bytes)))
    return 'end'
  return severe[mode]
}

/** The file ends within the record. */
function isTorn({ reason, tail }: LogDamage): boolean {
  return (
    reason === 'truncated header' ||
    reason === 'truncated body' ||
    (reason === 'partial record without end' && tail)
  )
}

/** There, what follows the last record is what an earlier log left. */
function isInRecycledLog({ reason, offset }: LogDamage, bytes: Uint8Array): boolean {
  const type = bytes[offset + 6]
  const isRecyclable = type >= FragmentType.RecyclableFull && type <= FragmentType.RecyclableLast
  return isRecyclable && (reason === 'checksum mismatch' || reason === 'bad record length')
}
