/** Completion for bash. */
import type { CommandShape } from './command-tree.ts'

export function bashScript(commands: readonly CommandShape[]): string {
  return `# Completion of varve for bash. Use it: source <(varve completion bash)
_varve() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} help --help --version" -- "$current"))
    return
  fi
  case "$command $before" in
${valueCases(commands)}
  esac
  case "$command" in
${commands.map(optionCase).join('\n')}
  esac
}
complete -o filenames -o bashdefault -F _varve varve
`
}

/** Behind an option with a value: its choices, or nothing but the shell's own file names. */
function valueCases(commands: readonly CommandShape[]): string {
  return commands
    .flatMap(({ name, options }) =>
      options.flatMap(({ long, takesValue, choices }) => {
        if (!takesValue) return []
        const words = choices.length === 0 ? 'compgen -f' : `compgen -W "${choices.join(' ')}"`
        return [`    "${name} ${long}") COMPREPLY=($(${words} -- "$current")); return ;;`]
      }),
    )
    .join('\n')
}

function optionCase({ name, options, choices }: CommandShape): string {
  const words = options.flatMap(({ short, long }) => [short, long]).filter(Boolean)
  const others = choices.length === 0 ? 'compgen -f' : `compgen -W "${choices.join(' ')}"`
  return `    ${name})
      if [[ "$current" == -* ]]; then COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current"))
      else COMPREPLY=($(${others} -- "$current")); fi ;;`
}
