/** `varve manifest`: a MANIFEST, byte by byte or edit by edit. */
import type { LineSink } from '@varve/format/dump'
import type { Command } from 'commander'
import { jsonOption, withExample } from '../command-line.ts'
import type { FileSource } from '../database-file.ts'
import { addDumpOptions, dumpers, dumpFile, type FileDumpOptions } from '../file-dump.ts'
import { formatHex } from '../key-text.ts'

export function addManifest(program: Command): void {
  const command = addDumpOptions(program.command('manifest <file>'))
    .description('Shows a MANIFEST: every byte and what it means.')
    .addOption(jsonOption('the version edits instead, one JSON object a line, bytes in hex'))
    .action((path: string, options: FileDumpOptions) =>
      dumpFile(path, options.json === true ? writeEdits : dumpers.manifest, options),
    )
  withExample(
    command,
    'varve manifest ./data/MANIFEST-000005',
    'varve manifest ./data/MANIFEST-000005 --json',
  )
}

/** `{"offset":0,"edit":{...}}`; damage as `{"offset":0,"damage":"..."}`. */
async function writeEdits(source: FileSource, write: LineSink): Promise<void> {
  const [{ LogReader }, { decodeVersionEdit }] = await Promise.all([
    import('@varve/format/wal'),
    import('@varve/format/manifest'),
  ])
  const reader = new LogReader(source.readAll(), { file: source.file })
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'damage') write(JSON.stringify({ offset: item.offset, damage: item.reason }))
    if (item.kind !== 'record') continue
    const edit = decodeVersionEdit(item.payload, source.file, item.offset)
    write(JSON.stringify({ offset: item.offset, edit }, bytesAsHex))
  }
}

function bytesAsHex(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? formatHex(value) : value
}
