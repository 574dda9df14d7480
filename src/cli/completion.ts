// xmppd completion: scripts for shells, written from the tree of commands.
import type { Command } from 'commander';
import type { CliSession } from './session.ts';
import { wrong } from './front.ts';

/** What may follow a path of words: `user` → add, del, …; `user add` → options. */
type Words = readonly (readonly [path: string, words: readonly string[]])[];

const SHELLS: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish };

export function addCompletion(program: Command, session: CliSession): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument('<shell>', Object.keys(SHELLS).join(', '))
    .action((shell: string) => {
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (script === undefined) {
        throw wrong(`no completion for ${shell}`, `Shells: ${Object.keys(SHELLS).join(', ')}.`);
      }
      const text = script(wordsOf(program, '')).trimEnd();
      session.terminal.result({ shell, script: text }, text);
    });
}

function wordsOf(command: Command, path: string): Words {
  const below = command.commands.map((each) => each.name());
  const options = command.options.flatMap(({ long }) => (typeof long !== 'string' ? [] : [long]));
  return [
    [path, [...below, ...options]],
    ...command.commands.flatMap((each) => wordsOf(each, `${path} ${each.name()}`.trim())),
  ];
}

/** Words before the cursor that are no options, as far as they name commands. */
const PATH = [
  '  local path="" skip="" word',
  '  for word in "${before[@]}"; do',
  '    if [ -n "$skip" ]; then skip=""; continue; fi',
  '    case "$word" in',
  '      -c|--config) skip=1 ;;',
  '      -*) ;;',
  '      *) path="${path:+$path }$word" ;;',
  '    esac',
  '  done',
];

function cases(words: Words, answer: (list: string) => string): string[] {
  return words.map(([path, list]) => `    "${path}") ${answer(list.join(' '))} ;;`);
}

function bash(words: Words): string {
  return [
    '# bash completion for xmppd: source <(xmppd completion bash)',
    '_xmppd() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}"',
    '  local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")',
    ...PATH,
    '  COMPREPLY=()',
    '  case "$path" in',
    ...cases(words, (list) => `COMPREPLY=($(compgen -W "${list}" -- "$cur"))`),
    '  esac',
    '}',
    'complete -o default -F _xmppd xmppd',
  ].join('\n');
}

function zsh(words: Words): string {
  return [
    '#compdef xmppd',
    '# zsh completion for xmppd: source <(xmppd completion zsh)',
    '_xmppd() {',
    '  local -a before',
    '  before=("${(@)words[2,CURRENT-1]}")',
    ...PATH,
    '  case "$path" in',
    ...cases(words, (list) => `compadd -- ${list}`),
    '    *) _files ;;',
    '  esac',
    '}',
    'compdef _xmppd xmppd',
  ].join('\n');
}

function fish(words: Words): string {
  const lines = words.flatMap(([path, list]) =>
    list.map((word) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c xmppd -f -n '__xmppd_at "${path}"' ${what}`;
    }),
  );
  return [
    '# fish completion for xmppd: xmppd completion fish | source',
    'function __xmppd_at',
    '  set -l path',
    '  set -l skip',
    '  for word in (commandline -opc)[2..]',
    '    if test -n "$skip"; set skip; continue; end',
    '    switch $word',
    '      case -c --config; set skip 1',
    "      case '-*'",
    "      case '*'; set path $path $word",
    '    end',
    '  end',
    '  test "$path" = "$argv[1]"',
    'end',
    ...lines,
  ].join('\n');
}
