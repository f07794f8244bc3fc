/**
 * What a program has asked of a database and been told: from it follows which states a crash may leave.
 *
 * Writes are numbered in the order of the calls. A database is right when it holds exactly the first p of them
 * for some p: no fewer than were known to be durable (`durable`), no more than had been asked for (`issued`).
 * Column families are made and dropped in an order of their own, with bounds of their own; a family that is
 * dropped and made again is another one.
 */
import type { BatchOperation, Database } from 'varve'
import { columnsOf, DELIMITER, isOver } from '../model/operations.ts'
import { StateHash } from './state-hash.ts'

/** What a step does, in one incarnation of a family. */
interface Change {
  readonly family: number
  readonly operation: BatchOperation
}

interface FamilyChange {
  readonly kind: 'create' | 'drop'
  readonly name: string
  readonly family: number
}

/** The bounds at one moment. */
export interface Moment {
  readonly history: History
  readonly issued: number
  readonly durable: number
  readonly familiesIssued: number
  readonly familiesDone: number
}

/** Which of the possible states a database is in. */
export interface Place {
  readonly steps: number
  readonly familyChanges: number
}

export type Contents = ReadonlyMap<string, StateHash>

export class History {
  private readonly steps: Change[][] = []
  private readonly familyChanges: FamilyChange[] = []
  private readonly base: readonly string[]
  private familyCount: number
  private readonly acknowledged = new Set<number>()
  private durable = 0
  private readonly acknowledgedFamilies = new Set<number>()
  private hashes: { steps: number; byFamily: StateHash[][] } | undefined

  /** `base` are the families that every `open` makes. */
  constructor(base: readonly string[]) {
    this.base = base
    this.familyCount = base.length
  }

  get issued(): number {
    return this.steps.length
  }

  /** Notes a write that is about to be asked for; returns its number. */
  write(operations: readonly BatchOperation[]): number {
    const families = this.familiesAt(this.familyChanges.length)
    this.steps.push(
      operations.map(operation => ({
        family: families.get(String(operation.columnFamily ?? 'default')) ?? -1,
        operation,
      })),
    )
    return this.steps.length - 1
  }

  /** A write was acknowledged; a synced one vouches for all before it. */
  acknowledge(step: number, synced: boolean): void {
    this.acknowledged.add(step)
    if (synced) this.durable = Math.max(this.durable, step + 1)
  }

  /** All writes below `step` are known to be durable. */
  madeDurable(step: number): void {
    this.durable = Math.max(this.durable, step)
  }

  changeFamily(kind: FamilyChange['kind'], name: string): number {
    const known = this.familiesAt(this.familyChanges.length).get(name)
    this.familyChanges.push({ kind, name, family: kind === 'create' ? this.familyCount++ : (known ?? -1) })
    return this.familyChanges.length - 1
  }

  acknowledgeFamily(change: number): void {
    this.acknowledgedFamilies.add(change)
  }

  now(): Moment {
    return {
      history: this,
      issued: this.steps.length,
      durable: this.durable,
      familiesIssued: this.familyChanges.length,
      familiesDone: Math.max(-1, ...this.acknowledgedFamilies) + 1,
    }
  }

  /** The same history as far as `place`, of which the first `durable` writes are durable. */
  upTo(place: Place, durable: number): History {
    const kept = this.filtered(
      step => step < place.steps,
      change => change < place.familyChanges,
    )
    kept.durable = durable
    return kept
  }

  /** The same history without what was refused, all of it durable: a resumed database vouches for it. */
  withoutFailures(): History {
    return this.filtered(
      step => this.acknowledged.has(step),
      change => this.acknowledgedFamilies.has(change),
    )
  }

  /** Where between the bounds of `moment` a database with these contents is. The latest such place. */
  find(contents: Contents, moment: Moment): Place | undefined {
    const { byFamily } = this.hashed()
    for (let changes = moment.familiesIssued; changes >= moment.familiesDone; changes--) {
      const families = this.familiesAt(changes)
      if (families.size !== contents.size || [...families.keys()].some(name => !contents.has(name))) continue
      for (let steps = moment.issued; steps >= moment.durable; steps--) {
        const isSame = [...families].every(([name, family]) =>
          (byFamily[family]?.[steps] ?? StateHash.empty).equals(contents.get(name)),
        )
        if (isSame) return { steps, familyChanges: changes }
      }
    }
    return undefined
  }

  private filtered(keepStep: (step: number) => boolean, keepChange: (change: number) => boolean): History {
    const kept = new History(this.base)
    kept.familyCount = this.familyCount
    kept.steps.push(...this.steps.filter((_, step) => keepStep(step)))
    kept.familyChanges.push(...this.familyChanges.filter((_, change) => keepChange(change)))
    kept.durable = kept.steps.length
    for (const step of kept.steps.keys()) kept.acknowledged.add(step)
    for (const change of kept.familyChanges.keys()) kept.acknowledgedFamilies.add(change)
    return kept
  }

  private familiesAt(changes: number): Map<string, number> {
    const families = new Map(this.base.map((name, index) => [name, index]))
    for (const { kind, name, family } of this.familyChanges.slice(0, changes)) {
      if (kind === 'create') families.set(name, family)
      else families.delete(name)
    }
    return families
  }

  /** For each family, its state after each number of steps. */
  private hashed(): { byFamily: StateHash[][] } {
    if (this.hashes?.steps === this.steps.length) return this.hashes
    const rows = Array.from({ length: this.familyCount }, () => new Map<string, string>())
    const byFamily = rows.map(() => [StateHash.empty])
    for (const step of this.steps) {
      for (const states of byFamily) states.push(states[states.length - 1])
      for (const { family, operation } of step) {
        if (family < 0) continue
        const states = byFamily[family]
        for (const [key, value] of effectsOf(rows[family], operation))
          states[states.length - 1] = changed(states[states.length - 1], rows[family], key, value)
      }
    }
    this.hashes = { steps: this.steps.length, byFamily }
    return this.hashes
  }
}

/** The keys that an operation changes, and what each becomes: `effectsOf` in ../model/operations.ts, of strings. */
function effectsOf(
  rows: ReadonlyMap<string, string>,
  operation: BatchOperation,
): [key: string, value: string | undefined][] {
  switch (operation.type) {
    case 'put':
      return [[String(operation.key), isOver(operation) ? undefined : String(operation.value)]]
    case 'delete':
    case 'singleDelete':
      return [[String(operation.key), undefined]]
    case 'deleteRange': {
      const [start, end] = [String(operation.start), String(operation.end)]
      return [...rows.keys()].filter(key => key >= start && key < end).map(key => [key, undefined])
    }
    case 'merge': {
      if (isOver(operation)) return []
      const key = String(operation.key)
      const before = rows.get(key)
      return [
        [key, before === undefined ? String(operation.operand) : `${before}${DELIMITER}${operation.operand}`],
      ]
    }
    case 'putEntity': {
      const unnamed = columnsOf(operation.columns).find(([name]) => name.length === 0)
      return [[String(operation.key), unnamed === undefined ? '' : Buffer.from(unnamed[1]).toString()]]
    }
  }
}

/** The state with another value of a row, or without it. */
function changed(
  state: StateHash,
  rows: Map<string, string>,
  key: string,
  value: string | undefined,
): StateHash {
  const old = rows.get(key)
  const without = old === undefined ? state : state.toggled(key, old)
  if (value === undefined) rows.delete(key)
  else rows.set(key, value)
  return value === undefined ? without : without.toggled(key, value)
}

/** What is in a database, by family. */
export async function contentsOf(db: Database): Promise<Contents> {
  const contents = new Map<string, StateHash>()
  for (const columnFamily of db.columnFamilyNames()) {
    let state = StateHash.empty
    for (const [key, value] of await db.entries({ columnFamily }).toArray()) {
      state = state.toggled(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'))
    }
    contents.set(columnFamily, state)
  }
  return contents
}
