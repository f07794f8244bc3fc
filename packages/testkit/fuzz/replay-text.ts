/**
 * An input as an argument of a command: hex while it is short, else `z:` and base64 of it deflated, else `@` and the
 * name of a file that is written for it.
 *
 * Linux takes no argument of 128 KiB or more, and an input may have 1 MiB.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

const MAX_HEX_LENGTH = 4096
const MAX_ARGUMENT_LENGTH = 100_000

export function toReplayText(input: Uint8Array): string {
  const hex = Buffer.from(input).toString('hex')
  if (hex.length <= MAX_HEX_LENGTH) return hex
  const deflated = `z:${deflateRawSync(input, { level: 9 }).toString('base64url')}`
  if (deflated.length <= MAX_ARGUMENT_LENGTH) return deflated
  const path = join(mkdtempSync(join(tmpdir(), 'varve-fuzz-')), 'input')
  writeFileSync(path, input)
  return `@${path}`
}

export function fromReplayText(text: string): Uint8Array {
  if (text.startsWith('@')) return readFileSync(text.slice(1))
  if (text.startsWith('z:')) return inflateRawSync(Buffer.from(text.slice(2), 'base64url'))
  return Buffer.from(text, 'hex')
}
