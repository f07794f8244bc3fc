/**
 * The compactions that a picker has begun and that are not released yet. They never share an input, and never
 * write overlapping ranges of one level: the marks on the inputs and `conflicts` see to that.
 *
 * RocksDB: db/compaction/compaction_picker.cc, RegisterCompaction and RangeOverlapWithCompaction
 */
import { VarveError } from '@varve/format/errors'
import { chosenInputs } from './chosen-files.ts'
import { Compaction } from './compaction.ts'
import { rangeOf, rangesOverlap } from './file-ranges.ts'
import type { CompactionInput, PickedFiles } from './picked-files.ts'

export class RunningCompactions {
  private readonly running = new Set<Compaction>()

  get count(): number {
    return this.running.size
  }

  /** Marks the inputs, which must be free. */
  begin(picked: PickedFiles): Compaction {
    const compaction = new Compaction(picked, released => this.running.delete(released))
    this.running.add(compaction)
    return compaction
  }

  /** True when one of them writes into the range of `inputs` in `outputLevel`. */
  conflicts(inputs: readonly CompactionInput[], outputLevel: number): boolean {
    const files = inputs.flatMap(input => input.files)
    const range = rangeOf(files)
    const { order } = files[0]
    for (const other of this.running) {
      if (other.outputLevel === outputLevel && rangesOverlap(other.range, range, order)) return true
    }
    return false
  }

  /** Throws `ABORTED` where one of them writes into the range of the inputs. The inputs are rewritten in any case. */
  beginChosen(
    picked: Omit<PickedFiles, 'inputs' | 'reason' | 'score'>,
    numbers: readonly number[],
  ): Compaction {
    const { version, outputLevel } = picked
    const inputs = chosenInputs(version, numbers, outputLevel)
    if (outputLevel > 0 && this.conflicts(inputs, outputLevel)) {
      throw new VarveError(
        'ABORTED',
        `a running compaction writes into the same range of level ${outputLevel}`,
      )
    }
    return this.begin({ ...picked, inputs, reason: 'manual', score: 0, rewrites: true })
  }

  /** One of them takes files out of level 0. */
  get level0Busy(): boolean {
    for (const { startLevel } of this.running) if (startLevel === 0) return true
    return false
  }
}
