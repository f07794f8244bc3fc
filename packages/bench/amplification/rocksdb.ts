/** One style of C++ RocksDB: the same updates by db_bench, then a full compaction in a process of its own. */
import { join } from 'node:path'
import { commonFlags } from '../systems/db-bench.ts'
import { databaseBytes, type Flags, figuresOf, runDbBench, tickerOf } from '../systems/db-bench-program.ts'
import {
  AMPLIFIED_BLOBS,
  AMPLIFIED_BUFFER_BYTES,
  AMPLIFIED_LEVEL_BYTES,
  AMPLIFIED_TABLE_BYTES,
  AMPLIFIED_VALUE_BYTES,
  type AmplificationPoint,
  type AmplificationTask,
  type Style,
  updateBytes,
} from './point.ts'

/** As `--compaction_style` has them. */
const styleNumbers: Record<Style, number> = { leveled: 0, universal: 1, blob: 0 }

const blobFlags: Flags = {
  enable_blob_files: true,
  min_blob_size: AMPLIFIED_VALUE_BYTES,
  blob_file_size: AMPLIFIED_BLOBS.fileBytes,
  enable_blob_garbage_collection: true,
  blob_garbage_collection_age_cutoff: AMPLIFIED_BLOBS.collectedShare,
  blob_garbage_collection_force_threshold: AMPLIFIED_BLOBS.collectedFrom,
}

export async function updateRocksdb(task: AmplificationTask): Promise<AmplificationPoint> {
  const { style, keys, writes, seed, directory } = task
  const path = join(directory, 'rocksdb')
  const settings = { num: keys, syncedWrites: 0, seconds: 0, seed }
  const common: Flags = {
    ...commonFlags({ directory: path, settings, repetition: 0 }),
    value_size: AMPLIFIED_VALUE_BYTES,
    write_buffer_size: AMPLIFIED_BUFFER_BYTES,
    target_file_size_base: AMPLIFIED_TABLE_BYTES,
    max_bytes_for_level_base: AMPLIFIED_LEVEL_BYTES,
    compaction_style: styleNumbers[style],
    level_compaction_dynamic_level_bytes: style !== 'universal',
    statistics: true,
    stats_level: 1,
    ...(style === 'blob' && blobFlags),
  }
  const { printed, seconds } = await runDbBench({
    ...common,
    writes,
    benchmarks: 'fillrandom,flush,waitforcompaction',
  })
  const settledBytes = databaseBytes(path)
  await runDbBench({ ...common, benchmarks: 'compact', use_existing_db: true })
  const put = figuresOf(printed, 'fillrandom')
  const tableBytes =
    tickerOf(printed, 'rocksdb.flush.write.bytes') + tickerOf(printed, 'rocksdb.compact.write.bytes')
  return {
    system: 'rocksdb',
    style,
    putRate: writes / put.seconds,
    // Of the whole process: db_bench does not time its waiting.
    settledRate: writes / seconds,
    tableBytes,
    writeAmplification: tableBytes / updateBytes(writes),
    spaceAmplification: settledBytes / databaseBytes(path),
    settledBytes,
  }
}
