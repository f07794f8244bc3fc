/** The README's table of features, made of the list; and its place between two markers. */
import type { Feature } from './list.ts'

const BEGIN = '<!-- features: made by `node tools/features/main.ts --write` -->'
const END = '<!-- features end -->'

export function renderTable(features: readonly Feature[]): string {
  const rows = features.map(({ name, tests, cpp = [], cppWhat = '', guide }) => {
    const beside = cpp.length === 0 ? '' : `${cppWhat} (${cpp.map(link).join(', ')})`
    return `| ${name} | ${tests.map(link).join(', ')} | ${beside} | ${guide === undefined ? '' : link(guide)} |`
  })
  return ['| feature | proved by | beside C++ RocksDB | guide |', '|---|---|---|---|', ...rows].join('\n')
}

/** By the name of the file alone. */
function link(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/(\.oracle)?\.test\.ts$|\.md$/, '')
  return `[${name}](${path})`
}

/** The table as it stands in a text. Throws where there is no place for one. */
export function tableIn(text: string): string {
  const [start, end] = placeIn(text)
  return text.slice(start, end).trim()
}

export function withTable(text: string, table: string): string {
  const [start, end] = placeIn(text)
  return `${text.slice(0, start)}\n\n${table}\n\n${text.slice(end)}`
}

function placeIn(text: string): [start: number, end: number] {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`no place for the table: ${BEGIN} ... ${END}`)
  return [begin + BEGIN.length, end]
}
