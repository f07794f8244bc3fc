/**
 * Lets one database live for a long time on a real directory, checks every answer, and looks whether memory,
 * descriptors, threads or disk usage grow.
 *
 *     node --expose-gc packages/testkit/soak/main.ts [--seconds 600] [--seed N]
 *
 * Ends with 1 when an answer was wrong or something has grown: the median of the last third of the time lies above
 * that of the middle third by more than growth.ts allows.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { verifyDatabase } from 'varve'
import { freshSeed, Random } from '../random.ts'
import { type Growth, judgeGrowth, SAMPLES_MIN, type Sample } from './growth.ts'
import { Soak } from './soak.ts'
import { takeSample } from './take-sample.ts'

const SAMPLES_WANTED = 120

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } },
})

const seed = values.seed === undefined ? freshSeed() : Number(values.seed)

async function soak(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-soak-'))
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const seconds = Number(values.seconds)
  const samples: Sample[] = []
  const life = await Soak.start(join(directory, 'db'), new Random(seed))
  while (elapsed() < seconds || samples.length < SAMPLES_MIN) {
    await life.round()
    if (elapsed() >= (samples.length * seconds) / SAMPLES_WANTED) samples.push(takeSample(directory))
  }
  await life.finish()
  const { problems } = await verifyDatabase(join(directory, 'db'), { deep: true })
  if (problems.length > 0) throw new Error(`verify: ${problems[0].file}: ${problems[0].message}`)
  rmSync(directory, { recursive: true })
  const grown = judgeGrowth(samples)
  for (const growth of grown) console.log(`soak: ${describe(growth)}`)
  const failed = grown.filter(({ isTooMuch }) => isTooMuch).length
  console.log(
    `soak: ${life.operations} operations, ${life.compared} answers compared, ${life.reopenings} reopenings, ${samples.length} samples ` +
      `in ${Math.round(elapsed())} s, ${failed} grown, seed ${seed}`,
  )
  return failed === 0
}

function describe({ metric, middle, last, isTooMuch }: Growth): string {
  const isCount = metric === 'descriptors' || metric === 'threads'
  const show = (number: number) => (isCount ? String(number) : `${(number / 1024 / 1024).toFixed(1)} MiB`)
  return `${metric.padEnd(13)} ${show(middle)} in the middle third, ${show(last)} in the last${isTooMuch ? ': GROWN' : ''}`
}

if (!existsSync('/proc/self/fd')) console.log('not run: soak: there is no /proc to count descriptors in')
else {
  try {
    process.exitCode = (await soak()) ? 0 : 1
  } catch (error) {
    console.log(
      `FAILED node packages/testkit/soak/main.ts --seed ${seed}: ${error instanceof Error ? error.stack : error}`,
    )
    process.exitCode = 1
  }
}
