/** Completion for zsh. */
import type { CommandShape, OptionShape } from './command-tree.ts'

export function zshScript(commands: readonly CommandShape[]): string {
  return `#compdef varve
# Completion of varve for zsh. Use it: source <(varve completion zsh), or store it as _varve in a folder of $fpath.
_varve() {
  local context state line
  _arguments -C '1: :->command' '*:: :->arguments'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quote(`${name}:${summary}`)}`).join('\n')}
      )
      _describe command commands ;;
    arguments)
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _varve ]; then _varve "$@"; else compdef _varve varve; fi
`
}

function commandCase({ name, options, choices }: CommandShape): string {
  const others = choices.length === 0 ? `'*:file:_files'` : quote(`1:choice:(${choices.join(' ')})`)
  return `        ${name}) _arguments ${options.map(optionSpec).join(' ')} ${others} ;;`
}

function optionSpec({ long, summary, takesValue, choices }: OptionShape): string {
  const value = choices.length === 0 ? ':value:_files' : `:value:(${choices.join(' ')})`
  return quote(`${long}[${summary.replace(/[[\]:]/g, ' ')}]${takesValue ? value : ''}`)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
