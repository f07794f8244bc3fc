/** The process that is killed, and the one that opens what it left (see killed.ts). */
import { KeyRing } from '../data/keys.ts'
import { Random } from '../data/random.ts'
import { ValuePool } from '../data/values.ts'
import { BATCH_KEYS, REPLAY_KEYS } from '../settings.ts'
import { systemNamed } from '../systems/index.ts'
import type { Store, StoreSystem } from '../systems/store.ts'
import { needsOf } from '../workloads/index.ts'
import type { KilledMessage, KilledTask } from './killed.ts'
import { childArgument, endChild } from './run-child.ts'

async function fill(store: Store, seed: number): Promise<KilledMessage> {
  const keys = new KeyRing()
  const values = new ValuePool(seed)
  const random = new Random(seed)
  let lastNumber = 0
  for (let written = 0; written < REPLAY_KEYS; written += BATCH_KEYS) {
    const numbers = Array.from({ length: BATCH_KEYS }, () => random.below(REPLAY_KEYS))
    await store.putBatch(
      numbers.map(number => keys.key(number)),
      numbers.map(() => values.next()),
    )
    lastNumber = numbers[BATCH_KEYS - 1]
  }
  return { kind: 'filled', lastNumber }
}

async function openAndGet(
  system: StoreSystem,
  directory: string,
  lastNumber: number,
): Promise<KilledMessage> {
  const key = new KeyRing().key(lastNumber)
  const started = performance.now()
  const store = await system.open(directory, needsOf('killed'))
  const value = store.getSync === undefined ? await store.get?.(key) : store.getSync(key)
  const seconds = (performance.now() - started) / 1000
  if (value === undefined || value === null) throw new Error('what was acknowledged last is lost')
  return { kind: 'opened', seconds }
}

const { system: name, directory, seed, lastNumber } = childArgument<KilledTask>()
const system = systemNamed(name)
if (system.kind !== 'store') throw new Error(`${name} is not a store`)
if (lastNumber !== undefined) endChild(await openAndGet(system, directory, lastNumber))
else {
  const message = await fill(await system.open(directory, needsOf('killed')), seed)
  process.send?.(message)
  // Waits to be killed; the interval keeps a store without threads from ending by itself.
  setInterval(() => undefined, 1000)
}
