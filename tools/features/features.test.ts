import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, type TestRun } from './evidence.ts'
import { type Feature, features } from './list.ts'
import report from './reporter.ts'
import { renderTable, tableIn, withTable } from './table.ts'

const feature: Feature = { name: 'One', tests: ['a.test.ts'], cpp: ['b.oracle.test.ts'], cppWhat: 'reads it' }
const good: TestRun = {
  'a.test.ts': { passed: 1, failed: 0, skipped: 0 },
  'b.oracle.test.ts': { passed: 2, failed: 0, skipped: 1 },
}

test('a feature is proved by files that ran and passed, and by no others', () => {
  assert.deepEqual(judge([feature], good), { problems: [], notRun: [] })
  const spoilt: [path: string, counts: TestRun[string] | undefined, problem: RegExp][] = [
    ['a.test.ts', undefined, /a\.test\.ts did not run/],
    ['a.test.ts', { passed: 5, failed: 1, skipped: 0 }, /1 tests that failed/],
    ['a.test.ts', { passed: 0, failed: 0, skipped: 3 }, /no test that passed/],
    ['b.oracle.test.ts', undefined, /b\.oracle\.test\.ts did not run/],
    ['b.oracle.test.ts', { passed: 0, failed: 2, skipped: 1 }, /2 tests that failed/],
  ]
  for (const [path, counts, problem] of spoilt) {
    const { [path]: _, ...others } = good
    const run = counts === undefined ? others : { ...others, [path]: counts }
    const { problems } = judge([feature], run)
    assert.equal(problems.length, 1)
    assert.match(problems[0], problem)
  }
})

test('a check beside C++ that was skipped is said, and not counted as passed', () => {
  const run = { ...good, 'b.oracle.test.ts': { passed: 0, failed: 0, skipped: 4 } }
  assert.deepEqual(judge([feature], run), { problems: [], notRun: ['One: b.oracle.test.ts'] })
})

test('the reporter counts tests by file, and neither suites nor other events', async () => {
  const root = new URL('../..', import.meta.url).pathname
  const pass = (file: string, more = {}) => ({ type: 'test:pass', data: { file: `${root}${file}`, ...more } })
  async function* events() {
    yield pass('a.test.ts')
    yield pass('a.test.ts', { details: { type: 'suite' } })
    yield pass('a.test.ts', { skip: 'no tool' })
    yield { type: 'test:fail', data: { file: `${root}x/b.test.ts` } }
    yield { type: 'test:start', data: { file: `${root}x/b.test.ts` } }
    yield { type: 'test:pass', data: {} }
  }
  let text = ''
  for await (const piece of report(events())) text += piece
  assert.deepEqual(JSON.parse(text), {
    'a.test.ts': { passed: 1, failed: 0, skipped: 1 },
    'x/b.test.ts': { passed: 0, failed: 1, skipped: 0 },
  })
})

test('the table goes between its markers and comes back from there', () => {
  const table = renderTable(features)
  const text = withTable(
    '# A\n\n<!-- features: made by `node tools/features/main.ts --write` --><!-- features end -->\n',
    table,
  )
  assert.equal(tableIn(text), table)
  assert.equal(withTable(text, table), text)
  assert.throws(() => tableIn('no markers'), /no place/)
  assert.equal(table.split('\n').length, features.length + 2)
})
