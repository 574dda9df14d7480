// The command line as a tree of commands.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf } from '../admin/index.ts';
import type { Timers } from '../util/clock.ts';
import { addCheckCompliance } from './check-compliance.ts';
import { addArchives, addOffline, addRosters } from './account-data.ts';
import { addCompletion } from './completion.ts';
import { addConfigCheck } from './config-check.ts';
import { addConfigDiff } from './config-diff.ts';
import { addConfigSchema } from './config-schema.ts';
import { addConfigShow } from './config-show.ts';
import { addDbBackup } from './db-backup.ts';
import { addDbCheck } from './db-check.ts';
import { addDbMigrate } from './db-migrate.ts';
import { addDevices } from './devices.ts';
import { addLogLevel } from './log-level.ts';
import { addModules } from './modules.ts';
import { addHosts, addNotices } from './notices.ts';
import { addReload } from './reload.ts';
import type { CliParts } from './parts.ts';
import { CliSession, type GlobalOptions } from './session.ts';
import { addStart } from './start.ts';
import { addStatus } from './status.ts';
import { addStop } from './stop.ts';
import { Terminal, type TerminalStreams } from './terminal.ts';
import { addUserAdd } from './user-add.ts';
import { addUserDel } from './user-del.ts';
import { addUserList } from './user-list.ts';
import { addUserPasswd } from './user-passwd.ts';
import { addTrace } from './trace.ts';
import { addAdmins, addSessions, addUsers } from './users.ts';

/**
 * Runs one command line.
 * @param args without the names of node and script
 * @returns the exit code; undefined when the command ended well or keeps the process running
 */
export async function runCli(
  args: readonly string[],
  parts: CliParts,
  streams: TerminalStreams,
  timers: Timers,
): Promise<number | undefined> {
  const terminal = new Terminal(streams);
  try {
    await buildProgram(terminal, parts, timers).parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : EXIT.usage;
    terminal.error(error);
    return exitCodeOf(error);
  }
}

function buildProgram(terminal: Terminal, parts: CliParts, timers: Timers): Command {
  const program = new Command('xmppd');
  const session = new CliSession(terminal, parts, timers, () => program.opts<GlobalOptions>());
  program
    .description('An XMPP messaging server.')
    .version(readVersion())
    .option(
      '-c, --config <file>',
      'the configuration; else $XMPPD_CONFIG, ./xmppd.yml, /etc/xmppd/xmppd.yml',
    )
    .option('--json', 'results and errors as JSON')
    .configureOutput({
      writeOut: (text) => void terminal.streams.output.write(text),
      writeErr: (text) => void terminal.streams.errors.write(text),
    })
    .exitOverride()
    .hook('preAction', () => {
      terminal.json = program.opts<GlobalOptions>().json ?? false;
    });
  addStart(program, session);
  addStop(program, session);
  addReload(program, session);
  addStatus(program, session);
  const user = program.command('user').description('accounts');
  addUserAdd(user, session);
  addUserPasswd(user, session);
  addUserDel(user, session);
  addUserList(user, session);
  addUsers(program, session);
  addAdmins(program, session);
  addSessions(program, session);
  addDevices(program, session);
  addHosts(program, session);
  addNotices(program, session);
  addRosters(program, session);
  addOffline(program, session);
  addArchives(program, session);
  addModules(program, session);
  addTrace(program, session);
  const config = program.command('config').description('the configuration file');
  addConfigCheck(config, session);
  addConfigShow(config, session);
  addConfigDiff(config, session);
  addConfigSchema(config, session);
  addLogLevel(program.command('log').description('what the server writes'), session);
  const db = program.command('db').description('the embedded database');
  addDbCheck(db, session);
  addDbBackup(db, session);
  const check = program.command('check').description('the running server, as clients see it');
  addCheckCompliance(check, session);
  addDbMigrate(db, session);
  addCompletion(program, session);
  return program;
}

/** The version of the package this file is part of. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
