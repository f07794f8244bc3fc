export { decodeEvidence, type Evidence, encodeEvidence, evidenceRecord } from './evidence.ts'
export { WalWriter } from './wal-writer.ts'
