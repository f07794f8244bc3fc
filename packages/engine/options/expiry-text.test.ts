import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMergeOption } from '../merge/index.ts'
import { describeTtl, writtenTtl } from './expiry-text.ts'

const cpp = '{id=TtlCompactionFilterFactory;user_filter_factory=nullptr;ttl=0;}'

test('the time to live is read as RocksDB writes it, and written so', () => {
  assert.equal(writtenTtl(new Map([['compaction_filter_factory', cpp]])), 0)
  const section = new Map([['merge_operator', '{id=StringAppendOperator;delimiter=\\:;}']])
  describeTtl(section, 3600)
  assert.equal(writtenTtl(section), 3600)
  assert.equal(
    section.get('merge_operator'),
    '{id=TtlMergeOperator;user_operator={id=StringAppendOperator;delimiter=\\:;};}',
  )
  assert.deepEqual(parseMergeOption(section.get('merge_operator') ?? ''), {
    name: 'stringappend',
    delimiter: ':',
  })
})

test('a family that is no ttl database any more says so, and what others have written stays', () => {
  const section = new Map([['compaction_filter_factory', cpp]])
  describeTtl(section, undefined)
  assert.equal(section.get('compaction_filter_factory'), 'nullptr')
  const other = new Map([['compaction_filter_factory', 'SomebodyElses']])
  describeTtl(other, undefined)
  assert.equal(other.get('compaction_filter_factory'), 'SomebodyElses')
  assert.equal(writtenTtl(other), undefined)
  assert.equal(writtenTtl(undefined), undefined)
})

test('what cannot be read is no time', () => {
  for (const text of [
    '{id=TtlCompactionFilterFactory',
    'TtlCompactionFilterFactory',
    '{id=TtlCompactionFilterFactory;ttl=x;}',
    '{id=TtlCompactionFilterFactory;ttl=99999999999;}',
  ])
    assert.equal(writtenTtl(new Map([['compaction_filter_factory', text]])), 0, text)
})
