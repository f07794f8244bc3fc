import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { absent, mutantNamed, mutants } from './list.ts'
import { type Mutant, mutate, mutatedSource, root, StaleMutantError } from './mutant.ts'
import { type KillerRun, nodeArguments, runKiller } from './run-killer.ts'
import { Judge, rotation } from './verdict.ts'

const directory = mkdtempSync(join(tmpdir(), 'varve-mutants-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const some = mutantNamed('M6b')

test('what each mutant replaces stands exactly once in its file, and what it makes of it is TypeScript', () => {
  for (const mutant of mutants) {
    assert.notEqual(mutant.find, mutant.replace, mutant.id)
    assert.doesNotThrow(() => stripTypeScriptTypes(mutatedSource(mutant)), mutant.id)
  }
})

test('each mutant has a name of its own, and a killer that exists', () => {
  const ids = mutants.map(({ id }) => id)
  assert.deepEqual(ids, [...new Set(ids)])
  for (const { id, killers } of mutants) {
    assert.ok(killers.length > 0, id)
    for (const killer of killers) assert.ok(existsSync(join(root, killer.split(' ')[0])), `${id}: ${killer}`)
  }
})

test('each of the 53 classes has a mutant or a reason why it has none', () => {
  const spoken = new Set([...mutants, ...absent].map(({ id }) => id.replace(/[a-z]$/, '')))
  assert.deepEqual(
    Array.from({ length: 53 }, (_, i) => `M${i + 1}`).filter(id => !spoken.has(id)),
    [],
  )
})

test('text that is not there, or is there twice, makes a mutant stale', () => {
  const mutant = { ...some, find: 'one', replace: 'two' }
  assert.equal(mutate(mutant, 'zero one three'), 'zero two three')
  assert.throws(() => mutate(mutant, 'zero three'), StaleMutantError)
  assert.throws(() => mutate(mutant, 'one one'), /stands 2 times/)
})

/** Runs a program with a mutant, as a killer is run. */
function run(program: string, id: string) {
  const path = join(directory, 'program.mjs')
  const loaded = join(directory, 'loaded')
  rmSync(loaded, { force: true })
  writeFileSync(path, program)
  const hook = new URL('./load.ts', import.meta.url).href
  const env = {
    ...process.env,
    NODE_OPTIONS: `--import=${hook}`,
    VARVE_MUTANT: id,
    VARVE_MUTANT_LOADED: loaded,
  }
  const { status, stderr } = spawnSync(process.execPath, [path], { env, encoding: 'utf8' })
  const loads = existsSync(loaded) ? readFileSync(loaded, 'utf8').trim().split('\n') : []
  return { status, stderr, loads }
}

test('a mutant reaches the threads in which the engine runs its jobs', () => {
  const program = `
    const { open } = await import(${JSON.stringify(pathToFileURL(join(root, 'packages/engine/index.ts')).href)})
    const db = await open(${JSON.stringify(join(directory, 'db'))})
    await db.put('a', '1')
    await db.flush()
    await db.close()`
  const { status, stderr, loads } = run(program, some.id)
  assert.equal(status, 0, stderr)
  assert.ok(
    loads.some(line => /^M6b thread [1-9]/.test(line)),
    loads.join(),
  )
})

test('a program that does not load the file is not mutated, and an unknown mutant stops it', () => {
  assert.deepEqual(run('process.exitCode = 0', some.id), { status: 0, stderr: '', loads: [] })
  const unknown = run('process.exitCode = 0', 'M999')
  assert.notEqual(unknown.status, 0)
  assert.match(unknown.stderr, /there is no mutant M999/)
})

const run0: KillerRun = { outcome: 'passed', seconds: 0, loads: 0, complaint: '' }

/** The fate of a mutant whose killers end so, without it and with it. */
async function fateOf(without: Partial<KillerRun>, withMutant: Partial<KillerRun>, mutant: Mutant = some) {
  const judge = new Judge(async (_killer, mutated) => ({
    ...run0,
    ...(mutated === undefined ? without : withMutant),
  }))
  return (await judge.judge(mutant)).fate
}

test('only a killer that fails with the mutant, passes without it and has loaded it has killed it', async () => {
  assert.equal(await fateOf({}, { outcome: 'failed', loads: 1 }), 'killed')
  assert.equal(await fateOf({}, { outcome: 'passed', loads: 1 }), 'survived')
  assert.equal(await fateOf({}, { outcome: 'failed', loads: 0 }), 'not reached')
  assert.equal(await fateOf({ outcome: 'failed' }, { outcome: 'failed', loads: 1 }), 'killer is broken')
  assert.equal(await fateOf({}, {}, { ...some, find: 'no such text' }), 'stale')
})

test('a killer that does not end kills only what makes things stand still', async () => {
  const timeout = { outcome: 'timeout', loads: 1 } as const
  assert.equal(await fateOf({}, timeout), 'survived')
  assert.equal(await fateOf({}, timeout, { ...some, hangs: true }), 'killed')
})

test('the next killer is asked when one does not notice, and each is tried without a mutant once', async () => {
  const asked: string[] = []
  const judge = new Judge(async (killer, mutated) => {
    asked.push(`${killer} ${mutated?.id ?? '-'}`)
    const fails = killer === 'second' && mutated !== undefined
    return { ...run0, loads: 1, outcome: fails ? 'failed' : 'passed' }
  })
  const mutant = { ...some, killers: ['first', 'second'] }
  for (let i = 0; i < 2; i++) assert.equal((await judge.judge(mutant)).killer, 'second')
  assert.deepEqual(asked.filter(line => line.endsWith('-')).sort(), ['first -', 'second -'])
})

test('what is run is a process of its own, which ends in time', async () => {
  const path = join(directory, 'killer.mjs')
  writeFileSync(path, `setTimeout(() => process.exit(3), process.argv[2] === 'long' ? 60000 : 0)`)
  assert.equal((await runKiller(path)).outcome, 'failed')
  assert.equal((await runKiller(`${path} long`, undefined, 300)).outcome, 'timeout')
})

test('options of the test runner go before the file, all others behind it', () => {
  assert.deepEqual(nodeArguments('a.ts crash --stop'), ['a.ts', 'crash', '--stop'])
  assert.deepEqual(nodeArguments('a.test.ts --test-name-pattern=x'), ['--test-name-pattern=x', 'a.test.ts'])
})

test('from seed to seed every mutant has its turn', () => {
  const turns = Math.ceil(mutants.length / 20)
  const seen = new Set<Mutant>()
  for (let seed = 20_000; seed < 20_000 + turns; seed++) {
    const chosen = rotation(mutants, 20, seed)
    assert.equal(new Set(chosen).size, 20)
    for (const mutant of chosen) seen.add(mutant)
  }
  assert.equal(seen.size, mutants.length)
})
