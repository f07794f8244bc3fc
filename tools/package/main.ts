/**
 * `npm run package`: the packages as they are published, in `dist`: a folder of each and the file that npm makes of it.
 *
 *     npm run package [-- --out DIRECTORY]
 */
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../tidy.ts'
import { buildPackages } from './build.ts'
import { packPackages } from './pack.ts'

const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } })
const target = resolve(values.out)
rmSync(target, { recursive: true, force: true })
buildPackages(target)
for (const { name, version, file, fileCount, size, unpackedSize } of packPackages(target)) {
  const kib = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`
  console.log(`${name} ${version}: ${fileCount} files, ${kib(unpackedSize)}, packed ${kib(size)}: ${file}`)
}
