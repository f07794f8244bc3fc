/** What the value of an option must be, and the refusal of one that is not: option, value and what is allowed. */
import { VarveError } from '@varve/format/errors'

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

export const boolean: Rule = { describe: 'true or false', accepts: value => typeof value === 'boolean' }

export function check(option: string, value: unknown, rule: Rule): void {
  if (!rule.accepts(value)) throw invalid(option, value, `must be ${rule.describe}`)
}

export function invalid(option: string, value: unknown, problem: string): VarveError {
  return new VarveError('INVALID_ARGUMENT', `option ${option}: ${show(value)} ${problem}`, { option, value })
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
}

/** RocksDB's spelling of an option: `writeBufferSize` is `write_buffer_size`. */
export function rocksdbSpelling(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
