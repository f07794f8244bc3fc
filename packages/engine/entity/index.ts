export { type Columns, columnsOf, entityOf, mergeBase, mergedEntity } from './columns.ts'
