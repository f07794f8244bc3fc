/**
 * Real input: the records of Debian's package index on this machine, tens of thousands of paragraphs of some
 * kilobytes that somebody else wrote. As rows: the key is name=version=architecture, the value the whole paragraph.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface PackageRecord {
  key: string
  value: string
}

/** The records in the order of the index. A key comes once: the first paragraph of that name counts. */
export async function* packageRecords(): AsyncGenerator<PackageRecord> {
  const seen = new Set<string>()
  for await (const paragraph of paragraphs('apt-cache', ['dumpavail'])) {
    const key = keyOf(paragraph)
    if (key === undefined || seen.has(key)) continue
    seen.add(key)
    yield { key, value: paragraph }
  }
}

/** A row for `varve load`: `\t`, `\n`, `\r` and `\\` inside a field are escaped in TSV. */
export function formatRecord({ key, value }: PackageRecord, format: 'tsv' | 'ndjson'): string {
  if (format === 'ndjson') return JSON.stringify({ key, value })
  return `${escapeTsv(key)}\t${escapeTsv(value)}`
}

async function* paragraphs(command: string, args: string[]): AsyncGenerator<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  try {
    let lines: string[] = []
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== '') lines.push(line)
      else if (lines.length > 0) {
        yield lines.join('\n')
        lines = []
      }
    }
    if (lines.length > 0) yield lines.join('\n')
    const status = await exited
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`)
  } finally {
    child.kill()
  }
}

function keyOf(paragraph: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1]
  const name = field('Package')
  return name === undefined ? undefined : `${name}=${field('Version')}=${field('Architecture')}`
}

function escapeTsv(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}
