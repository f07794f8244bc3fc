/**
 * What stores say of damaged files: flips single bits and cuts files short, opens the store, and reads everything.
 *
 *     node packages/bench/damage/main.ts [--damages 1000] [--systems varve,lmdb] [--seed 1] [--dir /dev/shm]
 *
 * Each store has the same rows, written one by one, with a sync each where it has that. Once it was closed, and once its
 * process was killed; either way all rows were acknowledged and reached the files. Installs the npm peers first.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPeers } from '../peers/install.ts'
import { describeMachine } from '../report/machine.ts'
import { table } from '../report/tables.ts'
import { runChild } from '../run/run-child.ts'
import { systems } from '../systems/index.ts'
import type { StoreSystem } from '../systems/store.ts'
import type { Job, Message, Outcome } from './child.ts'
import { ROW_COUNT } from './rows.ts'

const { values } = parseArgs({
  options: {
    damages: { type: 'string', default: '1000' },
    systems: { type: 'string' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const child = new URL('./child.ts', import.meta.url)
const count = Number(values.damages)
const seed = Number(values.seed)

const columns: readonly (readonly [outcome: Outcome | 'died', title: string])[] = [
  ['told', 'an error'],
  ['right', 'all rows right'],
  ['died', 'the process died'],
  ['lost', 'rows lost, no word'],
  ['wrong', 'wrong rows, no word'],
]

const missing = installPeers(console.log)
if (missing !== undefined) console.log(`not run: the npm peers: ${missing}`)
const directory = mkdtempSync(join(values.dir, 'varve-damage-'))
try {
  const wanted = values.systems?.split(',')
  const rows: string[][] = []
  for (const system of systems) {
    if (system.kind !== 'store' || (wanted !== undefined && !wanted.includes(system.name))) continue
    const reason = system.missing()
    if (reason !== undefined) {
      console.log(`not run: ${system.name}: ${reason}`)
      continue
    }
    for (const state of ['closed', 'killed'] as const) rows.push(await judge(system, state))
  }
  console.log(`${count} damages to ${ROW_COUNT} rows in each, seed ${seed}`)
  console.log(table(['store', ...columns.map(([, title]) => title)], rows))
  console.log(describeMachine(directory).join('\n'))
} finally {
  rmSync(directory, { recursive: true })
}

async function judge({ name }: StoreSystem, state: 'closed' | 'killed'): Promise<string[]> {
  const pristine = join(directory, `${name.replace(':', '-')}-${state}`)
  mkdirSync(pristine)
  const failure = await runChild<Message>(
    child,
    { kind: 'write', system: name, pristine, state } satisfies Job,
    (message, kill) => {
      if (message.kind === 'written') kill()
    },
  )
  if (failure !== undefined) throw new Error(`${name}: ${failure}`)
  const tally = new Map<string, number>()
  const add = (outcome: string) => tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
  for (let next = 0; next < count; ) {
    const job: Job = { kind: 'read', system: name, pristine, work: `${pristine}-damaged`, seed, next, count }
    let isReady = false
    const end = await runChild<Message>(child, job, message => {
      if (message.kind === 'ready') isReady = true
      if (message.kind !== 'judged') return
      add(message.outcome)
      next++
    })
    if (end === undefined) break
    if (!isReady) throw new Error(`${name}, ${state}: ${end}`)
    // It fell over this one.
    add('died')
    next++
  }
  return [`${name}, ${state}`, ...columns.map(([outcome]) => String(tally.get(outcome) ?? 0))]
}
