/**
 * Spreads a program of this package over the cores: it starts itself once a core, each time with a share of the work,
 * and adds up what the children have counted. A child has a channel to its parent; it reports there and prints
 * nothing but failures, whose replay commands need no shards.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { freshSeed } from './random.ts'

/** Far enough apart that no shard comes to the seeds of the next. */
export const SEEDS_PER_SHARD = 10_000_000

/** What a child reports; numbers by name. */
export type ShardCounts = Record<string, number>

/** `given`: from the command line. A program that was started by another does its share itself. */
export function shardCount(given: string | undefined): number {
  if (process.send !== undefined) {
    process.once('disconnect', endOrphaned)
    return 1
  }
  return given === undefined ? availableParallelism() : Number(given)
}

/** A parent that was killed wants no report. */
function endOrphaned(): void {
  process.exit(1)
}

/** The seed that was given, or a fresh one, with room above it for those of all shards. */
export function seedOf(given: string | undefined): number {
  return given === undefined ? freshSeed() : Number(given)
}

/** Runs `file` once for each shard with the arguments for it; gives the sum of their reports. */
export async function runShards(
  file: string,
  count: number,
  argumentsOf: (shard: number) => readonly string[],
): Promise<ShardCounts> {
  const shards = Array.from({ length: count }, (_, shard) => runShard(file, argumentsOf(shard)))
  const total: ShardCounts = {}
  for (const counts of await Promise.all(shards)) {
    for (const [name, number] of Object.entries(counts)) total[name] = (total[name] ?? 0) + number
  }
  return total
}

async function runShard(file: string, args: readonly string[]): Promise<ShardCounts> {
  const child = fork(file, args)
  let counts: ShardCounts | undefined
  child.on('message', message => {
    counts = message as ShardCounts
  })
  const [code, signal] = await once(child, 'close')
  if (counts === undefined)
    throw new Error(`a shard ended without a report (${code ?? signal}): ${args.join(' ')}`)
  return counts
}

/** In a child: hands the counts to the parent. False in a program that was started by hand. */
export function reportToParent(counts: ShardCounts): boolean {
  if (process.send === undefined) return false
  process.off('disconnect', endOrphaned)
  process.send(counts)
  return true
}

/** The share of `whole` that falls to a shard; all shares together are the whole. */
export function shareOf(whole: number, shard: number, count: number): number {
  return Math.floor((whole * (shard + 1)) / count) - Math.floor((whole * shard) / count)
}
