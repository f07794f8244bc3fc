import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InlinePace } from './inline-pace.ts'

/** A world in which a call takes `callMs` and the event loop turns when `turn` says so. */
function makeWorld() {
  let turned = Promise.withResolvers<void>()
  const turn = async () => {
    turned.resolve()
    turned = Promise.withResolvers<void>()
  }
  const world = { time: 0, callMs: 0.002, calls: 0, turn }
  const clock = { now: () => world.time, monotonic: () => world.time }
  const pace = new InlinePace({ clock, nextTurn: () => turned.promise })
  const attempt = () =>
    pace.attempt(() => {
      world.time += world.callMs
      world.calls++
    })
  return { world, attempt }
}

test('quick calls are made at once, for as long as they are quick', async () => {
  const { world, attempt } = makeWorld()
  for (let i = 0; i < 1000; i++) {
    assert.equal(attempt(), true)
    if (i % 100 === 0) await world.turn()
  }
  assert.equal(world.calls, 1000)
})

test('one slow call among many quick ones is taken for an accident', async () => {
  const { world, attempt } = makeWorld()
  for (let i = 0; i < 1000; i++) {
    world.callMs = i % 100 === 50 ? 5 : 0.002
    assert.equal(attempt(), true)
    await world.turn()
  }
})

test('a slow disk is waited for a small part of the time', async () => {
  for (const callMs of [0.3, 4, 20]) {
    const { world, attempt } = makeWorld()
    world.callMs = callMs
    while (world.time < 100_000) {
      if (!attempt()) world.time += 1
      await world.turn()
    }
    assert.ok(world.calls * callMs < 4000, `${world.calls} calls of ${callMs} ms in 100 s`)
    assert.ok(world.calls > 10, 'it is tried again now and then')
  }
})

test('the event loop gets its turn after two milliseconds, however quick the calls are', async () => {
  const { world, attempt } = makeWorld()
  world.callMs = 0.1
  for (let turn = 0; turn < 5; turn++) {
    let calls = 0
    while (attempt()) calls++
    assert.ok(calls >= 20 && calls <= 22, `${calls} calls`)
    await world.turn()
  }
})

test('what a call throws is thrown', () => {
  const { world } = makeWorld()
  const clock = { now: () => world.time, monotonic: () => world.time }
  const pace = new InlinePace({ clock, nextTurn: async () => {} })
  assert.throws(() => pace.attempt(() => assert.fail('no disk')), /no disk/)
  assert.equal(
    pace.attempt(() => undefined),
    true,
  )
})
