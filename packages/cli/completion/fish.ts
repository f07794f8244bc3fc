/** Completion for fish. */
import type { CommandShape, OptionShape } from './command-tree.ts'

export function fishScript(commands: readonly CommandShape[]): string {
  const lines = ['# Completion of varve for fish. Use it: varve completion fish | source']
  for (const { name, summary } of commands) {
    lines.push(`complete -c varve -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`)
  }
  for (const { name, options, choices } of commands) {
    const inCommand = `complete -c varve -n '__fish_seen_subcommand_from ${name}'`
    if (choices.length > 0) lines.push(`${inCommand} -f -a ${quote(choices.join(' '))}`)
    for (const option of options) lines.push(`${inCommand} ${optionSpec(option)}`)
  }
  return `${lines.join('\n')}\n`
}

function optionSpec({ short, long, summary, takesValue, choices }: OptionShape): string {
  const parts = [`-l ${long.slice(2)}`, `-d ${quote(summary)}`]
  if (short !== '') parts.unshift(`-s ${short.slice(1)}`)
  if (takesValue) parts.push(choices.length === 0 ? '-r' : `-x -a ${quote(choices.join(' '))}`)
  return parts.join(' ')
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
