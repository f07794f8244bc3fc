/** Fields of values: what an index is on, and what it covers. */
import type { IndexDefinition } from './index-definition.ts'

/** What a codec that keeps fields keeps: a scalar that is the value's own, or nothing. */
export function isKept(value: object, field: string): boolean {
  const content = fieldOf(value, field)
  const isScalar =
    content === null ||
    typeof content === 'string' ||
    typeof content === 'boolean' ||
    Number.isFinite(content)
  if (isScalar) return Object.prototype.propertyIsEnumerable.call(value, field)
  return content === undefined
}

/** How a value is asked for its key in an index. */
export function keyReader(on: IndexDefinition<never>['on']): (value: unknown) => unknown {
  if (typeof on === 'function') return on as (value: unknown) => unknown
  if (typeof on === 'string') return value => fieldOf(value, on)
  return value => {
    const key = on.map(field => fieldOf(value, field))
    return key.includes(undefined) ? undefined : key
  }
}

export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined
}
