/** What `npm run bench -- --help` prints. */
import { tmpdir } from 'node:os'
import { systems } from './systems/index.ts'
import { workloads } from './workloads/index.ts'

type Rows = readonly (readonly [string, string])[]

function list(rows: Rows): string {
  return rows.map(([name, says]) => `  ${name.padEnd(20)} ${says}`).join('\n')
}

export function helpText(): string {
  return `Usage: npm run bench -- [options]

Measures Varve beside C++ RocksDB (db_bench, one thread) and the embedded databases that npm has.

${list([
  ['--compare', 'all workloads, 5 repetitions'],
  ['--quick', 'a look: 100 000 keys, one repetition, no workload longer than 5 s'],
  ['--workloads=A,B', 'these only; fills and compactions they need run unmeasured'],
  ['--systems=A,B', 'these only'],
  ['--num=N', 'keys and operations (1 000 000)'],
  ['--seconds=S', 'a workload ends after S seconds, done or not (30)'],
  ['--repetitions=R', 'runs of each system, each in a process of its own (3)'],
  ['--dir=DIR', `where databases are made and removed (${tmpdir()})`],
  ['--seed=N', 'of all randomness'],
  [
    '--json',
    'prints rows { workload, system, opsPerSecond, ratioToRocksdb, ratioToBestPeer } and nothing else',
  ],
  ['--save', 'writes docs/measurements/bench-<date>.md (growth-..., latency-..., amplification-...)'],
  ['--write-baseline', 'stores the ratios of this run in packages/bench/baseline.json'],
])}

Instead of the workloads:
${list([
  ['--check', 'measures what the baseline has; fails when a ratio fell by more than 15 % and a second look,'],
  ['', 'with three times the repetitions, says so too'],
  ['--growth', 'Varve and C++ RocksDB at several sizes: throughput, amplification, memory, with a plot'],
  ['--sizes=A,B', 'of growth: keys (1 000 000, 10 000 000, 50 000 000)'],
  ['--latency', 'puts and gets at a fixed rate on 5 000 000 keys for 60 s while compactions run'],
  ['--rate=N', 'of latency: operations per second (20 000)'],
  ['--amplification', 'bytes that updates make Varve and C++ RocksDB write and keep, by style of compaction'],
  ['--writes=N', 'of amplification: puts (10 000 000), of --num keys (2 000 000)'],
])}

Workloads (* are run when none are named):
${list(workloads.map(({ name, says, isBasic }) => [`${isBasic ? '*' : ' '} ${name}`, says]))}

Systems:
${list(systems.map(({ name, mode }) => [name, mode]))}

Another build of db_bench than the one on the path: DB_BENCH=/path/to/db_bench npm run bench
10 million keys, with stalls and memory: node packages/bench/load.ts --help`
}
