/** Runs a killer, with a mutant or without one, in a process of its own, and says how it ended. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mutant, root } from './mutant.ts'

/** No killer takes as long, with a mutant that does not make things stand still. */
const LONGEST_MILLISECONDS = 60_000

/** What is kept of its output, from the end. */
const OUTPUT_MAX = 1024 * 1024

export interface KillerRun {
  outcome: 'passed' | 'failed' | 'timeout'
  seconds: number
  /** In how many threads and processes the mutant was loaded. */
  loads: number
  /** The first thing that it complained about. */
  complaint: string
}

export async function runKiller(
  killer: string,
  mutant?: Mutant,
  milliseconds: number = LONGEST_MILLISECONDS,
): Promise<KillerRun> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-mutant-'))
  const loaded = join(directory, 'loaded')
  const started = Date.now()
  try {
    const { code, output, isLate } = await runNode(killer, environment(mutant, loaded), milliseconds)
    const outcome = isLate ? 'timeout' : code === 0 ? 'passed' : 'failed'
    const loads = existsSync(loaded) ? readFileSync(loaded, 'utf8').split('\n').length - 1 : 0
    return { outcome, seconds: (Date.now() - started) / 1000, loads, complaint: firstComplaint(output) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function environment(mutant: Mutant | undefined, loaded: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, VARVE_MUTANT, ...own } = process.env
  if (mutant === undefined) return own
  const hook = new URL('./load.ts', import.meta.url).href
  return { ...own, NODE_OPTIONS: `--import=${hook}`, VARVE_MUTANT: mutant.id, VARVE_MUTANT_LOADED: loaded }
}

function runNode(
  killer: string,
  env: NodeJS.ProcessEnv,
  milliseconds: number,
): Promise<{ code: number | null; output: string; isLate: boolean }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it has started ends with it.
    const child = spawn(process.execPath, nodeArguments(killer), { cwd: root, env, detached: true })
    let output = ''
    let isLate = false
    const take = (text: string) => {
      output = (output + text).slice(-OUTPUT_MAX)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    const timer = setTimeout(() => {
      isLate = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, milliseconds)
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, output, isLate })
    })
  })
}

/** Options for Node.js, which begin with `--test`, go before the file. */
export function nodeArguments(killer: string): string[] {
  const [file, ...rest] = killer.split(' ')
  const isForNode = (argument: string) => argument.startsWith('--test')
  return [...rest.filter(isForNode), file, ...rest.filter(argument => !isForNode(argument))]
}

function firstComplaint(output: string): string {
  const test = /^\s*✖ (?!failing tests)(.+?)(?: \([\d.]+ms\))?$/m.exec(output)?.[1]
  const sweep = /^FAILED node \S+ (.+)$/m.exec(output)?.[1]
  const thrown = /^\s*((?:[A-Z]\w*)?Error\b.*)$/m.exec(output)?.[1]
  return test ?? sweep ?? thrown ?? output.trim().split('\n').at(-1) ?? ''
}
