export { decodeEvidence, type Evidence, encodeEvidence, evidenceRecord } from './evidence.ts'
export {
  type OnBatch,
  type WalOutcome,
  WalReplay,
  type WalReplayOptions,
  type WalSource,
} from './wal-replay.ts'
export { scanWal, type WalScan } from './wal-scan.ts'
export { WalWriter } from './wal-writer.ts'
