/** Bugs in the orders of comparators, in entities and in timestamps. */
import type { Mutant } from './mutant.ts'

const comparatorTest = 'packages/engine/test/comparators.test.ts'
const orderTest = 'packages/format/key/key-order.test.ts'
const blockTest = 'packages/format/block/ordered.test.ts'
const entityTest = 'packages/engine/test/entities.test.ts'
const timestampTest = 'packages/engine/cursor/timestamp-cursor.test.ts'

export const keyMutants: readonly Mutant[] = [
  {
    id: 'M50',
    what: 'a family is opened with another comparator than the MANIFEST has',
    file: 'packages/engine/comparator/comparator-of.ts',
    find: 'if (written === undefined || given.name === written) return given',
    replace: 'return given',
    killers: [`${comparatorTest} --test-name-pattern=both.names`],
  },
  {
    id: 'M50b',
    what: 'a comparator that is no order goes unnoticed',
    file: 'packages/format/sst/table-builder.ts',
    find: 'order.compareInternal(key, start, end, lastKey, 0, lastKeyLength) > 0',
    replace: 'true',
    killers: [`${comparatorTest} --test-name-pattern=no.order`],
  },
  {
    id: 'M50c',
    what: 'an index key is not before the next block',
    file: 'packages/format/block/index-builder.ts',
    find: 'order.separator(lastUser, nextUser)',
    replace: 'nextUser',
    killers: [`${blockTest} --test-name-pattern=index`],
  },
  {
    id: 'M50d',
    what: 'a bound that is taken in is left out, in orders that are not bytewise',
    file: 'packages/engine/cursor/bounds.ts',
    find: 'take(uppers, range.lte, true)',
    replace: 'take(uppers, range.lte, false)',
    killers: [`${comparatorTest} --test-name-pattern=sorted.list`],
  },
  {
    id: 'M50e',
    what: 'the first words of keys are bytewise in the reverse order',
    file: 'packages/format/key/key-order.ts',
    find: 'return 0xffff_ffff - prefixWord(bytes, start, end)',
    replace: 'return prefixWord(bytes, start, end)',
    killers: [`${orderTest} --test-name-pattern=words`],
  },
  {
    id: 'M50f',
    what: 'a comparator that fails leaves an entry of the log out of the memtable',
    file: 'packages/engine/memtable/ordered-record-tree.ts',
    find: 'this.order.throughout(() => super.insert(record))',
    replace: 'super.insert(record)',
    killers: [`${comparatorTest} --test-name-pattern=loses.nothing`],
  },
  {
    id: 'M50g',
    what: 'memtables that are out of order are taken for sound again',
    file: 'packages/engine/db/ordered-writes.ts',
    find: 'if (!each.isInOrder()) throw order.failure',
    replace: '',
    killers: [`${comparatorTest} --test-name-pattern=read.again`],
  },
  {
    id: 'M54',
    what: 'merging into an entity loses its other columns',
    file: 'packages/format/entity/entity.ts',
    find: 'return [[emptyBytes, value], ...others]',
    replace: 'return [[emptyBytes, value]]',
    killers: ['packages/format/entity/entity.test.ts', entityTest],
  },
  {
    id: 'M54b',
    what: 'a compaction makes a plain value of an entity that it merges operands into',
    file: 'packages/engine/compaction/compaction-cursor.ts',
    find: 'this.mergedType = ValueType.WideColumnEntity',
    replace: '',
    killers: [`${entityTest} --test-name-pattern=merged`],
  },
  {
    id: 'M54c',
    what: 'a lookup gives an entity as it lies there',
    file: 'packages/engine/db/lookup-result.ts',
    find: '  if (lookup.isEntity) narrowToDefault(lookup)',
    replace: '',
    killers: [`${entityTest} --test-name-pattern=getEntity`],
  },
  {
    id: 'M55',
    what: 'of a key the smallest timestamp comes first',
    hangs: true,
    file: 'packages/format/key/timestamp-order.ts',
    find: 'compareTimestamps(b, bAt, a, aAt)',
    replace: 'compareTimestamps(a, aAt, b, bAt)',
    killers: [timestampTest],
  },
  {
    id: 'M55b',
    what: 'a reader at a timestamp sees versions written after its snapshot',
    file: 'packages/engine/cursor/timestamp-cursor.ts',
    find: 'if (!this.isVisible()) return false',
    replace: '',
    killers: [timestampTest],
  },
  {
    id: 'M55c',
    what: 'a value in a blob file that a reader at a timestamp waited for is shown at another key',
    file: 'packages/engine/cursor/timestamp-cursor.ts',
    find: '    this.blob = undefined\n    this.isBack = false',
    replace: '    this.isBack = false',
    killers: [timestampTest],
  },
  {
    id: 'M50z',
    what: 'jobs on the thread of their family take its keys for bytewise',
    file: 'packages/engine/db/family.ts',
    find: 'order: state.order }',
    replace: 'order: bytewise }',
    killers: [`${comparatorTest} --test-name-pattern=on.this.thread`],
  },
]
