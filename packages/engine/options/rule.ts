/** What the value of an option must be, and the refusal of one that is not: option, value and what is allowed. */
import { VarveError } from '@varve/format/errors'
import type { CompressionName } from './option-types.ts'

/** `describe` completes "must be ...". */
export interface Rule {
  describe: string
  accepts(value: unknown): boolean
}

export function integer(min: number, max: number): Rule {
  return {
    describe: `a whole number from ${min} to ${max}`,
    accepts: value => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  }
}

export function number(min: number, max: number): Rule {
  return {
    describe: `a number from ${min} to ${max}`,
    accepts: value => typeof value === 'number' && value >= min && value <= max,
  }
}

export function oneOf(...names: readonly string[]): Rule {
  return { describe: `one of ${names.join(', ')}`, accepts: value => names.includes(value as string) }
}

export const compressionNames: readonly CompressionName[] = ['none', 'snappy', 'zlib', 'lz4', 'zstd']

export const compressionRule: Rule = oneOf(...compressionNames)

export const boolean: Rule = { describe: 'true or false', accepts: value => typeof value === 'boolean' }

/** An object of a class, given whole. */
export function instanceOf(type: abstract new (...parts: never[]) => object): Rule {
  return { describe: `a ${type.name}`, accepts: value => value instanceof type }
}

export function check(option: string, value: unknown, rule: Rule): void {
  if (!rule.accepts(value)) throw invalid(option, value, `must be ${rule.describe}`)
}

export function invalid(option: string, value: unknown, problem: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', `option ${option}: ${show(value)} ${problem}`, { option, value })
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
}

const spellings = new Map<string, string>()

/** RocksDB's spelling of an option: `writeBufferSize` is `write_buffer_size`. Each is asked for by every opening. */
export function rocksdbSpelling(name: string): string {
  let spelling = spellings.get(name)
  if (spelling === undefined) {
    spelling = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    spellings.set(name, spelling)
  }
  return spelling
}
