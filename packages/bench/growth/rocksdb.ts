/**
 * One size of C++ RocksDB. db_bench is started for each step, because its counters cannot be set back; only counters
 * are on (`--stats_level=1`), no timers.
 */
import { join } from 'node:path'
import { commonFlags, seedOfStart } from '../systems/db-bench.ts'
import { databaseBytes, type Flags, figuresOf, runDbBench, tickerOf } from '../systems/db-bench-program.ts'
import { GETS, type GrowthPoint, type GrowthTask, putBytes, SCANNED, SEEKS } from './point.ts'

export async function measureRocksdb({ keys, seed, seconds, directory }: GrowthTask): Promise<GrowthPoint> {
  const path = join(directory, 'rocksdb')
  const settings = { num: keys, syncedWrites: 0, seconds, seed }
  const common: Flags = {
    ...commonFlags({ directory: path, settings, repetition: 0 }),
    statistics: true,
    stats_level: 1,
  }
  let peakResidentBytes = 0
  let startCount = 0
  const start = async (benchmark: string, flags: Flags, rest: readonly string[] = []) => {
    const benchmarks = [benchmark, ...rest].join(',')
    const own = { seed: seedOfStart(seed, startCount++), benchmarks }
    const { printed, peakResidentBytes: peak = 0 } = await runDbBench({ ...common, ...flags, ...own })
    peakResidentBytes = Math.max(peakResidentBytes, peak)
    const { operations, seconds: taken } = figuresOf(printed, benchmark)
    return { printed, operations, rate: operations / taken, seconds: taken }
  }
  const again = { use_existing_db: true }
  const fill = await start('fillrandom', {}, ['flush', 'waitforcompaction'])
  const settledBytes = databaseBytes(path)
  const gets = await start('readrandom', { ...again, reads: GETS })
  const scan = await start('readseq', { ...again, reads: Math.min(keys, SCANNED) })
  const seeks = await start('seekrandom', { ...again, reads: SEEKS, seek_nexts: 10 })
  const compact = await start('compact', again)
  const blocksRead = tickerOf(gets.printed, 'rocksdb.block.cache.data.miss')
  const blocksFound = tickerOf(gets.printed, 'rocksdb.block.cache.data.hit')
  const tableBytes =
    tickerOf(fill.printed, 'rocksdb.flush.write.bytes') +
    tickerOf(fill.printed, 'rocksdb.compact.write.bytes')
  return {
    system: 'rocksdb',
    keys,
    rates: {
      fillrandom: fill.rate,
      readrandom: gets.rate,
      readseq: scan.rate,
      seekrandom: seeks.rate,
      compact: keys / compact.seconds,
    },
    writeAmplification: tableBytes / putBytes(keys),
    blocksPerGet: (blocksRead + blocksFound) / gets.operations,
    blocksReadPerGet: blocksRead / gets.operations,
    spaceAmplification: settledBytes / databaseBytes(path),
    settledBytes,
    peakResidentBytes,
  }
}
