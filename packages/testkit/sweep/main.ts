/**
 * The sweeps: crashes and faults at every operation of the scripts.
 *
 *     node packages/testkit/sweep/main.ts crash|recovery|fault [--states 2000] [--seed 1] [--seconds N]
 *         [--script puts] [--stop]
 *     node packages/testkit/sweep/main.ts crash --replay puts:1:17:loseAll
 *
 * `--script` plays only that one, `--stop` ends at the first failing case. Prints what was counted, the seed, and for
 * each failing case the command that repeats it. Ends with 1 when there was one.
 */
import { parseArgs } from 'node:util'
import { crashSweep, faultSweep, recoverySweep, replayCrash, replayFault, replayRecovery } from './index.ts'
import type { SweepOptions, Tally } from './tally.ts'

/** Failing cases that are shown; the others are counted. */
const SHOWN_MAX = 20

const sweeps: Record<
  string,
  { run(options: SweepOptions): Promise<Tally>; replay(address: string): Promise<string> }
> = {
  crash: { run: crashSweep, replay: replayCrash },
  recovery: { run: recoverySweep, replay: replayRecovery },
  fault: { run: faultSweep, replay: replayFault },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    states: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    script: { type: 'string' },
    stop: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
})
const [name] = positionals
const sweep = sweeps[name]
if (sweep === undefined) throw new Error(`which sweep? ${Object.keys(sweeps).join(', ')}`)

if (values.replay !== undefined) {
  console.log(`${values.replay}: ${await sweep.replay(values.replay)}`)
} else {
  await runSweep()
}

async function runSweep(): Promise<void> {
  const started = Date.now()
  let shown = 0
  const options = {
    cases: Number(values.states),
    seed: Number(values.seed),
    deadline:
      values.seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(values.seconds) * 1000,
    script: values.script,
    report(address: string, error: unknown) {
      if (values.stop) options.deadline = 0
      if (++shown > SHOWN_MAX) return
      console.log(`FAILED node packages/testkit/sweep/main.ts ${name} --replay ${address}`)
      console.log(`       ${String(error).slice(0, 400)}`)
    },
  }
  const tally = await sweep.run(options)
  const seconds = (Date.now() - started) / 1000
  const counts = [...tally.counts].sort().map(([what, count]) => `${count} ${what}`)
  console.log(
    `${tally.name} sweep: ${tally.cases} cases (${counts.join(', ')}), ${tally.failed} failed, seed ${values.seed}, ` +
      `${Math.round(seconds)} s, ${Math.round(tally.cases / seconds)} a second`,
  )
  process.exitCode = tally.failed === 0 ? 0 : 1
}
