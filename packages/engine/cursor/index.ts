export { type KeyBounds, type KeyRange, keyBounds, prefixEnd } from './bounds.ts'
export {
  compareKeyToTarget,
  compareToTarget,
  type InternalCursor,
  OwnedTarget,
  SeekTarget,
  Step,
  setPrefixes,
  type Wanted,
} from './cursor.ts'
export { drive, driveSync, loadWanted, loadWantedSync } from './driver.ts'
export { MergingCursor, mergeCursors } from './merging-cursor.ts'
export { LookupState, PointLookup } from './point-lookup.ts'
export { unsupportedEntry } from './unsupported-entry.ts'
export { VisibleCursor } from './visible-cursor.ts'
