/**
 * JSON merge patches (RFC 7396) as merge operands: an object's members replace those of the same name, `null` removes
 * one, objects are patched in turn, and a patch that is no object replaces the whole.
 *
 *     {"a":1,"b":{"c":2}}   patched with   {"a":null,"b":{"d":3}}   is   {"b":{"c":2,"d":3}}
 *
 * Two patches make one as long as no member of the first that is no object is patched by the second as if it were
 * one: that would say "replace by this object", which no patch can say of an object.
 */
import { decodeUtf8, encodeUtf8 } from '@varve/format/bytes'
import type { MergeOperator } from './merge-operator.ts'

type Json = null | boolean | number | string | Json[] | JsonObject
/** Made without a prototype: a member may have any name. */
type JsonObject = { [name: string]: Json }

export const mergeJson: MergeOperator = {
  name: 'varve.JsonMergePatch',
  fullMerge(_key, existing, operands) {
    let value: Json = existing === undefined ? null : parse(existing)
    for (const operand of operands) value = patched(value, parse(operand))
    return encodeUtf8(JSON.stringify(value))
  },
  partialMerge(_key, operands) {
    let patch = parse(operands[0])
    for (let i = 1; i < operands.length; i++) {
      const both = composed(patch, parse(operands[i]))
      if (both === undefined) return undefined
      patch = both
    }
    return encodeUtf8(JSON.stringify(patch))
  },
}

function patched(value: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: JsonObject = Object.assign(Object.create(null), isObject(value) ? value : {})
  for (const [name, member] of Object.entries(patch)) {
    if (member === null) delete result[name]
    else result[name] = patched(result[name] ?? null, member)
  }
  return result
}

/** The patch that does what `first` and then `second` do, if there is one. */
function composed(first: Json, second: Json): Json | undefined {
  if (!isObject(second)) return second
  if (!isObject(first)) return undefined
  const result: JsonObject = Object.assign(Object.create(null), first)
  for (const [name, member] of Object.entries(second)) {
    const before = first[name]
    const both = before === undefined ? member : composed(before, member)
    if (both === undefined) return undefined
    result[name] = both
  }
  return result
}

function parse(bytes: Uint8Array): Json {
  return JSON.parse(decodeUtf8(bytes), (_name, value) =>
    isObject(value) ? Object.assign(Object.create(null), value) : value,
  )
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
