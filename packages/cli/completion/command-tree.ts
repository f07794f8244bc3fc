/** What the completion scripts need of the command line, read off the program itself so that it is never stale. */
import type { Command, Option } from 'commander'

export interface CommandShape {
  name: string
  summary: string
  options: OptionShape[]
  /** Words that the first argument can be; empty for paths and keys. */
  choices: readonly string[]
}

export interface OptionShape {
  /** `-o`, without a short form empty. */
  short: string
  long: string
  summary: string
  takesValue: boolean
  choices: readonly string[]
}

export function commandShapes(program: Command): CommandShape[] {
  return program.commands.map(command => ({
    name: command.name(),
    summary: command.summary(),
    options: [...command.options.map(optionShape), helpOption],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }))
}

const helpOption: OptionShape = {
  short: '-h',
  long: '--help',
  summary: 'help for this command',
  takesValue: false,
  choices: [],
}

function optionShape(option: Option): OptionShape {
  return {
    short: option.short ?? '',
    long: option.long ?? '',
    summary: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  }
}
