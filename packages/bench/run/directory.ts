/** Sizes of directories. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Of all files in it and below whose names count. */
export function bytesOfDirectory(directory: string, counts: (name: string) => boolean = () => true): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && counts(entry.name))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
