/**
 * The time to live of a `ttlDatabase` as OPTIONS files spell it, the way in which RocksDB's own do:
 *
 *     compaction_filter_factory={id=TtlCompactionFilterFactory;user_filter_factory=nullptr;ttl=3600;}
 *     merge_operator={id=TtlMergeOperator;user_operator=UInt64AddOperator;}
 *
 * RocksDB: utilities/ttl/db_ttl_impl.cc
 */
import { formatOptionStruct, type OptionMap, readOptionStruct } from '@varve/format/options'

const FACTORY = 'compaction_filter_factory'
const FACTORY_ID = 'TtlCompactionFilterFactory'

/** Sets the options in a CFOptions section that has the merge operator already, and may come from an earlier file. */
export function describeTtl(section: OptionMap, ttlDatabase: number | undefined): void {
  if (ttlDatabase === undefined) {
    if (writtenTtl(section) !== undefined) section.set(FACTORY, 'nullptr')
    return
  }
  const factory = [
    ['id', FACTORY_ID],
    ['user_filter_factory', 'nullptr'],
    ['ttl', String(ttlDatabase)],
  ] as const
  section.set(FACTORY, formatOptionStruct(new Map(factory)))
  const operator = section.get('merge_operator')
  if (operator === undefined || operator === 'nullptr') return
  const ttlOperator = [
    ['id', 'TtlMergeOperator'],
    ['user_operator', operator],
  ] as const
  section.set('merge_operator', formatOptionStruct(new Map(ttlOperator)))
}

/** The seconds that a CFOptions section names; undefined when it is of no such database. RocksDB's ldb writes 0. */
export function writtenTtl(section: ReadonlyMap<string, string> | undefined): number | undefined {
  const text = section?.get(FACTORY)
  if (text === undefined || !text.includes(FACTORY_ID)) return undefined
  const ttl = Number(readOptionStruct(text).get('ttl') ?? Number.NaN)
  // As an option has it: what is no time to live is none.
  return Number.isInteger(ttl) && ttl > 0 && ttl <= 0x7fff_ffff ? ttl : 0
}
