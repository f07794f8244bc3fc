/**
 * How texts are spelt inside an OPTIONS file.
 *
 * In names of column families and in values of options that are texts, a backslash stands before `\`, `#` and
 * `:`, and line ends are `\n` and `\r`. A value may also be a list of options in braces:
 *
 *     struct := '{' (name '=' value ';')* '}'      value may be a struct again
 *
 * RocksDB: options/options_helper.cc, EscapeOptionString; options/options_type.cc
 */
import { isVarveError, VarveError } from '../errors/index.ts'

export function escapeOptionText(text: string): string {
  return text.replace(/[\\#:\n\r]/g, character => {
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    return `\\${character}`
  })
}

export function unescapeOptionText(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, character: string) => {
    if (character === 'n') return '\n'
    if (character === 'r') return '\r'
    return character
  })
}

/** The options in a struct, each as it stands; a value without braces is the `id` of what it names. */
export function parseOptionStruct(value: string): Map<string, string> {
  const options = new Map<string, string>()
  const text = value.trim()
  if (!text.startsWith('{')) return text === '' ? options : options.set('id', text)
  if (!text.endsWith('}')) throw malformed(value)
  const inner = text.slice(1, -1)
  for (let at = 0; at < inner.length; ) {
    const end = endOfStructField(inner, at)
    const field = inner.slice(at, end).trim()
    at = end + 1
    if (field === '') continue
    const equals = field.indexOf('=')
    if (equals <= 0) throw malformed(value)
    options.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim())
  }
  return options
}

/** The same for a text that stands in a file: one that cannot be parsed says nothing, as with a file that cannot. */
export function readOptionStruct(value: string): Map<string, string> {
  try {
    return parseOptionStruct(value)
  } catch (error) {
    if (isVarveError(error, 'INVALID_ARGUMENT')) return new Map()
    throw error
  }
}

export function formatOptionStruct(options: ReadonlyMap<string, string>): string {
  let text = '{'
  for (const [name, value] of options) text += `${name}=${value};`
  return `${text}}`
}

/** The index of the `;` that ends the field at `start`, or of the end. Braces inside it must match. */
function endOfStructField(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (character === '{') depth++
    else if (character === '}' && --depth < 0) throw malformed(text)
    else if (character === ';' && depth === 0) return at
  }
  if (depth !== 0) throw malformed(text)
  return text.length
}

function malformed(value: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', `not a list of options in braces: ${value.slice(0, 100)}`)
}
