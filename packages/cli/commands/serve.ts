/** `varve serve`: a database over HTTP, until it is told to stop. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Database } from 'varve'
import { engineOption, parsePositive, withExample } from '../command-line.ts'
import { CommandEnd, cannotOpen, ExitCode, errorLine, usageError } from '../exit.ts'
import { openDatabase, parseOptions } from '../open-database.ts'

interface ServeOptions {
  data: string
  host: string
  port: number
  maxBody: number
  allowHost?: string[]
  logLevel: 'silent' | 'error' | 'warn' | 'info'
  option?: string[]
}

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('Serves a database over HTTP on this machine. Creates it when there is none.')
    .option('--data <dir>', 'where the data lies', './varve-data')
    .option('--host <host>', 'address of loopback to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 for any free one', parsePort, 8480)
    .option('--max-body <bytes>', 'most bytes of one value or batch', parsePositive, 16 * 1024 * 1024)
    .option('--allow-host <name>', 'another Host name that clients may use; can be repeated', collect)
    .addOption(
      new Option('--log-level <level>', 'JSON lines on standard error')
        .choices(['silent', 'error', 'warn', 'info'])
        .default('warn'),
    )
    .addOption(engineOption())
    .action(serve)
  withExample(
    command,
    'varve serve --data ./data --port 8480',
    "curl -X PUT --data-binary 'Ada' http://127.0.0.1:8480/kv/user:1",
    'curl http://127.0.0.1:8480/kv/user:1',
  )
}

async function serve(options: ServeOptions): Promise<void> {
  const { requireLoopback } = await import('@varve/server')
  try {
    requireLoopback(options.host)
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error))
  }
  const stop = Promise.withResolvers<void>()
  const onSignal = stopOnSignal(stop.resolve)
  const database = await openDatabase(options.data, 'create', parseOptions(options.option))
  try {
    reportTrouble(database)
    await serveUntil(stop.promise, database, options)
  } finally {
    await database.close()
    onSignal.off()
  }
}

async function serveUntil(stopped: Promise<void>, database: Database, options: ServeOptions): Promise<void> {
  const server = await listen(database, options)
  process.stdout.on('error', ignoreClosedOutput)
  process.stdout.write(
    `Varve listens on ${server.url}\n` +
      `Data lies in ${resolve(options.data)}\n` +
      `Try: curl -X PUT --data-binary 'Hello' ${server.url}/kv/greeting && curl ${server.url}/kv/greeting\n`,
  )
  await stopped
  process.stderr.write('Stopping: requests under way may finish.\n')
  await server.close()
}

async function listen(database: Database, options: ServeOptions) {
  const server = await import('@varve/server')
  try {
    return await server.serve(database, {
      host: options.host,
      port: options.port,
      maxBodyBytes: options.maxBody,
      allowedHosts: options.allowHost ?? [],
      logLevel: options.logLevel,
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      const line = errorLine(
        'EADDRINUSE',
        `port ${options.port} of ${options.host} is in use; choose another with --port`,
      )
      throw new CommandEnd(ExitCode.cannotOpen, line, error)
    }
    throw cannotOpen(error)
  }
}

/** The first SIGINT or SIGTERM stops in order; a second one ends the process at once, as kill -9 would. */
function stopOnSignal(stop: () => void): { off(): void } {
  let isStopping = false
  const onSignal = () => {
    if (isStopping) process.exit(ExitCode.interrupted)
    isStopping = true
    stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  return {
    off() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
    },
  }
}

/** What an operator must know although no request failed yet. */
function reportTrouble(database: Database): void {
  database.on('backgroundError', ({ error }) => {
    process.stderr.write(`${errorLine(error.code, `${error.message}; writes are refused, reads go on`)}\n`)
  })
  database.on('quarantine', ({ file, movedTo, reason }) => {
    process.stderr.write(`${errorLine('QUARANTINE', `${file} was moved to ${movedTo}: ${reason}`)}\n`)
  })
}

function ignoreClosedOutput(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return port
}

function collect(value: string, values: string[] = []): string[] {
  return [...values, value]
}
