/**
 * A table whose index and filter may be let go while the file lives (held-contents.ts): it notes that it is used. A
 * class of its own, so that tables that are never let go pay nothing for it.
 */
import type { DataBlock } from '@varve/format/block'
import type { Step, Wanted } from '../cursor/cursor.ts'
import type { PointLookup } from '../cursor/point-lookup.ts'
import { TableReader } from './table-reader.ts'

export class EvictableTable extends TableReader {
  used = true

  override get(lookup: PointLookup): Step {
    this.used = true
    return super.get(lookup)
  }

  override findBlock(ordinal: number, wanted: Wanted | undefined): DataBlock | undefined {
    this.used = true
    return super.findBlock(ordinal, wanted)
  }
}
