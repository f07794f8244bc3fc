/**
 * The state as it will be once a group of edits is on disk. Edits are tried on the draft first, so one that
 * does not fit is refused before a byte is written; nothing of the real state changes until `install`.
 */
import { VarveError } from '@varve/format/errors'
import type { VersionEdit } from '@varve/format/manifest'
import { ColumnFamilyState } from './column-family-state.ts'
import { applyWalTracking } from './manifest-state.ts'
import type { FamilyShape } from './recover-family.ts'
import { applyEdit, type VersionDelta, type VersionParts } from './version-builder.ts'

/** The part of the version set that edits change. */
export interface DraftTarget {
  readonly columnFamilies: Map<number, ColumnFamilyState>
  readonly trackedWals: Map<number, number | undefined>
  minLogNumberToKeep: number
}

/** What a new column family of that name is to be. */
type ShapeOf = (name: string) => FamilyShape

interface FamilyDraft {
  readonly state: ColumnFamilyState
  readonly parts: VersionParts
  readonly deltas: readonly VersionDelta[]
  readonly logNumber: number
  readonly dropped: boolean
  readonly valueStamp: number | undefined
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
        valueStamp: state.valueStamp,
      })
    }
  }

  /** Takes all of `edits`, or throws and takes none. */
  apply(edits: readonly VersionEdit[], shapeOf: ShapeOf): void {
    const before = new Map(this.families)
    try {
      for (const edit of edits) this.applyEdit(edit, shapeOf)
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
      family.state.valueStamp = family.valueStamp
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

  private applyEdit(edit: VersionEdit, shapeOf: ShapeOf): void {
    const id = edit.columnFamily ?? 0
    if (edit.columnFamilyAdd !== undefined) {
      this.families.set(id, newFamily(edit, id, shapeOf(edit.columnFamilyAdd)))
      return
    }
    const family = this.families.get(id)
    if (family === undefined || family.dropped) {
      throw new VarveError('ABORTED', `column family ${id} has been dropped`)
    }
    const delta = changesFiles(edit)
      ? applyEdit(family.parts, edit, this.manifest, family.state.order)
      : undefined
    this.families.set(id, {
      state: family.state,
      parts: delta ?? family.parts,
      deltas: delta === undefined ? family.deltas : [...family.deltas, delta],
      logNumber: Math.max(family.logNumber, edit.logNumber ?? 0),
      dropped: edit.columnFamilyDrop === true,
      valueStamp: edit.valueStamp ?? family.valueStamp,
    })
  }
}

function newFamily(edit: VersionEdit, id: number, { levelCount, order }: FamilyShape): FamilyDraft {
  const levels = Array.from({ length: levelCount }, () => [])
  const logNumber = edit.logNumber ?? 0
  const state = new ColumnFamilyState(id, edit.columnFamilyAdd ?? '', order, logNumber, levels, 1)
  return { state, parts: state.current, deltas: [], logNumber, dropped: false, valueStamp: edit.valueStamp }
}

function changesFiles(edit: VersionEdit): boolean {
  const { newFiles = [], deletedFiles = [], blobAdditions = [], blobGarbage = [] } = edit
  return newFiles.length + deletedFiles.length + blobAdditions.length + blobGarbage.length > 0
}
