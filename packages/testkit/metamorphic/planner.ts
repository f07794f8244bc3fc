/** What steps are drawn from: a few keys that are met again and again, values with a number each, families, slots. */
import type { ColumnFamilyOptions } from 'varve'
import { KeySpace } from '../model/generators.ts'
import type { Random } from '../random.ts'
import type { Range } from './store.ts'

/** Made at the beginning; they come and go. */
export const familyNames = ['default', 'users', 'log', 'ünïcode', 'brief'] as const

/** The one in which keys expire. */
export const BRIEF = 'brief'

/** What a family is made with, under all option sets. */
export function makingOf(name: string): ColumnFamilyOptions {
  return name === BRIEF ? { expiringKeys: true } : {}
}

export type Held = 'snapshots' | 'cursors' | 'iterations'

const SLOTS = 8
const utf8 = new TextEncoder()

export class Planner {
  readonly random: Random
  readonly keys: KeySpace
  private readonly entities: boolean
  /** Bytes of the largest usual value. */
  private readonly largest: number
  private valueCount = 0
  private readonly held: Record<Held, Set<number>> = {
    snapshots: new Set(),
    cursors: new Set(),
    iterations: new Set(),
  }

  /** Without `entities` there is none in any family: where every key may expire they are refused. */
  constructor(random: Random, entities = true) {
    this.random = random
    this.entities = entities
    this.keys = new KeySpace(random, random.pick([16, 16, 40, 100, 200]))
    this.largest = random.pick([30, 100, 400, 1500, 3000])
  }

  key(): Uint8Array {
    return this.keys.pick(this.random)
  }

  /** A key, or what lies just beside one. */
  near(): Uint8Array {
    return this.keys.near(this.random)
  }

  /** No two are alike, except for empty ones. */
  value(size = this.random.skewed(this.largest)): Uint8Array {
    const { random } = this
    if (random.chance(0.02)) return new Uint8Array(0)
    const text = `v${this.valueCount++} `
    if (random.chance(0.5)) return utf8.encode(text.repeat(Math.ceil((size + 1) / text.length)))
    return Uint8Array.of(...utf8.encode(text), ...random.bytes(size))
  }

  /** Mostly the default one: it is to become deep. */
  family(): string {
    return this.random.chance(0.6) ? 'default' : this.random.pick(familyNames)
  }

  mayHaveEntities(family: string): boolean {
    return this.entities && family !== BRIEF
  }

  otherFamily(): string {
    return this.random.pick(familyNames.slice(1))
  }

  /** A number under which something is kept from now on. */
  newSlot(of: Held): number {
    const slot = this.random.below(SLOTS)
    this.held[of].add(slot)
    return slot
  }

  /** A number under which something is kept, as far as can be told beforehand; now and then just any. */
  heldSlot(of: Held): number {
    const { random } = this
    const held = [...this.held[of]]
    return held.length === 0 || random.chance(0.05) ? random.below(SLOTS) : random.pick(held)
  }

  /** Nothing is kept under that number any more. */
  letGo(of: Held, slot: number): void {
    this.held[of].delete(slot)
  }

  letGoOfSnapshots(): void {
    this.held.snapshots.clear()
  }

  /** The database is closed, or its process ends. */
  letGoOfAll(): void {
    for (const slots of Object.values(this.held)) slots.clear()
  }

  bounds(): Range {
    const { random } = this
    const range: Range = {}
    if (random.chance(0.7)) range[random.pick(['start', 'gt', 'gte'] as const)] = this.near()
    if (random.chance(0.7)) range[random.pick(['end', 'lt', 'lte'] as const)] = this.near()
    return range
  }

  /** Any combination of what a range may have. */
  range(): Range {
    const { random } = this
    const range = random.chance(0.2) ? { prefix: this.prefix() } : this.bounds()
    if (random.chance(0.4)) range.reverse = true
    if (random.chance(0.2)) range.limit = random.below(30)
    if (random.chance(0.1)) range.fillCache = false
    return range
  }

  prefix(): Uint8Array {
    return this.key().slice(0, this.random.between(0, 4))
  }
}
