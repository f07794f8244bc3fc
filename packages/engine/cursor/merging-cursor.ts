/**
 * The merge of sorted runs into one: a binary heap of cursors whose root stands on the next entry.
 *
 *              [0] root: the current entry
 *             /   \
 *          [1]     [2]       heap[i] is not after heap[2i+1] and heap[2i+2] (not before, when going back)
 *
 * A step moves the root and sifts it down. In a tree of levels most entries come from the last one, so the root
 * mostly stays: the better of its two children is remembered, which leaves one comparison in that case.
 *
 * Seeks ask every run before they answer `needsBlock`, so that the blocks of all levels are read at once; the
 * repeated seek asks again every run, which costs nothing where the run stands there already.
 *
 * RocksDB: table/merging_iterator.cc
 */
import { emptyBytes } from '@varve/format/bytes'
import { bytewise, type KeyOrder } from '@varve/format/key'
import {
  compareCursors,
  compareCursorsBy,
  type InternalCursor,
  OwnedTarget,
  type SeekTarget,
  Step,
  type Wanted,
} from './cursor.ts'

/** The merge of `runs`, whose keys are in `order`; when there is only one it needs none. */
export function mergeCursors(runs: InternalCursor[], order: KeyOrder = bytewise): InternalCursor {
  if (runs.length === 1) return runs[0]
  return order === bytewise ? new MergingCursor(runs) : new OrderedMergingCursor(runs, order)
}

export class MergingCursor implements InternalCursor {
  valid = false
  keyBytes: Uint8Array = emptyBytes
  keyStart = 0
  keyEnd = 0
  prefixHigh = 0
  prefixLow = 0
  trailerLow = 0
  trailerHigh = 0
  valueBytes: Uint8Array = emptyBytes
  valueStart = 0
  valueEnd = 0

  private readonly runs: readonly InternalCursor[]
  /** heap[0..size) are the runs that stand on an entry, except while a movement waits. */
  private readonly heap: InternalCursor[]
  private size = 0
  /** 1 or 2: which child of the root comes first; 0 when not known. */
  private betterChild = 0
  protected forward = true
  /** Set while a turn of direction waits: the entry it started from is `turnTarget`. */
  private turning = false
  private readonly turnTarget: OwnedTarget

  constructor(runs: readonly InternalCursor[], order: KeyOrder = bytewise) {
    this.turnTarget = new OwnedTarget(order)
    this.runs = runs
    this.heap = runs.slice()
  }

  first(): Step {
    this.start(true)
    let waits = false
    for (const run of this.runs) if (run.first() === Step.needsBlock) waits = true
    return waits ? this.wait() : this.buildHeap()
  }

  last(): Step {
    this.start(false)
    let waits = false
    for (const run of this.runs) if (run.last() === Step.needsBlock) waits = true
    return waits ? this.wait() : this.buildHeap()
  }

  seek(target: SeekTarget): Step {
    this.start(true)
    let waits = false
    for (const run of this.runs) if (run.seek(target) === Step.needsBlock) waits = true
    return waits ? this.wait() : this.buildHeap()
  }

  seekForPrev(target: SeekTarget): Step {
    this.start(false)
    let waits = false
    for (const run of this.runs) if (run.seekForPrev(target) === Step.needsBlock) waits = true
    return waits ? this.wait() : this.buildHeap()
  }

  next(): Step {
    if (!this.forward || this.turning) return this.turn(true)
    return this.settle(this.heap[0].next())
  }

  prev(): Step {
    if (this.forward || this.turning) return this.turn(false)
    return this.settle(this.heap[0].prev())
  }

  /** Seeks that are asked for again stay where they are, so only the root's step must not be made twice. */
  leap(run: number, target: SeekTarget): Step {
    const { runs, forward } = this
    const root = this.heap[0]
    let waits = false
    for (let i = run + 1; i < runs.length; i++) {
      const step = forward ? runs[i].seek(target) : runs[i].seekForPrev(target)
      if (step === Step.needsBlock) waits = true
    }
    if (waits) return this.wait()
    if (runs.indexOf(root) <= run) {
      const step = forward ? root.next() : root.prev()
      if (step === Step.needsBlock) return this.wait()
    }
    return this.buildHeap()
  }

  collectWanted(into: Wanted[], ahead?: boolean): void {
    for (const run of this.runs) run.collectWanted(into, ahead)
  }

  release(): void {
    for (const run of this.runs) run.release()
  }

  private start(forward: boolean): void {
    this.forward = forward
    this.turning = false
    this.valid = false
  }

  private wait(): Step {
    this.valid = false
    return Step.needsBlock
  }

  /** Restores the heap after the root moved. */
  private settle(step: Step): Step {
    if (step === Step.needsBlock) return this.wait()
    if (step === Step.ended) {
      this.size--
      if (this.size === 0) return this.end()
      const last = this.heap[this.size]
      this.heap[this.size] = this.heap[0]
      this.heap[0] = last
      this.betterChild = 0
    }
    this.siftDown(0)
    return this.showRoot()
  }

  /**
   * Reverses direction: the other runs go to the far side of the current entry, then the root's run steps. The
   * current entry is remembered, for the root's own buffer is gone once its step has to wait.
   */
  private turn(forward: boolean): Step {
    const root = this.heap[0]
    if (!this.turning) this.turnTarget.copyEntry(root)
    this.turning = true
    this.forward = forward
    let waits = false
    for (const run of this.runs) {
      if (run === root) continue
      const step = forward ? run.seek(this.turnTarget) : run.seekForPrev(this.turnTarget)
      if (step === Step.needsBlock) waits = true
    }
    if (waits) return this.wait()
    if ((forward ? root.next() : root.prev()) === Step.needsBlock) return this.wait()
    this.turning = false
    return this.buildHeap()
  }

  private buildHeap(): Step {
    let size = 0
    let spare = this.runs.length
    for (const run of this.runs) {
      if (run.valid) this.heap[size++] = run
      else this.heap[--spare] = run
    }
    this.size = size
    this.betterChild = 0
    if (size === 0) return this.end()
    for (let at = (size >>> 1) - 1; at >= 0; at--) this.siftDown(at)
    return this.showRoot()
  }

  private end(): Step {
    this.valid = false
    return Step.ended
  }

  protected before(a: InternalCursor, b: InternalCursor): boolean {
    const order = compareCursors(a, b)
    return this.forward ? order < 0 : order > 0
  }

  private siftDown(at: number): void {
    const { heap, size } = this
    const sinking = heap[at]
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size) {
        if (at === 0 && this.betterChild !== 0) child = this.betterChild
        else if (this.before(heap[child + 1], heap[child])) child++
      }
      if (at === 0) this.betterChild = child
      if (!this.before(heap[child], sinking)) break
      heap[at] = heap[child]
      // A child of the root changes: which one is better must be found anew.
      if (at === 0) this.betterChild = 0
      at = child
    }
    heap[at] = sinking
  }

  private showRoot(): Step {
    const root = this.heap[0]
    this.keyBytes = root.keyBytes
    this.keyStart = root.keyStart
    this.keyEnd = root.keyEnd
    this.prefixHigh = root.prefixHigh
    this.prefixLow = root.prefixLow
    this.trailerLow = root.trailerLow
    this.trailerHigh = root.trailerHigh
    this.valueBytes = root.valueBytes
    this.valueStart = root.valueStart
    this.valueEnd = root.valueEnd
    this.valid = true
    return Step.moved
  }
}

/** The merge of runs whose keys are not in bytewise order. */
class OrderedMergingCursor extends MergingCursor {
  private readonly order: KeyOrder

  constructor(runs: readonly InternalCursor[], order: KeyOrder) {
    super(runs, order)
    this.order = order
  }

  protected override before(a: InternalCursor, b: InternalCursor): boolean {
    const order = compareCursorsBy(this.order, a, b)
    return this.forward ? order < 0 : order > 0
  }
}
