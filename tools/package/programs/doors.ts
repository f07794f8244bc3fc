/** Opens every door of the installed packages, by `import` and by `require`. */
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
let doors = 0
for (const name of ['@varve/format', 'varve', '@varve/server', '@varve/testkit']) {
  const manifest = require.resolve(`${name}/package.json`)
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    exports: Record<string, { default?: string }>
  }
  for (const [door, { default: pattern = '' }] of Object.entries(exports)) {
    for (const file of globSync(pattern, { cwd: dirname(manifest) })) {
      const opened = join(name, door.replace('*', dirname(file)))
      const names = Object.keys(await import(opened))
      if (names.length === 0) throw new Error(`${opened} leads to nothing`)
      if (names.some(each => !(each in require(opened)))) throw new Error(`require('${opened}') gives less`)
      doors++
    }
  }
}
if (doors < 20) throw new Error(`only ${doors} doors`)
