// Every administrative command by name, and the one way to run it.
import { OperatorError } from '../util/errors.ts';
import { checkArguments } from './arguments.ts';
import * as data from './account-data-commands.ts';
import { requireServer, type AdminCommand, type AdminContext } from './command.ts';
import { configDiff, logLevel, reload } from './config-commands.ts';
import * as devices from './device-commands.ts';
import * as lists from './list-commands.ts';
import * as modules from './module-commands.ts';
import * as notices from './notice-commands.ts';
import { restart, sessionCount, status, stop } from './server-commands.ts';
import * as sessions from './session-commands.ts';
import * as users from './user-commands.ts';

export const COMMANDS = {
  status,
  stop,
  restart,
  reload,
  'config diff': configDiff,
  'log level': logLevel,
  'user add': users.userAdd,
  'user passwd': users.userPasswd,
  'user del': users.userDel,
  'user list': users.userList,
  'user disable': users.userDisable,
  'user enable': users.userEnable,
  'user info': users.userInfo,
  'user count': users.userCount,
  'session count': sessionCount,
  'session list': sessions.sessionList,
  'session kick': sessions.sessionKick,
  'session tally': sessions.sessionTally,
  'session users': sessions.sessionUsers,
  'device list': devices.deviceList,
  'device revoke': devices.deviceRevoke,
  'admin list': lists.adminList,
  'admin add': lists.adminAdd,
  'admin remove': lists.adminRemove,
  'host list': lists.hostList,
  'host block': lists.hostBlock,
  'host unblock': lists.hostUnblock,
  'host allow': lists.hostAllow,
  'host disallow': lists.hostDisallow,
  'roster show': data.rosterShow,
  'roster add': data.rosterAdd,
  'roster remove': data.rosterRemove,
  'offline count': data.offlineCount,
  'offline purge': data.offlinePurge,
  'archive count': data.archiveCount,
  'archive purge': data.archivePurge,
  announce: notices.announce,
  'motd set': notices.motdSet,
  'motd show': notices.motdShow,
  'motd delete': notices.motdDelete,
  'welcome set': notices.welcomeSet,
  'welcome show': notices.welcomeShow,
  'welcome delete': notices.welcomeDelete,
  'module list': modules.moduleList,
  'module start': modules.moduleStart,
  'module stop': modules.moduleStop,
  hooks: modules.hooks,
  xeps: modules.xeps,
  'trace start': modules.traceStart,
  'trace read': modules.traceRead,
  'trace stop': modules.traceStop,
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
