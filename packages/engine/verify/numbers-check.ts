/**
 * What the directory and the MANIFEST say about file numbers (invariant V1), and what lies in the directory that
 * no database of ours accounts for: it is listed, and left alone.
 */
import { basename, join } from 'node:path'
import { legacyTableName, parseFileName, tableName } from '@varve/format/names'
import { type FileSystem, OWNER_NAME } from '../fs/index.ts'
import type { DatabaseFiles } from './database-files.ts'
import type { VerifyFindings } from './report.ts'

/** Numbers of info logs are times, and OPTIONS may be renamed from a temporary name with the same number. */
const COUNTED_KINDS: ReadonlySet<string> = new Set(['manifest', 'wal', 'table', 'blob', 'options'])

const LOST = 'lost'

export function checkNumbers({ directory, names, state }: DatabaseFiles, findings: VerifyFindings): void {
  const owners = new Map<number, string>()
  for (const name of names) {
    const parsed = parseFileName(name)
    if (parsed === undefined || !COUNTED_KINDS.has(parsed.kind)) continue
    const other = owners.get(parsed.number)
    if (other !== undefined)
      findings.problem(join(directory, name), `${other} has the same number ${parsed.number}`)
    owners.set(parsed.number, name)
  }
  if (state === undefined) return
  const next = state.nextFileNumber ?? 0
  const families = new Map<number, string>()
  for (const family of state.columnFamilies.values()) {
    for (const number of [...family.files.keys(), ...family.blobFiles.map(({ file }) => file.number)]) {
      const other = families.get(number)
      if (other !== undefined)
        findings.problem(state.file, `file #${number} belongs to '${other}' and to '${family.name}'`)
      families.set(number, family.name)
      if (number >= next)
        findings.problem(
          state.file,
          `file #${number} is live, and the next number to be given out is ${next}`,
        )
    }
  }
}

/** Notes for files that are no part of the database, or no longer. */
export async function listStrangers(
  fs: FileSystem,
  { directory, names, state }: DatabaseFiles,
  findings: VerifyFindings,
): Promise<void> {
  const live = new Set([...(state?.columnFamilies.values() ?? [])].flatMap(({ files }) => [...files.keys()]))
  for (const name of names) {
    const path = join(directory, name)
    const parsed = parseFileName(name)
    if (name === LOST && (await fs.stat(path))?.isDirectory === true) {
      for (const lost of (await fs.list(path)).sort()) findings.note(join(path, lost), 'quarantined')
    } else if (name === OWNER_NAME) continue
    else if (parsed === undefined) findings.note(path, 'unknown: no file of a database')
    else if (state === undefined) continue
    else if (parsed.kind === 'manifest' && name !== basename(state.file))
      findings.note(path, 'unknown: CURRENT names another MANIFEST')
    else if (parsed.kind === 'table' && !(live.has(parsed.number) && isTheName(name, parsed.number, names)))
      findings.note(path, 'unknown: the MANIFEST does not know this table')
    else if (parsed.kind === 'temp' || parsed.kind === 'optionsTemp')
      findings.note(path, 'unknown: left over by a write that did not end')
  }
}

/** A table may have LevelDB's name when there is none under ours. */
function isTheName(name: string, number: number, names: readonly string[]): boolean {
  return (
    name === tableName(number) || (name === legacyTableName(number) && !names.includes(tableName(number)))
  )
}
