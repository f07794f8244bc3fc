/** All that can be measured: stores in our process, and a program that measures itself. */
import type { ChildMessage, Job } from '../settings.ts'
import type { StoreSystem, SystemFacts } from './store.ts'

export interface ProgramSystem extends SystemFacts {
  readonly kind: 'program'
  /** Resolves to the most memory that a process of it had, in bytes; 0 where the system does not tell. */
  measure(job: Job, report: (message: ChildMessage) => void): Promise<number>
}

export type System = StoreSystem | ProgramSystem

/** The system the ratios are about, and the one they are first held against. */
export const SUBJECT = 'varve'
export const REFERENCE = 'rocksdb'
