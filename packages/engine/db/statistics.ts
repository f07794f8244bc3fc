/**
 * Counters since the database was opened. Plain numbers on one object: counting must cost nothing.
 *
 * RocksDB: include/rocksdb/statistics.h (tickers)
 */
export class Statistics {
  keysWritten = 0
  keysRead = 0
  keysFound = 0
  bytesWritten = 0
  bytesRead = 0
  /** Commit groups, and write calls that shared them. */
  writeGroups = 0
  writesDone = 0
  walBytes = 0
  walSyncs = 0
  flushes = 0
  flushBytesWritten = 0
  compactions = 0
  compactionBytesRead = 0
  compactionBytesWritten = 0
  compactionEntriesDropped = 0
  trivialMoves = 0
  /** Tables that FIFO compaction has dropped. */
  filesDropped = 0
  /** Time that writes were held back, in microseconds, and how often they were. */
  stallMicros = 0
  stalls = 0
  seeks = 0
  nexts = 0
}

/** The counters, and what the caches hold at the moment. */
export interface StatisticsReport extends Statistics {
  blockCacheHits: number
  blockCacheMisses: number
  /** Bytes. */
  blockCacheUsage: number
  tableReadersUsage: number
  memtableUsage: number
}
