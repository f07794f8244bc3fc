/**
 * What a database costs that is opened, written to, flushed and closed again, as tests and small programs do it.
 *
 *     node packages/bench/short-lives.ts --lives 30 --pause 0
 *
 * With a `--pause` of more than a second between two lives the threads of the one before have ended.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { open } from 'varve'
import { describeMachine } from './report/machine.ts'

const PUTS = 100

const { values } = parseArgs({
  options: {
    lives: { type: 'string', default: '30' },
    pause: { type: 'string', default: '0' },
    dir: { type: 'string', default: tmpdir() },
  },
})

const directory = mkdtempSync(join(values.dir, 'varve-lives-'))
const wall: number[] = []
const processor: number[] = []
try {
  for (let life = 0; life < Number(values.lives); life++) {
    await setTimeout(Number(values.pause))
    const cpu = process.cpuUsage()
    const started = performance.now()
    await live(join(directory, String(life)))
    wall.push(performance.now() - started)
    const { user, system } = process.cpuUsage(cpu)
    processor.push((user + system) / 1000)
  }
  const [first] = wall
  console.log(
    `open, ${PUTS} puts, flush, close: the first ${first.toFixed(0)} ms, then ${median(wall.slice(1)).toFixed(1)} ms and ` +
      `${median(processor.slice(1)).toFixed(1)} ms of processor time (medians of ${wall.length - 1})`,
  )
  console.log(describeMachine(directory).join('\n'))
} finally {
  rmSync(directory, { recursive: true })
}

async function live(path: string): Promise<void> {
  const db = await open(path)
  for (let i = 0; i < PUTS; i++) await db.put(`key ${i}`, 'value')
  await db.flush()
  await db.close()
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >>> 1]
}
