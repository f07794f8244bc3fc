/**
 * The compaction style as OPTIONS files spell it:
 *
 *     compaction_style=kCompactionStyleUniversal
 *     compaction_options_universal={size_ratio=1;...;stop_style=kCompactionStopStyleTotalSize;...;}
 *
 * RocksDB: options/cf_options.cc, universal_compaction_options_type_info and fifo_compaction_options_type_info
 */
import { formatOptionStruct, type OptionMap, readOptionStruct } from '@varve/format/options'
import type { ResolvedColumnFamilyOptions } from './option-table.ts'
import type { CompactionStyle } from './option-types.ts'
import { rocksdbSpelling } from './rule.ts'

const styles: Record<CompactionStyle, string> = {
  leveled: 'kCompactionStyleLevel',
  universal: 'kCompactionStyleUniversal',
  fifo: 'kCompactionStyleFIFO',
}

const stopStyles = {
  totalSize: 'kCompactionStopStyleTotalSize',
  similarSize: 'kCompactionStopStyleSimilarSize',
}

/** What RocksDB 7.8.3 knows of these structs and Varve has no option for: an earlier file's word stands. */
const carried = ['incremental', 'age_for_warm']

/** Sets the options of the style in a CFOptions section that may come from an earlier file. */
export function describeStyle(section: OptionMap, options: ResolvedColumnFamilyOptions): void {
  const { compactionStyle, compactionOptionsUniversal, compactionOptionsFifo, ttl } = options
  section.set('compaction_style', styles[compactionStyle])
  const universal = {
    ...compactionOptionsUniversal,
    stopStyle: stopStyles[compactionOptionsUniversal.stopStyle],
  }
  describeStruct(section, 'compaction_options_universal', universal)
  describeStruct(section, 'compaction_options_fifo', compactionOptionsFifo)
  // Leveled has no ttl here; RocksDB's own stays as it was.
  if (compactionStyle === 'leveled') return
  section.set('ttl', String(ttl))
  // Left out, it means thirty days: RocksDB would drop what FIFO has older than that.
  section.set('periodic_compaction_seconds', '0')
}

function describeStruct(section: OptionMap, name: string, options: object): void {
  const before = readOptionStruct(section.get(name) ?? '')
  const struct = new Map(Object.entries(options).map(([key, value]) => [rocksdbSpelling(key), String(value)]))
  for (const key of carried) {
    const value = before.get(key)
    if (value !== undefined) struct.set(key, value)
  }
  section.set(name, formatOptionStruct(struct))
}
