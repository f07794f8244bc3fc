/** `varve sst`: a table file, byte by byte or entry by entry. */
import type { LineSink } from '@varve/format/dump'
import { sequenceOfTrailer, TRAILER_LENGTH, typeOfTrailer, valueTypeName } from '@varve/format/key'
import { formatBytesField } from '@varve/server/entry-json'
import type { Command } from 'commander'
import { jsonOption, withExample } from '../command-line.ts'
import type { FileSource } from '../database-file.ts'
import { addDumpOptions, dumpers, dumpFile, type FileDumpOptions } from '../file-dump.ts'

export function addSst(program: Command): void {
  const command = addDumpOptions(program.command('sst <file>'))
    .description('Shows a table file: every byte and what it means.')
    .addOption(jsonOption('the entries instead, one JSON object a line'))
    .action((path: string, options: FileDumpOptions) =>
      dumpFile(path, options.json === true ? writeEntries : dumpers.table, options),
    )
  withExample(command, 'varve sst ./data/000012.sst --limit 40', 'varve sst ./data/000012.sst --json')
}

/** `{"key":...,"sequence":7,"type":"Value","value":...}` */
async function writeEntries(source: FileSource, write: LineSink): Promise<void> {
  const { TableScan } = await import('@varve/format/sst')
  const scan = new TableScan(source)
  const { cursor } = scan
  for (let more = scan.first(); more; more = scan.next()) {
    const key = formatBytesField('key', cursor.keyBytes.subarray(0, cursor.keyLength - TRAILER_LENGTH))
    const value = formatBytesField('value', cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd))
    const sequence = sequenceOfTrailer(cursor.trailerLow, cursor.trailerHigh)
    const type = valueTypeName(typeOfTrailer(cursor.trailerLow))
    write(`{${key},"sequence":${sequence},"type":${JSON.stringify(type)},${value}}`)
  }
}
