/** What people see before they know anything. Read off the program itself; only completion needs a process. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { createProgram } from '../program.ts'
import { finished, runVarve, startVarve, varve } from './run-varve.ts'

it('has every command of the contract, each with help and an example', () => {
  const { commands } = createProgram()
  const names = commands.map(command => command.name())
  for (const name of 'serve get put delete delete-range merge scan load dump stats compact verify sst wal manifest shell completion'.split(
    ' ',
  )) {
    assert.ok(names.includes(name), name)
  }
  for (const command of commands) {
    let help = ''
    command.configureOutput({ writeOut: text => (help += text) }).outputHelp()
    assert.match(help, /Examples:\n( {2}\$ .*\n)* {2}\$ .*(varve|curl|source)/, command.name())
    assert.ok(help.includes(`varve ${command.name()}`), command.name())
    for (const line of help.split('\n')) assert.ok(line.length <= 120, line)
  }
})

it('prints help on request to standard output, and without a command to standard error', async () => {
  assert.match(await varve(['--help']), /^Usage: varve/)
  assert.match(await varve(['scan', '--help']), /^Usage: varve scan/)
  assert.match(await varve(['--version']), /^\d+\.\d+\.\d+\n$/)
  const bare = await runVarve([])
  assert.deepEqual([bare.code, bare.stdout], [2, ''])
  assert.match(bare.stderr, /^Usage: varve/)
  const typo = await runVarve(['scna', 'db'])
  assert.equal(typo.code, 2)
  assert.match(typo.stderr, /Did you mean scan\?/)
})

it('says nothing when nobody reads its help', async t => {
  const child = startVarve(t, '--help')
  child.stdout.destroy()
  const { code, stderr } = await finished(child)
  assert.deepEqual([code, stderr], [0, ''])
})

it('completes commands, options and choices in bash', async () => {
  const script = await varve(['completion', 'bash'])
  const complete = async (...words: string[]): Promise<string[]> => {
    const quoted = words.map(word => `'${word}'`).join(' ')
    const probe = `${script}\nCOMP_WORDS=(varve ${quoted}); COMP_CWORD=${words.length}; _varve; echo "\${COMPREPLY[@]}"`
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', probe])
    return stdout.trim().split(' ').filter(Boolean)
  }
  assert.deepEqual(await complete('sc'), ['scan'])
  assert.deepEqual(await complete('scan', 'db', '--re'), ['--reverse'])
  assert.deepEqual(await complete('load', 'db', '--format', ''), ['tsv', 'ndjson'])
  assert.deepEqual(await complete('completion', 'z'), ['zsh'])
  for (const shell of ['zsh', 'fish']) assert.match(await varve(['completion', shell]), /keys-only/)
})
