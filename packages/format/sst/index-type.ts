/** Values of the property `rocksdb.block.based.table.index.type`. */
export const IndexType = { BinarySearch: 0, HashSearch: 1, Partitioned: 2, FirstKeys: 3 } as const
