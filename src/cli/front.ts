// One way to put a command of the grammar on the command line: its words, its arguments, and how its result reads.
// What it does, and the sentence that says so, are those of src/admin.
import type { Command } from 'commander';
import {
  COMMANDS,
  type CommandArgs,
  type CommandName,
  type CommandResult,
} from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
import { OperatorError } from '../util/errors.ts';
import type { Admin, CliSession } from './session.ts';
import type { Terminal } from './terminal.ts';

/** What was written behind the words of a command. */
export interface Given {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Front<R> {
  /** As commander takes it: `<address> [resource]`. */
  readonly usage?: string;
  /** Flags and what they mean. */
  readonly options?: readonly (readonly [flags: string, about: string])[];
  /** Runs it. @returns the result for programs; `undefined` where it has written its result itself */
  run(call: Admin['call'], given: Given, settings: Settings): Promise<R>;
  /** The result for people. */
  text(result: R, terminal: Terminal, given: Given): string;
}

/** Descriptions of the groups of commands. */
const NOUNS: Readonly<Record<string, string>> = {
  user: 'accounts',
  session: 'who is on line',
  admin: 'who may administer the server from a client',
  device: 'devices that log in to an account',
  host: 'the domains served, and other servers',
  roster: 'the contacts of an account',
  offline: 'messages that wait for an account',
  archive: 'the message archive of an account',
  motd: 'the message of the day',
  welcome: 'the message that new accounts get',
  module: 'the modules of the server',
};

/** The group of commands of a noun, made where it is not there yet. */
export function nounOf(program: Command, noun: string): Command {
  return (
    program.commands.find((each) => each.name() === noun) ??
    program.command(noun).description(NOUNS[noun] ?? noun)
  );
}

/** @param words `user disable`; those of a command of the grammar, whose description it then has */
export function addFront<R>(
  program: Command,
  session: CliSession,
  words: CommandName,
  front: Front<R>,
): void {
  const [first = '', second] = words.split(' ');
  const parent = second === undefined ? program : nounOf(program, first);
  const { describe } = COMMANDS[words];
  const command = parent
    .command(second ?? first)
    .description(describe.charAt(0).toLowerCase() + describe.slice(1).replace(/\.$/, ''));
  if (front.usage !== undefined) command.arguments(front.usage);
  for (const [flags, about] of front.options ?? []) command.option(flags, about);
  command.action((...all: unknown[]) =>
    session.withAccounts(async (admin, settings) => {
      const options = all.at(-2) as Given['options'];
      const args = all.slice(0, -2).filter((arg) => arg !== undefined) as (string | string[])[];
      const given: Given = { args: args.flat(), options };
      const result = await front.run((name, asked) => admin.call(name, asked), given, settings);
      if (result === undefined) return;
      session.terminal.result(result, front.text(result, session.terminal, given));
    }),
  );
}

/** For a command that is asked once. @param front with its arguments by name */
export function addAsked<N extends CommandName>(
  program: Command,
  session: CliSession,
  words: N,
  front: Omit<Front<CommandResult<N>>, 'run'> & { readonly args?: (given: Given) => CommandArgs },
): void {
  const { args, ...rest } = front;
  addFront(program, session, words, {
    ...rest,
    run: (call, given) => call(words, args?.(given) ?? {}),
  });
}

/** The text of an option. */
export function textOption({ options }: Given, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Lines of a table with columns as wide as need be. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The hosts that a command is about: the one named, else all. */
export function hostsOf(given: Given, settings: Settings): readonly string[] {
  const named = textOption(given, 'host');
  return named === undefined ? settings.hosts.map(({ domain }) => domain) : [named];
}

/** @throws OperatorError `command-arguments` */
export function wrong(message: string, hint: string): OperatorError {
  return new OperatorError('command-arguments', message, hint);
}
