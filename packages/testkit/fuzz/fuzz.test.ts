import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Random } from '../random.ts'
import { judge } from './judge.ts'
import { MAX_INPUT, mutate } from './mutator.ts'
import { toReplayText } from './replay-text.ts'
import { fuzzTargets } from './targets.ts'

const targets = fuzzTargets()
const regressions = new URL('./regressions/', import.meta.url)

/** Named <target>.<what it was>.hex, or .filled.hex for what is to be repeated as often as the largest input has room. */
for (const name of readdirSync(regressions).filter(file => file.endsWith('.hex'))) {
  test(`an input that once failed stays harmless: ${name}`, () => {
    const target = targets.find(candidate => candidate.name === name.split('.')[0])
    assert.ok(target, `there is no target for ${name}`)
    const bytes = Buffer.from(readFileSync(new URL(name, regressions), 'utf8').trim(), 'hex')
    const times = name.endsWith('.filled.hex') ? Math.floor(MAX_INPUT / bytes.length) : 1
    const input = Buffer.alloc(times * bytes.length, bytes)
    assert.equal(judge(target, input).failure, undefined)
  })
}

for (const target of targets) {
  test(`the decoder "${target.name}" answers any bytes with a value or a typed error`, () => {
    assert.ok(target.corpus.length > 0, 'it has nothing to start from')
    const random = new Random(7)
    for (const input of target.corpus) assert.equal(judge(target, input).failure, undefined)
    for (let i = 0; i < 150; i++) {
      const input = mutate(random.pick(target.corpus), target.corpus, random)
      if (i % 4 !== 0) target.repair?.(input)
      const { failure } = judge(target, input)
      assert.equal(failure, undefined, `${failure} --target ${target.name} --replay ${toReplayText(input)}`)
    }
  })
}

test('mutation leaves what it starts from as it was', () => {
  const random = new Random(3)
  const original = Buffer.from('a corpus of Buffers, whose slice shares its bytes')
  for (let i = 0; i < 1000; i++) mutate(original, [original], random)
  assert.equal(String(original), 'a corpus of Buffers, whose slice shares its bytes')
})
