import assert from 'node:assert/strict'
import { test } from 'node:test'
import { niceCeiling, plot, short } from '../report/plot.ts'

const picture = plot('a & b', [
  {
    title: 'reads < writes',
    series: [
      {
        name: 'varve',
        points: [
          [1e6, 500],
          [1e7, 250],
          [1e8, 0],
        ],
      },
    ],
  },
])

test('points lie on a logarithmic axis to the right and a linear one upwards', () => {
  const places = [...picture.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ])
  assert.equal(places.length, 3)
  const [[x1, y1], [x2, y2], [x3, y3]] = places
  assert.equal((x2 - x1).toFixed(1), (x3 - x2).toFixed(1))
  assert.equal((y2 - y1).toFixed(1), (y3 - y2).toFixed(1))
  assert.ok(x1 < x2 && y1 < y2)
})

test('a picture is one well-formed element, and titles are escaped', () => {
  assert.match(picture, /reads &lt; writes/)
  assert.match(picture, /<title>a &amp; b<\/title>/)
  const opened = [...picture.matchAll(/<(svg|g|text|title)\b/g)].length
  const closed = [...picture.matchAll(/<\/(svg|g|text|title)>/g)].length
  assert.equal(opened, closed)
  assert.ok(!picture.includes('NaN'))
})

test('axes end at round numbers', () => {
  assert.deepEqual([0, 0.3, 1, 1.1, 2.4, 99, 260_000].map(niceCeiling), [1, 0.5, 1, 2, 2.5, 100, 500_000])
  assert.deepEqual([0, 0.25, 999, 1500, 1e6, 2.5e9].map(short), ['0', '0.25', '999', '1.5k', '1M', '2.5G'])
})

test('one size alone is a point in the middle', () => {
  const one = plot('one', [{ title: 'one', series: [{ name: 'varve', points: [[1000, 0]] }] }])
  assert.ok(!one.includes('NaN'))
})
