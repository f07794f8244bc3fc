export { MemtableTombstones } from './memtable-tombstones.ts'
export { RangeCoverage } from './range-coverage.ts'
export { type RangeTombstone, RangeTombstones } from './range-tombstones.ts'
export { type FileBounds, tableTombstones } from './table-tombstones.ts'
