/** Keeps the disk and the bounds before each operation of a script that changes the disk, and at its end. */
import { isChange, type Operation, type SimulatedDisk } from '../disk/index.ts'
import type { Moment } from './history.ts'
import type { Script } from './script.ts'
import { Stage } from './stage.ts'

export interface Snapshot {
  readonly disk: SimulatedDisk
  readonly moment: Moment
  /** The one that did not take place any more; `undefined` at the end. */
  readonly operation: Operation | undefined
}

/** Plays a script and keeps all its moments. */
export async function recordScript(script: Script, seed: number): Promise<Snapshot[]> {
  const stage = new Stage(script, seed)
  const snapshots: Snapshot[] = []
  let stop = (): void => undefined
  const keep = (disk: SimulatedDisk, operation: Operation | undefined): void => {
    snapshots.push({ disk: disk.copy(), moment: stage.moment(), operation })
  }
  stage.onDisk = disk => {
    stop()
    stop = disk.observe(operation => {
      if (isChange(operation)) keep(disk, operation)
    })
  }
  await stage.play()
  stop()
  keep(stage.disk, undefined)
  return snapshots
}

/** Keeps the disk before each operation of `work` that changes it, and at its end. */
export async function recordOn(
  disk: SimulatedDisk,
  moment: Moment,
  work: () => Promise<unknown>,
): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = []
  const stop = disk.observe(operation => {
    if (isChange(operation)) snapshots.push({ disk: disk.copy(), moment, operation })
  })
  await work()
  stop()
  snapshots.push({ disk: disk.copy(), moment, operation: undefined })
  return snapshots
}
