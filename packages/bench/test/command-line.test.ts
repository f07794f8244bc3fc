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

test('workloads are listed in the order of their stages', () => {
  const order = workloads.map(({ stage }) => stages.indexOf(stage))
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})
