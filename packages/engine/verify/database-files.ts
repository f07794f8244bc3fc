/** What the first steps of a check have found out, for the checks that look at all files together. */
import type { ColumnFamilyState } from '../version/index.ts'
import type { ManifestState } from '../version/manifest-state.ts'

export interface DatabaseFiles {
  readonly directory: string
  readonly names: readonly string[]
  /** Undefined without a MANIFEST that can be believed. */
  readonly state: ManifestState | undefined
  /** The families whose levels are in order and that can be served. */
  readonly families: readonly ColumnFamilyState[]
}
