import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommand, UsageError } from '../command-line.ts'
import { stages, workloads } from '../workloads/index.ts'

const names = (args: string[]) => parseCommand(args).workloads.map(({ name }) => name)

test('without options the basic workloads run against every system, three times', () => {
  const command = parseCommand([])
  assert.equal(command.repetitions, 3)
  assert.equal(command.settings.num, 1_000_000)
  assert.deepEqual(command.systems, [
    'varve',
    'rocksdb',
    'classic-level',
    'lmdb',
    'rocksdb-native',
    'better-sqlite3',
    'node:sqlite',
  ])
  assert.deepEqual(names([]), [
    'fillsync',
    'fillseq',
    'fillrandom',
    'compact',
    'overwrite',
    'readrandom',
    'readmissing',
    'readseq',
    'readreverse',
    'seekrandom',
  ])
})

test('--compare runs everything five times, --quick little and once', () => {
  assert.deepEqual(
    names(['--compare']),
    workloads.map(({ name }) => name),
  )
  assert.equal(parseCommand(['--compare']).repetitions, 5)
  const quick = parseCommand(['--quick', '--num=5000'])
  assert.equal(quick.repetitions, 1)
  assert.equal(quick.settings.num, 5000)
})

test('a workload brings along the one it is held against', () => {
  assert.deepEqual(names(['--workloads=readseq-arrays']), ['readseq', 'readseq-arrays'])
})

test('what cannot be understood is a usage error that names it', () => {
  for (const [args, message] of [
    [['--num=many'], /--num many/],
    [['--workloads=readall'], /no workload readall/],
    [['--systems=oracle'], /no system oracle/],
    [['--fast'], /--fast/],
  ] as const) {
    assert.throws(
      () => parseCommand(args),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    )
  }
})

test('the baseline says what --check measures, and how much', () => {
  const ratios = {
    fillseq: { against: 'rocksdb', ratio: 2 },
    'readseq-arrays': { against: 'rocksdb', ratio: 1 },
  }
  const baseline = { madeOn: '2026-01-31', machine: '', num: 5000, seconds: 7, ratios }
  const command = parseCommand(['--check'], () => baseline)
  assert.deepEqual([command.mode, command.settings.num, command.settings.seconds], ['check', 5000, 7])
  assert.deepEqual(
    command.workloads.map(({ name }) => name),
    ['fillseq', 'readseq', 'readseq-arrays'],
  )
  assert.throws(() => parseCommand(['--check']), /--write-baseline/)
})

test('growth has sizes, latency a rate, and one thing is done at a time', () => {
  assert.deepEqual(parseCommand(['--growth']).sizes, [1_000_000, 10_000_000, 50_000_000])
  assert.deepEqual(parseCommand(['--growth', '--sizes=1_000,20']).sizes, [1000, 20])
  const { mode, rate, settings } = parseCommand(['--latency', '--rate=500'])
  assert.deepEqual([mode, rate, settings.num, settings.seconds], ['latency', 500, 5_000_000, 60])
  assert.throws(() => parseCommand(['--growth', '--latency']), UsageError)
  assert.throws(() => parseCommand(['--growth', '--write-baseline']), UsageError)
})

test('workloads are listed in the order of their stages', () => {
  const order = workloads.map(({ stage }) => stages.indexOf(stage))
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})
