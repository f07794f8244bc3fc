/** The picker of the compaction style that the options name. */
import type { BlobOptions } from '../options/index.ts'
import { FifoPicker } from './fifo-picker.ts'
import type { LevelOptions } from './level-options.ts'
import { LeveledPicker } from './leveled-picker.ts'
import type { CompactionPicker, SecondsClock, VersionSource } from './picker.ts'
import { UniversalPicker } from './universal-picker.ts'

export function makePicker(
  source: VersionSource,
  options: LevelOptions,
  now: SecondsClock,
  blobs?: BlobOptions,
): CompactionPicker {
  switch (options.compactionStyle) {
    case 'leveled':
      return new LeveledPicker(source, options, blobs)
    case 'universal':
      return new UniversalPicker(source, options, now)
    case 'fifo':
      return new FifoPicker(source, options, now)
  }
}
