import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { damage } from '../damage/damage.ts'

const whole = { LOCK: Buffer.from('a lock'), a: Buffer.alloc(300, 7), b: Buffer.alloc(500, 9) }

test('a damage is one bit or the end of one file that holds data, and the same each time', t => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-damage-test-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const damaged = (number: number): Record<string, Buffer> => {
    for (const [name, bytes] of Object.entries(whole)) writeFileSync(join(directory, name), bytes)
    damage(directory, 1, number)
    return Object.fromEntries(Object.keys(whole).map(name => [name, readFileSync(join(directory, name))]))
  }
  for (let number = 0; number < 50; number++) {
    const files = damaged(number)
    assert.deepEqual(damaged(number), files)
    const changed = Object.entries(whole).filter(([name, bytes]) => !bytes.equals(files[name]))
    assert.equal(changed.length, 1)
    const [[name, before]] = changed
    assert.notEqual(name, 'LOCK')
    const after = files[name]
    const bits = [...after].map((byte, i) => byte ^ before[i]).filter(difference => difference !== 0)
    if (after.length < before.length) assert.deepEqual(bits, [])
    else assert.ok(bits.length === 1 && Number.isInteger(Math.log2(bits[0])))
  }
})
