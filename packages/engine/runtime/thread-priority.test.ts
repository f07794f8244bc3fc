import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkerPool } from './index.ts'

/** The niceness of every thread of this process. */
function niceness(): number[] {
  return readdirSync('/proc/self/task').flatMap(thread => {
    const file = `/proc/self/task/${thread}/stat`
    // Behind the name, which may hold spaces, the seventeenth field. Threads come and go.
    return existsSync(file) ? [Number(readFileSync(file, 'utf8').split(') ')[1].split(' ')[16])] : []
  })
}

const skip = existsSync('/proc/thread-self') ? false : 'threads have no priorities of their own here'

test('background threads give way to the others', { skip }, async () => {
  const own = getPriority()
  const lowered = () => niceness().filter(nice => nice > own).length
  assert.equal(lowered(), 0)
  const pool = new WorkerPool(2)
  pool.expect(2)
  for (let tries = 0; lowered() < 2 && tries < 500; tries++) await sleep(20)
  assert.equal(lowered(), own === 19 ? 0 : 2)
  await pool.close()
})
