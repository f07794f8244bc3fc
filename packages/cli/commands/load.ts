/** `varve load`: rows from standard input. */
import { fstatSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Database } from 'varve'
import { engineOption, familyOption, parsePositive, syncOption, withExample } from '../command-line.ts'
import { CommandEnd, ExitCode, errorLine, OutputClosed } from '../exit.ts'
import type { Loader, LoadTotals } from '../loader.ts'
import { parseOptions, withDatabase } from '../open-database.ts'
import { Output } from '../output.ts'
import { formatBytes, formatCount, formatDuration, ProgressBar } from '../progress-bar.ts'
import type { InputFormat } from '../row-reader.ts'
import { RowError } from '../tsv.ts'

interface LoadCommandOptions {
  format: 'tsv' | 'ndjson'
  batch: number
  hex?: true
  escapes: boolean
  cf?: string
  sync?: true
  ack?: true
  option?: string[]
}

const STDIN = 0

export function addLoad(program: Command): void {
  const command = program
    .command('load <db>')
    .description('Reads rows from standard input and stores them. Creates the database when there is none.')
    .addOption(
      new Option('--format <format>', 'tsv: key<TAB>value; ndjson: {"key":...,"value":...}')
        .choices(['tsv', 'ndjson'])
        .default('tsv'),
    )
    .option('--batch <n>', 'lines committed together', parsePositive, 1000)
    .option('--hex', 'tsv columns are hex: 0x6B31<TAB>0x7631')
    .option('--no-escapes', 'tsv lines are taken as they are: a backslash is a backslash')
    .option('--ack', 'after each batch print how many input lines are committed')
    .addOption(familyOption())
    .addOption(syncOption())
    .addOption(engineOption())
    .action(load)
  withExample(
    command,
    "printf 'user:1\\tAda\\nuser:2\\tGrace\\n' | varve load ./data",
    'varve load ./data --format ndjson < rows.ndjson',
    'varve dump ./data | varve load ./copy --format ndjson',
  )
  command.addHelpText(
    'after',
    '\nIn tsv \\t \\n \\r \\\\ and \\xNN stand for tab, newline, return, backslash and any byte. ndjson also takes\n' +
      'keyBase64, keyHex, valueBase64, valueHex and columnFamily. A bad line stops the load; the lines before it are stored.',
  )
}

async function load(path: string, options: LoadCommandOptions): Promise<void> {
  const format = inputFormat(options)
  await withDatabase(path, 'create', database => run(database, format, options), parseOptions(options.option))
}

async function run(
  database: Database,
  format: InputFormat,
  { batch, sync, cf, ack }: LoadCommandOptions,
): Promise<void> {
  const { Loader } = await import('../loader.ts')
  const bar = new ProgressBar('loading', inputSize())
  const interrupt = new AbortController()
  const onInterrupt = () => {
    interrupt.abort()
    process.stdin.destroy()
  }
  const acknowledge = ack === true ? acknowledger() : undefined
  const begun = performance.now()
  const loader = new Loader(database, {
    format,
    batchLines: batch,
    sync: sync === true,
    columnFamily: cf,
    signal: interrupt.signal,
    onCommit(totals) {
      acknowledge?.(totals)
      bar.update(totals)
    },
  })
  if (process.stdin.isTTY) process.stderr.write('Reading rows from the terminal; Ctrl-D ends them.\n')
  process.once('SIGINT', onInterrupt)
  try {
    await loader.load(process.stdin)
  } catch (error) {
    throw failure(error, loader)
  } finally {
    process.off('SIGINT', onInterrupt)
    bar.finish()
    // What is left of the input is not wanted; an open pipe would keep the process waiting for it.
    process.stdin.destroy()
  }
  const result = summary(loader.totals, (performance.now() - begun) / 1000)
  if (interrupt.signal.aborted) throw new CommandEnd(ExitCode.interrupted, `interrupted: ${result}`)
  process.stderr.write(`${result}\n`)
}

function inputFormat({ format, hex, escapes }: LoadCommandOptions): InputFormat {
  if (format === 'ndjson') return 'ndjson'
  if (hex === true) return 'hex'
  return escapes ? 'tsv' : 'raw'
}

/** Prints the count of committed lines at once. A reader that has gone does not stop the load. */
function acknowledger(): (totals: LoadTotals) => void {
  const output = new Output()
  let isClosed = false
  return ({ lines }) => {
    if (isClosed) return
    try {
      output.line(String(lines))
      output.flush()
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error
      isClosed = true
    }
  }
}

/** Bytes of standard input when it is a file, so that the end is in sight. */
function inputSize(): number | undefined {
  const status = fstatSync(STDIN)
  return status.isFile() ? status.size : undefined
}

function failure(error: unknown, { totals }: Loader): unknown {
  const kept = `; lines committed: ${formatCount(totals.lines)}`
  if (error instanceof RowError) {
    return new CommandEnd(ExitCode.failed, errorLine('INVALID_ARGUMENT', `${error.message}${kept}`), error)
  }
  if (error instanceof Error && 'code' in error) {
    return new CommandEnd(ExitCode.failed, errorLine(String(error.code), `${error.message}${kept}`), error)
  }
  return error
}

function summary({ rows, bytes }: LoadTotals, seconds: number): string {
  const rate = Math.round(rows / Math.max(seconds, 0.001))
  return `loaded ${formatCount(rows)} rows, ${formatBytes(bytes)} in ${formatDuration(seconds)} (${formatCount(rate)} rows/s)`
}
