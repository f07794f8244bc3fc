/** The process in which a store is written, or read again and again with another damage. It may not survive that. */
import { cpSync, rmSync } from 'node:fs'
import { childArgument, endChild } from '../run/run-child.ts'
import { systemNamed } from '../systems/index.ts'
import type { Needs, Store, StoreSystem } from '../systems/store.ts'
import { damage } from './damage.ts'
import { keys, ROW_COUNT, values, WRITE_BUFFER_BYTES } from './rows.ts'

/** `lost`: rows are missing. `wrong`: rows have other values, or there are more of them. Neither with an error. */
export type Outcome = 'told' | 'right' | 'lost' | 'wrong'

export type Job =
  | { kind: 'write'; system: string; pristine: string; state: 'closed' | 'killed' }
  | {
      kind: 'read'
      system: string
      pristine: string
      work: string
      seed: number
      next: number
      count: number
    }

/** `written`: kill me. `ready`: what is not damaged is read right; a process that ends now has met a damage. */
export type Message =
  | { kind: 'written' }
  | { kind: 'ready' }
  | { kind: 'judged'; outcome: Outcome }
  | { kind: 'end' }

const job = childArgument<Job>()
const system = systemNamed(job.system)
if (system.kind !== 'store') throw new Error(`${job.system} is no store`)
if (job.kind === 'write') await write(system, job.pristine, job.state)
else {
  copyOf(job)
  const whole = await read(system, job.work)
  if (whole !== 'right') throw new Error(`what was not damaged is read as ${whole}`)
  await tell({ kind: 'ready' })
  for (let number = job.next; number < job.count; number++) {
    copyOf(job)
    damage(job.work, job.seed, number)
    await tell({ kind: 'judged', outcome: await read(system, job.work) })
  }
}
endChild({ kind: 'end' } satisfies Message)

/** Returns when it has been told: what comes next may end this process. */
function tell(message: Message): Promise<void> {
  return new Promise(resolve => process.send?.(message, undefined, {}, () => resolve()))
}

function copyOf({ pristine, work }: Extract<Job, { kind: 'read' }>): void {
  rmSync(work, { recursive: true, force: true })
  cpSync(pristine, work, { recursive: true })
}

async function write(of: StoreSystem, directory: string, state: 'closed' | 'killed'): Promise<void> {
  const store = await of.open(directory, needsOf(of))
  for (const [i, key] of keys.entries()) await store.put(key, values[i])
  if (state === 'closed') await store.close()
  else {
    process.send?.({ kind: 'written' } satisfies Message)
    // Until it is killed.
    await new Promise(() => setInterval(() => undefined, 1000))
  }
}

async function read(of: StoreSystem, directory: string): Promise<Outcome> {
  let store: Store | undefined
  try {
    store = await of.open(directory, needsOf(of))
    return await readRows(store)
  } catch {
    return 'told'
  } finally {
    // It has said what it has to say.
    await Promise.resolve(store?.close()).catch(() => undefined)
  }
}

async function readRows(store: Store): Promise<Outcome> {
  const found = await store.getMany(keys)
  const scanned = await store.scan(false, 2 * ROW_COUNT)
  const isWrong = found.some((value, i) => value && Buffer.compare(value, values[i]) !== 0)
  if (isWrong || scanned > ROW_COUNT) return 'wrong'
  return scanned < ROW_COUNT || found.some(value => !value) ? 'lost' : 'right'
}

/** With a sync for each write, if it has that. */
function needsOf(of: StoreSystem): Needs {
  const needs: Needs = { durability: 'machine', compactionWorkers: 1, writeBufferBytes: WRITE_BUFFER_BYTES }
  return of.refuses(needs) === undefined ? needs : { ...needs, durability: 'process' }
}
