// Every administrative command by name, and the one way to run it.
import { OperatorError } from '../util/errors.ts';
import { checkArguments } from './arguments.ts';
import { requireServer, type AdminCommand, type AdminContext } from './command.ts';
import { configDiff, logLevel, reload } from './config-commands.ts';
import { sessionCount, status, stop } from './server-commands.ts';
import { userAdd, userDel, userList, userPasswd } from './user-commands.ts';

export const COMMANDS = {
  status,
  stop,
  reload,
  'config diff': configDiff,
  'log level': logLevel,
  'session count': sessionCount,
  'user add': userAdd,
  'user passwd': userPasswd,
  'user del': userDel,
  'user list': userList,
} as const;

export type CommandName = keyof typeof COMMANDS;

/** What a caller writes: addresses as plain strings, for instance. */
export type CommandArgs = Readonly<Record<string, unknown>>;

export type CommandResult<N extends CommandName> = Awaited<ReturnType<(typeof COMMANDS)[N]['run']>>;

/**
 * Checks the arguments and runs a command.
 * @throws OperatorError `command-unknown`, `command-arguments`, and what the command says
 */
export async function runCommand(
  context: AdminContext,
  name: string,
  args: unknown,
): Promise<unknown> {
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new OperatorError(
      'command-unknown',
      `there is no command ${JSON.stringify(name.slice(0, 60))}`,
      `Commands: ${Object.keys(COMMANDS).join(', ')}. The server may be of another version than the caller.`,
    );
  }
  const chosen = COMMANDS[name as CommandName] as AdminCommand<object, unknown>;
  if (!chosen.offline) requireServer(context);
  const given = checkArguments(chosen.args, args);
  if ('checked' in given) return chosen.run(context, given.checked);
  throw new OperatorError(
    'command-arguments',
    given.wrong.join('; '),
    `Run \`xmppd ${name} --help\` for how to write it.`,
  );
}
