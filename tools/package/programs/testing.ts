/** The test kit, on the engine that was installed beside it. */
import { campaign } from '@varve/testkit/metamorphic'
import { allFlips, damaged, readDamaged, rotDatabases } from '@varve/testkit/rot'
import { crashSweep, faultSweep, recoverySweep } from '@varve/testkit/sweep'

const report = (address: string, error?: unknown) => console.log('FAILED', address, error)
const sweep = { cases: 100, seed: 1, deadline: Number.POSITIVE_INFINITY, report }
for (const run of [crashSweep, recoverySweep, faultSweep]) {
  const { cases, failed } = await run(sweep)
  if (cases < sweep.cases || failed > 0) throw new Error(`${run.name}: ${failed} of ${cases} failed`)
}

const flips = (await rotDatabases()).flatMap(allFlips)
for (let i = 0; i < flips.length; i += Math.floor(flips.length / 100))
  await readDamaged(damaged(flips[i]), flips[i])

const deadline = Number.POSITIVE_INFINITY
const tally = await campaign({ runs: 2, operations: 200, sets: 5, seed: 1, deadline, reduceMs: 0, report })
if (tally.runs < 2 || tally.differences > 0)
  throw new Error(`${tally.differences} of ${tally.runs} runs differ`)
