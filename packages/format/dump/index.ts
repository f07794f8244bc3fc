export { Annotator, type DumpOptions, internalKeyText, type LineSink, quoted } from './annotate.ts'
export { dumpTable } from './dump-table.ts'
