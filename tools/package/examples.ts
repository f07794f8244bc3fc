/** The examples of the packages' READMEs, which have to work where the packages are installed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../tidy.ts'

export interface Example {
  code: string
  /** What the page says it prints; undefined when it depends on what it is given. */
  printed: string | undefined
}

/** The first block of `language`, and the block that follows it after a line `prints`. */
export function exampleOf(packageFolder: string, language: 'ts' | 'sh'): Example {
  const page = readFileSync(join(root, 'packages', packageFolder, 'README.md'), 'utf8')
  const blocks = new RegExp(
    `\`\`\`${language}\\n([\\s\\S]*?)\`\`\`\\n(?:\\nprints\\n\\n\`\`\`\\n([\\s\\S]*?)\`\`\`)?`,
  )
  const [, code, printed] = blocks.exec(page) ?? []
  if (code === undefined) throw new Error(`packages/${packageFolder}/README.md has no example in ${language}`)
  return { code, printed }
}
