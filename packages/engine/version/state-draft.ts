/**
 * The state as it will be once a group of edits is on disk. Edits are tried on the draft first, so one that
 * does not fit is refused before a byte is written; nothing of the real state changes until `install`.
 */
import { VarveError } from '@varve/format/errors'
import type { VersionEdit } from '@varve/format/manifest'
import { ColumnFamilyState } from './column-family-state.ts'
import { applyWalTracking } from './manifest-state.ts'
import { applyEdit, type VersionDelta, type VersionParts } from './version-builder.ts'

/** The part of the version set that edits change. */
export interface DraftTarget {
  readonly columnFamilies: Map<number, ColumnFamilyState>
  readonly trackedWals: Map<number, number | undefined>
  minLogNumberToKeep: number
}

interface FamilyDraft {
  readonly state: ColumnFamilyState
  readonly parts: VersionParts
  readonly deltas: readonly VersionDelta[]
  readonly logNumber: number
  readonly dropped: boolean
}

export class StateDraft {
  private readonly target: DraftTarget
  private readonly manifest: string
  private families = new Map<number, FamilyDraft>()
  private applied: VersionEdit[] = []

  /** `manifest` is for errors. */
  constructor(target: DraftTarget, manifest: string) {
    this.target = target
    this.manifest = manifest
    for (const [id, state] of target.columnFamilies) {
      this.families.set(id, {
        state,
        parts: state.current,
        deltas: [],
        logNumber: state.logNumber,
        dropped: false,
      })
    }
  }

  /** Takes all of `edits`, or throws and takes none. */
  apply(edits: readonly VersionEdit[], levelCountOf: (name: string) => number): void {
    const before = new Map(this.families)
    try {
      for (const edit of edits) this.applyEdit(edit, levelCountOf)
    } catch (error) {
      this.families = before
      throw error
    }
    this.applied.push(...edits)
  }

  /** Makes the draft the state; gives the families that are dropped by it. */
  install(): ColumnFamilyState[] {
    const dropped: ColumnFamilyState[] = []
    for (const [id, family] of this.families) {
      family.state.logNumber = family.logNumber
      for (const delta of family.deltas) family.state.install(delta)
      if (family.dropped) {
        family.state.drop()
        dropped.push(family.state)
        this.target.columnFamilies.delete(id)
      } else {
        this.target.columnFamilies.set(id, family.state)
      }
    }
    for (const edit of this.applied) {
      applyWalTracking(this.target.trackedWals, edit)
      this.target.minLogNumberToKeep = Math.max(this.target.minLogNumberToKeep, edit.minLogNumberToKeep ?? 0)
    }
    return dropped
  }

  private applyEdit(edit: VersionEdit, levelCountOf: (name: string) => number): void {
    const id = edit.columnFamily ?? 0
    if (edit.columnFamilyAdd !== undefined) {
      this.families.set(id, newFamily(edit, id, levelCountOf(edit.columnFamilyAdd)))
      return
    }
    const family = this.families.get(id)
    if (family === undefined || family.dropped) {
      throw new VarveError('ABORTED', `column family ${id} has been dropped`)
    }
    const delta = changesFiles(edit) ? applyEdit(family.parts, edit, this.manifest) : undefined
    this.families.set(id, {
      state: family.state,
      parts: delta ?? family.parts,
      deltas: delta === undefined ? family.deltas : [...family.deltas, delta],
      logNumber: Math.max(family.logNumber, edit.logNumber ?? 0),
      dropped: edit.columnFamilyDrop === true,
    })
  }
}

function newFamily(edit: VersionEdit, id: number, levelCount: number): FamilyDraft {
  const levels = Array.from({ length: levelCount }, () => [])
  const logNumber = edit.logNumber ?? 0
  const comparator = edit.comparator ?? ''
  const state = new ColumnFamilyState(id, edit.columnFamilyAdd ?? '', comparator, logNumber, levels, 1)
  return { state, parts: state.current, deltas: [], logNumber, dropped: false }
}

function changesFiles(edit: VersionEdit): boolean {
  return (edit.newFiles?.length ?? 0) > 0 || (edit.deletedFiles?.length ?? 0) > 0
}
