/**
 * Recipes for databases that C++ makes: `db_bench` for shapes of tables and logs that take many rows, `ldb` for
 * rows of our own choice. Each leaves a directory that Varve must read; what is in it is asked from C++ later.
 */
import { KeySpace, randomValue } from '../model/generators.ts'
import { MERGE_OPERATOR } from '../model/operations.ts'
import type { Row } from '../model/sorted-model.ts'
import type { Random } from '../random.ts'
import { dbBench, hex, ldb, loadLines } from './tools.ts'

export interface CppRecipe {
  name: string
  make(directory: string, random: Random): Promise<void>
}

const compressions = ['none', 'snappy', 'zlib', 'lz4', 'zstd'] as const
const workloads = ['fillseq', 'fillrandom', 'overwrite'] as const

/** The grid of the issue: each way to fill with each compression, otherwise as db_bench has it. */
export function benchGrid(num: number): CppRecipe[] {
  return workloads.flatMap(workload =>
    compressions.map(compression => ({
      name: `db_bench ${workload} ${compression}`,
      async make(directory: string, random: Random) {
        const benchmarks = workload === 'overwrite' ? 'fillrandom,overwrite' : workload
        const flags = [`--compression_type=${compression}`, ...levels(num), ...seed(random)]
        await dbBench(directory, [`--benchmarks=${benchmarks}`, `--num=${num}`, ...flags])
      },
    })),
  )
}

/** Everything that db_bench can vary about a table or a log. */
export function benchRecipe(num: number): CppRecipe {
  return {
    name: 'db_bench with random options',
    async make(directory, random) {
      const rows = random.between(Math.ceil(num / 20), Math.ceil(num / 4))
      await dbBench(directory, [
        `--benchmarks=${random.pick(['fillseq', 'fillrandom', 'fillrandom,overwrite', 'filluniquerandom', 'fillrandom,compact', 'fillrandom,deleterandom', 'fillseq,deleteseq'])}`,
        `--num=${rows}`,
        ...levels(rows),
        ...seed(random),
        `--compression_type=${random.pick([...compressions, 'lz4hc'])}`,
        `--compression_max_dict_bytes=${random.pick([0, 0, 4096])}`,
        `--compression_ratio=${random.pick([0.1, 0.5, 1])}`,
        `--key_size=${random.pick([8, 16, 16, 40])}`,
        `--value_size=${random.pick([0, 10, 100, 400])}`,
        `--batch_size=${random.pick([1, 1, 7, 100])}`,
        `--num_column_families=${random.pick([1, 1, 1, 3])}`,
        `--bloom_bits=${random.pick([-1, 0, 4, 10])}`,
        `--use_ribbon_filter=${random.chance(0.2)}`,
        `--block_size=${random.pick([256, 1024, 4096, 4096, 32768])}`,
        `--block_restart_interval=${random.pick([1, 2, 16, 16, 64])}`,
        `--index_block_restart_interval=${random.pick([1, 1, 3, 16])}`,
        ...indexForm(random),
        `--format_version=${random.between(2, 5)}`,
        `--checksum_type=${random.between(0, 4)}`,
        `--enable_index_compression=${random.chance(0.7)}`,
        `--index_shortening_mode=${random.between(0, 2)}`,
        `--whole_key_filtering=${random.chance(0.8)}`,
        `--prefix_size=${random.pick([0, 0, 4, 8])}`,
        `--optimize_filters_for_hits=${random.chance(0.2)}`,
        `--wal_compression=${random.pick(['none', 'none', 'none', 'zstd'])}`,
        `--disable_wal=${random.chance(0.05)}`,
        `--level_compaction_dynamic_level_bytes=${random.chance(0.5)}`,
        `--file_checksum=${random.chance(0.1)}`,
        ...style(random),
        ...blobs(random),
      ])
    },
  }
}

/** The styles that db_bench fills a directory under: universal, in several levels or one, and FIFO that drops nothing. */
export function styleRecipes(num: number): CppRecipe[] {
  const styles: [name: string, flags: string[]][] = [
    ['universal', ['--compaction_style=1']],
    ['universal, in one level', ['--compaction_style=1', '--num_levels=1']],
    ['universal, moving', ['--compaction_style=1', '--universal_allow_trivial_move=true']],
    ['fifo', ['--compaction_style=2', UNREACHED_SIZE, '--fifo_compaction_allow_compaction=false']],
    ['fifo, merging', ['--compaction_style=2', UNREACHED_SIZE, '--fifo_compaction_allow_compaction=true']],
  ]
  return styles.map(([name, flags]) => ({
    name: `db_bench ${name}`,
    async make(directory, random) {
      const benchmarks = '--benchmarks=fillrandom,overwrite,deleterandom'
      await dbBench(directory, [benchmarks, `--num=${num}`, ...flags, ...levels(num), ...seed(random)])
    },
  }))
}

/** Merge operands and range deletions, in a log and in tables, by the operator that Varve then goes on with. */
export function dataModelRecipes(num: number): CppRecipe[] {
  const tables = [`--num=${num}`, ...levels(num)]
  const ranges = [
    `--writes_per_range_tombstone=${Math.ceil(num / 50)}`,
    `--range_tombstone_width=${Math.ceil(num / 100)}`,
    '--max_num_range_tombstones=50',
  ]
  const kinds: [name: string, benchmarks: string, flags: string[]][] = [
    ['merge operands in a log', 'mergerandom', ['--num=100']],
    ['merge operands in tables', 'mergerandom', tables],
    ['merge operands, compacted', 'fillrandom,mergerandom,compact', tables],
    [
      'range deletions in a log',
      'fillrandom',
      ['--num=1000', ...ranges.slice(1), '--writes_per_range_tombstone=50'],
    ],
    ['range deletions in tables', 'fillrandom', [...tables, ...ranges, '--disable_auto_compactions']],
    ['range deletions, compacted', 'fillrandom,overwrite', [...tables, ...ranges]],
  ]
  return kinds.map(([name, benchmarks, flags]) => ({
    name: `db_bench ${name}`,
    async make(directory, random) {
      const operator = `--merge_operator=${MERGE_OPERATOR}`
      await dbBench(directory, [`--benchmarks=${benchmarks}`, operator, ...flags, ...seed(random)])
    },
  }))
}

/** Rows of all shapes through ldb, in one to four column families, several runs of it after each other. */
export function ldbRecipe(rows: number): CppRecipe {
  return {
    name: 'ldb with rows of all shapes',
    async make(directory, random) {
      const families = ['default', ...['users', 'log', 'ünïcode'].slice(0, random.pick([0, 0, 1, 3]))]
      const flags = [
        `--compression_type=${random.pick(['no', 'snappy', 'zlib', 'lz4', 'lz4hc', 'zstd'])}`,
        `--block_size=${random.pick([64, 256, 1024, 4096, 16384, 65536])}`,
        ...(random.chance(0.6) ? [`--bloom_bits=${random.pick([2, 10, 14])}`] : []),
        // A family that ldb creates gets arenas too large for small buffers, which it then trips over.
        ...(families.length === 1 && random.chance(0.5)
          ? [`--write_buffer_size=${random.pick([200_000, 400_000])}`]
          : []),
        ...(random.chance(0.5) ? [`--file_size=${random.pick([20_000, 100_000])}`] : []),
        `--auto_compaction=${random.chance(0.8)}`,
        ...blobFlags(random),
      ]
      await ldb(directory, ['put', 'first', 'row', '--create_if_missing', ...flags])
      for (const family of families.slice(1)) await ldb(directory, ['create_column_family', family])
      const keys = new KeySpace(random, rows)
      for (const family of families) {
        const inFamily = [`--column_family=${family}`, ...flags]
        for (let run = random.between(1, 3); run > 0; run--) {
          const load = ['load', '--hex', ...inFamily, ...(random.chance(0.2) ? ['--disable_wal'] : [])]
          await ldb(directory, load, loadLines(randomRows(keys, random, random.between(1, rows))))
        }
        await ldbChanges(directory, inFamily, keys, random)
      }
    },
  }
}

/** A few single commands: put, batchput, delete, and compact. */
export async function ldbChanges(
  directory: string,
  flags: readonly string[],
  keys: KeySpace,
  random: Random,
): Promise<void> {
  for (let n = random.between(1, 4); n > 0; n--)
    await ldb(directory, ['delete', '--hex', ...flags, hex(keys.pick(random))])
  const words = randomRows(keys, random, 8).flatMap(([key, value]) => [hex(key), hex(value)])
  await ldb(directory, ['batchput', '--hex', ...flags, ...words])
  await ldb(directory, ['put', ...flags, `single${random.below(5)}`, `value ${random.below(100)}`])
  if (random.chance(0.3)) await ldb(directory, ['compact', ...flags])
}

function randomRows(keys: KeySpace, random: Random, count: number): Row[] {
  return Array.from({ length: count }, (): Row => [keys.pick(random), randomValue(random, 5000)])
}

/** Sizes that give a few levels to so many rows. */
function levels(rows: number): string[] {
  const buffer = Math.max(65_536, rows * 20)
  return [
    `--write_buffer_size=${buffer}`,
    `--target_file_size_base=${buffer}`,
    `--max_bytes_for_level_base=${3 * buffer}`,
  ]
}

/** In megabytes. */
const UNREACHED_SIZE = '--fifo_compaction_max_table_files_size_mb=1000000'

/** Leveled most of the time. */
function style(random: Random): string[] {
  switch (random.below(5)) {
    case 0:
      return [
        '--compaction_style=1',
        `--universal_size_ratio=${random.pick([0, 1, 50])}`,
        `--universal_max_size_amplification_percent=${random.pick([25, 200, 10_000])}`,
        `--universal_allow_trivial_move=${random.chance(0.3)}`,
        `--num_levels=${random.pick([1, 2, 7])}`,
      ]
    case 1:
      return [
        '--compaction_style=2',
        UNREACHED_SIZE,
        `--fifo_compaction_allow_compaction=${random.chance(0.5)}`,
      ]
    default:
      return []
  }
}

/** Values in blob files, one time in three: for `db_bench`. */
function blobs(random: Random): string[] {
  if (random.chance(0.67)) return []
  return [
    '--enable_blob_files=true',
    `--min_blob_size=${random.pick([0, 50, 200])}`,
    `--blob_file_size=${random.pick([5_000, 100_000, 268_435_456])}`,
    `--blob_compression_type=${random.pick([...compressions, 'lz4hc'])}`,
    `--blob_file_starting_level=${random.pick([0, 0, 1])}`,
    `--enable_blob_garbage_collection=${random.chance(0.7)}`,
    `--blob_garbage_collection_age_cutoff=${random.pick([0.25, 0.5, 1])}`,
    `--blob_garbage_collection_force_threshold=${random.pick([0.2, 1])}`,
  ]
}

/** The same for `ldb`, which writes them into tables unless it is told so each time. */
export function blobFlags(random: Random): string[] {
  if (random.chance(0.67)) return []
  return [
    '--enable_blob_files',
    `--min_blob_size=${random.pick([0, 20, 500])}`,
    `--blob_file_size=${random.pick([2_000, 50_000, 1_000_000])}`,
    `--blob_compression_type=${random.pick(['no', 'no', 'snappy', 'zlib', 'lz4', 'zstd'])}`,
    ...(random.chance(0.6)
      ? [
          '--enable_blob_garbage_collection',
          `--blob_garbage_collection_age_cutoff=${random.pick(['0.25', '0.5', '1.0'])}`,
        ]
      : []),
  ]
}

function seed(random: Random): string[] {
  return [`--seed=${random.between(1, 1_000_000)}`]
}

/** Binary search, partitioned, with first keys, or a hash index inside data blocks. */
function indexForm(random: Random): string[] {
  switch (random.below(6)) {
    case 0:
      return ['--partition_index=true', '--metadata_block_size=512']
    case 1:
      return ['--partition_index_and_filters=true', '--metadata_block_size=512']
    case 2:
      return ['--index_with_first_key=true']
    case 3:
      return ['--use_data_block_hash_index=true']
    default:
      return []
  }
}
