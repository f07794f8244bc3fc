/** `varve verify`: reads and checks every byte of every live file. */
import type { Command } from 'commander'
import type { VerifyReport } from 'varve'
import { jsonOption, withExample } from '../command-line.ts'
import { CommandEnd, cannotOpen, ExitCode } from '../exit.ts'
import { Output } from '../output.ts'
import { formatBytes, formatCount, ProgressBar } from '../progress-bar.ts'

export function addVerify(program: Command): void {
  const command = program
    .command('verify <db>')
    .description(
      'Reads every byte of every live file and checks it: checksums, order, bounds, counts, filters.\n' +
        'Takes no lock and changes nothing; run it while the database is closed. Exits with 1 and\n' +
        'FILE:OFFSET: PROBLEM lines when something is wrong.',
    )
    .option('--deep', 'also checks the files against each other: numbers, versions across levels, strangers')
    .addOption(jsonOption('the whole report as JSON'))
    .action(verify)
  withExample(command, 'varve verify ./data')
}

async function verify(path: string, options: { deep?: true; json?: true }): Promise<void> {
  const report = await check(path, options.deep === true)
  const output = new Output()
  if (options.json === true) output.line(JSON.stringify(report))
  else describe(report, output)
  output.flush()
  if (!report.ok)
    throw new CommandEnd(
      ExitCode.failed,
      `varve: CORRUPTION: ${count(report.problems.length, 'problem')} found in ${path}`,
    )
}

async function check(path: string, deep: boolean): Promise<VerifyReport> {
  const { verifyDatabase } = await import('varve')
  let bar: ProgressBar | undefined
  try {
    return await verifyDatabase(path, {
      deep,
      onProgress({ bytesDone, bytesTotal }) {
        bar ??= new ProgressBar('checking', bytesTotal)
        bar.update({ bytes: bytesDone })
      },
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') throw cannotOpen(error)
    throw error
  } finally {
    bar?.finish()
  }
}

function describe({ files, problems, notes, ok }: VerifyReport, output: Output): void {
  for (const { file, offset, message } of problems) output.line(`${place(file, offset)}: ${message}`)
  for (const { file, offset, message } of notes) output.line(`note: ${place(file, offset)}: ${message}`)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const entries = files.reduce(
    (sum, file) => sum + (file.kind === 'table' || file.kind === 'wal' ? (file.entries ?? 0) : 0),
    0,
  )
  const checked = `${count(files.length, 'file')}, ${formatBytes(bytes)}, ${count(entries, 'entry', 'entries')}`
  output.line(ok ? `ok: ${checked}` : `checked: ${checked}`)
}

function place(file: string, offset: number | undefined): string {
  return offset === undefined ? file : `${file}:${offset}`
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${formatCount(number)} ${number === 1 ? one : many}`
}
