/** `varve completion`: a script that lets a shell complete commands and options. */
import { Argument, type Command } from 'commander'
import { withExample } from '../command-line.ts'
import { bashScript } from '../completion/bash.ts'
import { commandShapes } from '../completion/command-tree.ts'
import { fishScript } from '../completion/fish.ts'
import { zshScript } from '../completion/zsh.ts'
import { Output } from '../output.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

type Shell = keyof typeof scripts

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .description('Prints a completion script for a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .action((shell: Shell) => {
      const output = new Output()
      output.text(scripts[shell](commandShapes(program)))
      output.flush()
    })
  withExample(command, 'source <(varve completion bash)', 'varve completion fish | source')
}
