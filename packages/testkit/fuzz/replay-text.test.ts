import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.ts'
import { fromReplayText, toReplayText } from './replay-text.ts'

test('an input of any size comes back from a text that fits into a command', () => {
  const random = new Random(1)
  const inputs = [
    new Uint8Array(0),
    random.bytes(2048),
    new Uint8Array(1024 * 1024).fill(7),
    random.bytes(1024 * 1024),
  ]
  const forms = inputs.map(toReplayText)
  assert.deepEqual(
    forms.map(form => /^(z:|@)/.exec(form)?.[0]),
    [undefined, undefined, 'z:', '@'],
  )
  for (const [index, form] of forms.entries()) {
    assert.ok(form.length < 128 * 1024)
    assert.deepEqual(new Uint8Array(fromReplayText(form)), inputs[index])
  }
})
