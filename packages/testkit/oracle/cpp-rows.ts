/**
 * The rows of a database as C++ sees them, streamed from `ldb scan --hex`: compared row by row with rows from
 * elsewhere without either side being held in memory, or read into a model.
 *
 *     0x6B657931 : 0x76616C756531
 */
import { spawn } from 'node:child_process'
import { type Row, SortedModel } from '../model/sorted-model.ts'
import { hex, OracleError } from './tools.ts'

/** Reads one column family into a model. */
export async function cppModel(directory: string, columnFamily: string): Promise<SortedModel> {
  const model = new SortedModel()
  for await (const lines of scanLines(directory, columnFamily)) {
    for (const line of lines) model.put(...parseRow(line))
  }
  return model
}

/**
 * Compares what `ldb scan` prints with `rows`, in order. Returns how many rows there are; throws at the first
 * that differs, is missing or is too much.
 */
export async function compareWithCpp(
  directory: string,
  columnFamily: string,
  rows: Iterable<Row>,
): Promise<number> {
  const expected = rows[Symbol.iterator]()
  let count = 0
  for await (const lines of scanLines(directory, columnFamily)) {
    for (const line of lines) {
      const { value: row, done } = expected.next()
      const wanted = done === true ? '(nothing)' : `${hex(row[0])} : ${hex(row[1])}`
      if (wanted !== line) throw differs(directory, columnFamily, count, line, wanted)
      count++
    }
  }
  const { value: row, done } = expected.next()
  if (done !== true) throw differs(directory, columnFamily, count, '(nothing)', `${hex(row[0])} : ...`)
  return count
}

function differs(
  directory: string,
  columnFamily: string,
  row: number,
  cpp: string,
  ours: string,
): OracleError {
  const short = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}...` : text)
  return new OracleError(
    `row ${row} of ${columnFamily} in ${directory} differs\n  ldb scan: ${short(cpp)}\n  expected: ${short(ours)}`,
  )
}

function parseRow(line: string): Row {
  const [key, value] = line.split(' : ')
  if (!key.startsWith('0x') || !value?.startsWith('0x')) throw new OracleError(`ldb scan printed: ${line}`)
  return [Buffer.from(key.slice(2), 'hex'), Buffer.from(value.slice(2), 'hex')]
}

/** The lines of a scan, many at a time. */
async function* scanLines(directory: string, columnFamily: string): AsyncGenerator<string[]> {
  const args = [`--db=${directory}`, `--column_family=${columnFamily}`, 'scan', '--hex']
  const child = spawn('ldb', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  try {
    let rest = ''
    for await (const chunk of child.stdout) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() as string
      yield lines
    }
    const status = await ended
    if (rest !== '') complaint += rest
    if (status !== 0 || complaint !== '') {
      throw new OracleError(`ldb scan of ${columnFamily} in ${directory} ended with ${status}: ${complaint}`)
    }
  } finally {
    child.kill()
  }
}
