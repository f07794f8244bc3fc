/**
 * Simulated lives until so many virtual operations have happened. Every tenth seed is played twice and must give the
 * same trace. `--stop` ends at the first failing life.
 *
 *     node packages/testkit/simulation/main.ts [--operations 10000000] [--seed 1] [--seconds N] [--replay SEED] [--stop]
 */
import { parseArgs } from 'node:util'
import { simulateLife } from './campaign.ts'

const REPLAY_EVERY = 10
const SHOWN_MAX = 20

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    stop: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
})

if (values.replay !== undefined) console.log(await simulateLife(Number(values.replay)))
else await campaign()

async function campaign(): Promise<void> {
  const started = Date.now()
  const deadline =
    values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000
  const first = Number(values.seed)
  const totals = { lives: 0, events: 0, failures: 0, replayed: 0, failed: 0 }
  for (let seed = first; totals.events < Number(values.operations) && Date.now() < deadline; seed++) {
    if (values.stop && totals.failed > 0) break
    totals.lives++
    try {
      const life = await simulateLife(seed)
      totals.events += life.events
      totals.failures += life.failures
      if (seed % REPLAY_EVERY !== 0) continue
      totals.replayed++
      const again = await simulateLife(seed)
      if (again.hash !== life.hash) throw new Error('the same seed gave another trace')
    } catch (error) {
      if (++totals.failed > SHOWN_MAX) continue
      console.log(`FAILED node packages/testkit/simulation/main.ts --replay ${seed}`)
      console.log(`       ${String(error).slice(0, 400)}`)
    }
  }
  const seconds = (Date.now() - started) / 1000
  console.log(
    `simulation: ${totals.events} virtual operations in ${totals.lives} lives, ${totals.failures} failed operations lived through, ` +
      `${totals.replayed} seeds replayed to the same trace, ${totals.failed} failed, seed ${first}, ${Math.round(seconds)} s`,
  )
  process.exitCode = totals.failed === 0 ? 0 : 1
}
