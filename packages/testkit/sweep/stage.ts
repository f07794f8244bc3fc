/**
 * Plays a script on a simulated disk and keeps its history. With faults on the disk it does what a careful user
 * does when something fails: it takes the cause away, looks whether everything acknowledged can be read, resumes,
 * and goes on.
 */
import { type Database, type ErrorCode, isVarveError, open } from 'varve'
import type { Runtime } from 'varve/internal'
import { type CrashMode, crashModes, SimulatedDisk } from '../disk/index.ts'
import { Random } from '../random.ts'
import { plainRuntime, type SimulatedRuntime, simulatedRuntime, type Trace } from '../simulation/index.ts'
import { type Contents, contentsOf, History, type Moment } from './history.ts'
import { type Action, baseFamilies, type Round, type Script } from './script.ts'

export const DIRECTORY = '/db'

/** Something is not as it must be. */
export class SweepError extends Error {}

/** In whose order things happen: that of the seed, or the order in which they are asked for, which is faster. */
export type World = 'simulated' | 'plain'

export class Stage {
  disk: SimulatedDisk
  history: History
  /** What failed, in order. */
  readonly failures: unknown[] = []
  /** Of each opening in the simulated world. */
  readonly traces: Trace[] = []
  /** Called with each disk that the script goes on with: after a `crash` action it is another one. */
  onDisk: ((disk: SimulatedDisk) => void) | undefined = undefined
  /** Called when something failed, before anything is done about it, and again when the database goes on. */
  onFailure: ((when: 'failed' | 'resumed') => void) | undefined = undefined
  /** So many rounds are played after something failed or a fault was made up for; the others are left out. */
  roundsAfterFault: number = Number.POSITIVE_INFINITY
  private readonly script: Script
  private readonly random: Random
  private readonly runtimeSeeds: Random
  private readonly world: World
  private db: Database | undefined
  private runtime: Runtime | undefined
  private simulated: SimulatedRuntime | undefined

  constructor(script: Script, seed: number, world: World = 'simulated') {
    this.script = script
    this.random = new Random(seed).fork(1)
    this.runtimeSeeds = new Random(seed).fork(2)
    this.world = world
    this.disk = new SimulatedDisk()
    this.history = new History(baseFamilies(script.options))
  }

  /** The script, from opening to closing. */
  async play(): Promise<void> {
    const rounds = this.script.rounds(this.random.fork(3))
    this.onDisk?.(this.disk)
    await this.open()
    let left = this.roundsAfterFault
    for (const round of rounds) {
      if (this.isBitten && left-- === 0) break
      await this.playRound(round)
    }
    await this.close()
  }

  /** Whether anything has failed, or a fault was made up for. */
  get isBitten(): boolean {
    return this.disk.faults.bites > 0 || this.failures.length > 0
  }

  moment(): Moment {
    return this.history.now()
  }

  private get database(): Database {
    if (this.db === undefined) throw new Error('the database is not open')
    return this.db
  }

  private async playRound(round: Round): Promise<void> {
    const failed = this.failures.length
    await Promise.all(round.map(action => this.attempt(action)))
    if (this.failures.length > failed || this.db?.backgroundError !== undefined)
      await this.recoverFromFailure()
  }

  /** Not where the deletion of all keys before it was refused: it is no deletion of keys. */
  private async deleteFiles(columnFamily: string): Promise<void> {
    const rows = await this.database.keys({ columnFamily, limit: 1 }).toArray()
    if (rows.length === 0) await this.database.deleteFilesInRanges([{}], { columnFamily })
  }

  private async attempt(action: Action): Promise<void> {
    try {
      await this.perform(action)
    } catch (error) {
      this.noteExpected(error)
    }
  }

  private async perform(action: Action): Promise<void> {
    switch (action.kind) {
      case 'write':
        return this.write(action)
      case 'flush':
        return this.flush(action.columnFamily)
      case 'compact':
        return this.database.compact({ columnFamily: action.columnFamily })
      case 'compactFiles':
        return this.compactFiles(action)
      case 'setOptions':
        return this.setOptions(action)
      case 'deleteFiles':
        return this.deleteFiles(action.columnFamily)
      case 'createFamily':
        return this.changeFamily('create', action.name)
      case 'dropFamily':
        return this.changeFamily('drop', action.name)
      case 'scan':
        return this.compareAll('a scan')
      case 'sleep':
        return this.sleep(action.milliseconds)
      case 'reopen':
        await this.close()
        return this.open()
      case 'crash':
        return this.goOnWith(this.disk.crash(this.crashMode(), this.random.fork(this.disk.operationCount)))
      case 'kill':
        return this.goOnWith(this.disk.copy())
    }
  }

  private async write({ operations, sync }: Extract<Action, { kind: 'write' }>): Promise<void> {
    const { history } = this
    const names = this.database.columnFamilyNames()
    const possible = operations.filter(({ columnFamily }) =>
      names.includes(String(columnFamily ?? 'default')),
    )
    const step = history.write(possible)
    await this.database.write(possible, { sync })
    history.acknowledge(step, sync)
  }

  private async flush(columnFamily: string | undefined): Promise<void> {
    const { history } = this
    const { issued } = history
    if (columnFamily !== undefined && !this.database.columnFamilyNames().includes(columnFamily)) return
    await this.database.flush(columnFamily === undefined ? {} : { columnFamily })
    if (columnFamily === undefined) history.madeDurable(issued)
  }

  /** Whether they can be compacted so depends on what else goes on. */
  private async compactFiles(action: Extract<Action, { kind: 'compactFiles' }>): Promise<void> {
    const { columnFamily, outputLevel } = action
    const files = this.database.liveFiles().filter(file => file.columnFamily === columnFamily)
    const chosen = files.flatMap(({ number, beingCompacted }) => (beingCompacted ? [] : [number]))
    try {
      await this.database.compactFiles(chosen, outputLevel, { columnFamily })
    } catch (error) {
      if (!refusals.some(code => isVarveError(error, code))) throw error
    }
  }

  private async setOptions(action: Extract<Action, { kind: 'setOptions' }>): Promise<void> {
    const { columnFamily, changes } = action
    if (!this.database.columnFamilyNames().includes(columnFamily)) return
    await this.database.setOptions(changes, { columnFamily })
  }

  private async changeFamily(kind: 'create' | 'drop', name: string): Promise<void> {
    const { history } = this
    const exists = (): boolean => this.database.columnFamilyNames().includes(name)
    if (exists() === (kind === 'create')) return
    const change = history.changeFamily(kind, name)
    try {
      if (kind === 'create') await this.database.columnFamily(name)
      else await this.database.dropColumnFamily(name)
    } finally {
      // What failed may have been the tidying up after it.
      if (exists() === (kind === 'create')) history.acknowledgeFamily(change)
    }
  }

  /** Nothing may be under way: then the database holds what was acknowledged and nothing else. */
  private async compareAll(what: string): Promise<void> {
    const moment = this.history.withoutFailures().now()
    const found = await this.readAll()
    if (moment.history.find(found, moment) === undefined) {
      throw new SweepError(`${what} shows something else than what was acknowledged`)
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      this.runtime?.setTimer(milliseconds, resolve)
    })
  }

  private async open(): Promise<void> {
    try {
      this.db = await open(DIRECTORY, this.script.options, this.newRuntime())
    } catch (error) {
      this.noteExpected(error)
      this.heal()
      await this.openAgain()
    }
  }

  private newRuntime(): Runtime {
    const seed = this.runtimeSeeds.next()
    this.simulated?.detach()
    if (this.world === 'plain') this.runtime = plainRuntime(this.disk, seed)
    else {
      this.simulated = simulatedRuntime(this.disk, seed)
      this.traces.push(this.simulated.trace)
      this.runtime = this.simulated
    }
    return this.runtime
  }

  private async openAgain(): Promise<void> {
    try {
      this.db = await open(
        DIRECTORY,
        this.script.options,
        simulatedRuntime(this.disk, this.runtimeSeeds.next()),
      )
    } catch (error) {
      throw new SweepError(`it does not open though the cause is gone: ${error}`)
    }
    await this.adoptState()
    this.onFailure?.('resumed')
  }

  /** A failed close leaves the directory as a process that ended would; what was not synced may be gone with a page. */
  private async close(): Promise<void> {
    const { database } = this
    this.db = undefined
    // One that has stopped writing has said so, vouches for nothing more, and closes without another error.
    const isSound = database.backgroundError === undefined
    try {
      await database.close()
      if (isSound) this.history.madeDurable(this.history.issued)
    } catch (error) {
      this.noteExpected(error)
      this.heal()
      await this.openAgain()
      await this.close()
    }
  }

  /** One that loses a sector of an unsynced MANIFEST record may have to be refused, and then there is nothing to go on with. */
  private crashMode(): CrashMode {
    const isUnsynced = this.disk
      .filesBelow(DIRECTORY)
      .some(path => /MANIFEST-\d+$/.test(path) && this.disk.fileNode(path).changes.length > 0)
    return this.random.pick(isUnsynced ? ['loseAll', 'keepAll'] : crashModes)
  }

  /** What the abandoned database still does reaches the disk it has, and not this one. */
  private async goOnWith(disk: SimulatedDisk): Promise<void> {
    this.disk = disk
    this.onDisk?.(disk)
    await this.open()
    await this.adoptState()
  }

  /** Goes on from whichever state within the bounds the database is in. */
  private async adoptState(): Promise<void> {
    const moment = this.history.now()
    const place = this.history.find(await this.readAll(), moment)
    if (place === undefined) throw new SweepError(`after opening again: ${describeBounds(moment)}`)
    const { bites } = this.disk.faults
    // A sync that failed in the process before cannot be known to this one, which may keep its log.
    const isTrusted = bites === 0 || this.script.options.avoidFlushDuringRecovery !== true
    this.history = this.history.upTo(place, isTrusted ? place.steps : moment.durable)
  }

  private async readAll(): Promise<Contents> {
    try {
      return await contentsOf(this.database)
    } catch (error) {
      this.noteExpected(error)
      this.heal()
      return contentsOf(this.database)
    }
  }

  private async recoverFromFailure(): Promise<void> {
    if (this.db === undefined) return
    this.onFailure?.('failed')
    this.heal()
    await this.compareAll('reading after a failure')
    await this.resume()
    // Whatever failed stays away for good, and everything acknowledged is on disk.
    this.history = this.history.withoutFailures()
    await this.compareAll('reading after resume')
    this.onFailure?.('resumed')
  }

  /** A second time for what was under way when the cause went, and fails only now. */
  private async resume(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.database.resume()
        await this.database.flush()
        return
      } catch (error) {
        if (attempt === 2)
          throw new SweepError(`resume fails though the cause is gone: ${error}`, { cause: error })
      }
    }
  }

  /** Takes the cause of all failures away. */
  private heal(): void {
    this.disk.faults.lift()
    this.disk.capacity = Number.POSITIVE_INFINITY
  }

  private noteExpected(error: unknown): void {
    const isExpected = this.isFaulty() && expectedCodes.some(code => isVarveError(error, code))
    if (error instanceof SweepError) throw error
    if (!isExpected) throw new SweepError(`a failure that nothing explains: ${error}`, { cause: error })
    this.failures.push(error)
  }

  private isFaulty(): boolean {
    return this.disk.faults.bites > 0 || this.disk.capacity < Number.POSITIVE_INFINITY
  }
}

/** How tables that somebody names may be refused. */
const refusals: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'ABORTED']

/** How a failing disk may show itself. Bytes that are missing from a file are corruption as far as anyone can tell. */
const expectedCodes: readonly ErrorCode[] = ['IO_ERROR', 'NO_SPACE', 'READ_ONLY', 'ABORTED', 'CORRUPTION']

export function describeBounds({ issued, durable, familiesIssued, familiesDone }: Moment): string {
  return (
    `what is there is no prefix of the writes, from ${durable} known to be durable to ${issued} asked for ` +
    `(changes of families: ${familiesDone} to ${familiesIssued})`
  )
}
