/** `varve wal`: a write-ahead log, byte by byte or operation by operation. */
import { basename } from 'node:path'
import type { LineSink } from '@varve/format/dump'
import { parseFileName } from '@varve/format/names'
import { formatBytesField } from '@varve/server/entry-json'
import type { Command } from 'commander'
import { jsonOption, withExample } from '../command-line.ts'
import type { FileSource } from '../database-file.ts'
import { addDumpOptions, dumpers, dumpFile, type FileDumpOptions } from '../file-dump.ts'

export function addWal(program: Command): void {
  const command = addDumpOptions(program.command('wal <file>'))
    .description('Shows a write-ahead log: every byte and what it means.')
    .addOption(jsonOption('the operations instead, one JSON object a line'))
    .action((path: string, options: FileDumpOptions) =>
      dumpFile(path, options.json === true ? writeOperations : dumpers.wal, options),
    )
  withExample(command, 'varve wal ./data/000010.log --limit 40', 'varve wal ./data/000010.log --json')
}

/** `{"offset":0,"sequence":1,"type":"Put","columnFamily":0,"key":...,"value":...}`; damage as `{"offset":0,"damage":"..."}`. */
async function writeOperations(source: FileSource, write: LineSink): Promise<void> {
  const [{ LogReader }, { BatchCursor, batchTagName }] = await Promise.all([
    import('@varve/format/wal'),
    import('@varve/format/batch'),
  ])
  const logNumber = parseFileName(basename(source.file))?.number
  const reader = new LogReader(source.readAll(), {
    file: source.file,
    ...(logNumber === undefined ? {} : { logNumber }),
  })
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'damage') {
      write(JSON.stringify({ offset: item.offset, damage: item.reason }))
      continue
    }
    if (item.kind !== 'record') continue
    const batch = new BatchCursor(item.payload, source.file, item.offset)
    while (batch.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = batch
      const parts = [
        `"offset":${item.offset}`,
        `"sequence":${batch.recordSequence}`,
        `"type":${JSON.stringify(batchTagName(batch.tag))}`,
        `"columnFamily":${batch.columnFamily}`,
        formatBytesField('key', bytes.subarray(keyStart, keyEnd)),
      ]
      if (valueEnd > valueStart) parts.push(formatBytesField('value', bytes.subarray(valueStart, valueEnd)))
      write(`{${parts.join(',')}}`)
    }
  }
}
