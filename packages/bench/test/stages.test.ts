import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runStages } from '../run/stages.ts'
import type { ChildMessage } from '../settings.ts'
import { nodeSqlite } from '../systems/node-sqlite.ts'
import type { StoreSystem } from '../systems/store.ts'
import { varve } from '../systems/varve.ts'
import { needsOf, workloads } from '../workloads/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'varve-bench-test-'))
after(() => rmSync(directory, { recursive: true }))

async function messagesOf(system: StoreSystem, names: string[], num: number): Promise<ChildMessage[]> {
  const messages: ChildMessage[] = []
  const settings = { num, syncedWrites: 16, seconds: 10, seed: 1 }
  const job = { system: system.name, workloads: names, settings, repetition: 1, directory }
  await runStages(system, job, message => messages.push(message))
  return messages
}

function workloadsOf(messages: ChildMessage[], kind: 'outcome' | 'notRun'): string[] {
  return messages.flatMap(message => {
    if (message.kind !== kind) return []
    return [message.kind === 'outcome' ? message.outcome.workload : message.workload]
  })
}

const everything = workloads.map(({ name }) => name)

test('every workload runs on Varve, finds what was written and leaves no files', async () => {
  const messages = await messagesOf(varve, everything, 3000)
  const notRun = varve.refuses(needsOf('divided')) === undefined ? [] : ['compact2']
  assert.deepEqual(workloadsOf(messages, 'notRun'), notRun)
  assert.deepEqual(
    workloadsOf(messages, 'outcome'),
    everything.filter(name => !notRun.includes(name)),
  )
  for (const message of messages) {
    if (message.kind === 'outcome') assert.ok(message.outcome.operations > 0 && message.outcome.seconds > 0)
  }
  assert.deepEqual(readdirSync(directory), [])
})

test('what a system cannot do is reported as not run', async () => {
  const messages = await messagesOf(nodeSqlite, everything, 500)
  const notRun = ['compact', 'get64', 'readseq-arrays', 'readreverse-arrays', 'compact2', 'openafterkill']
  assert.deepEqual(workloadsOf(messages, 'notRun'), notRun)
  assert.deepEqual(
    workloadsOf(messages, 'outcome'),
    everything.filter(name => !notRun.includes(name)),
  )
})

test('what a workload needs runs before it, unreported', async () => {
  const messages = await messagesOf(varve, ['seekrandom'], 500)
  assert.deepEqual(workloadsOf(messages, 'outcome'), ['seekrandom'])
})
