import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenOptions } from './index.ts'
import { describeStyle, resolveOptions } from './index.ts'

function described(options: OpenOptions, before: [string, string][] = []): Record<string, string> {
  const section = new Map(before)
  describeStyle(section, resolveOptions(options).columnFamily)
  return Object.fromEntries(section)
}

test('a style is spelled as RocksDB spells it', () => {
  const options: OpenOptions = {
    compactionStyle: 'universal',
    compactionOptionsUniversal: { stopStyle: 'similarSize', sizeRatio: 7 },
    ttl: 60,
  }
  assert.deepEqual(described(options), {
    compaction_style: 'kCompactionStyleUniversal',
    compaction_options_universal:
      '{size_ratio=7;min_merge_width=2;max_merge_width=4294967295;max_size_amplification_percent=200;' +
      'compression_size_percent=-1;stop_style=kCompactionStopStyleSimilarSize;allow_trivial_move=false;}',
    compaction_options_fifo: '{max_table_files_size=1073741824;allow_compaction=false;}',
    ttl: '60',
    periodic_compaction_seconds: '0',
  })
})

test('C++ is told not to drop by an age that Varve was not asked for', () => {
  const { ttl, periodic_compaction_seconds } = described({ compactionStyle: 'fifo' })
  assert.deepEqual([ttl, periodic_compaction_seconds], ['0', '0'])
})

test('what Varve has no option for stays as an earlier file has it, if RocksDB 7.8.3 knows it', () => {
  const before: [string, string][] = [
    ['compaction_options_universal', '{max_read_amp=-1;incremental=true;size_ratio=9;}'],
    ['ttl', '2592000'],
  ]
  const { compaction_options_universal: universal, ttl } = described({}, before)
  assert.match(universal, /^\{size_ratio=1;.*incremental=true;\}$/)
  assert.doesNotMatch(universal, /max_read_amp/)
  assert.equal(ttl, '2592000', 'leveled has no ttl here')
  const broken = described({}, [['compaction_options_universal', '{size_ratio']])
  assert.match(broken.compaction_options_universal, /^\{size_ratio=1;/)
})
