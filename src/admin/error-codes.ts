// Every error an operator can meet: its exit code, what it means, what to do. docs/reference/errors.md is this table.
import { OperatorError } from '../util/errors.ts';

/** Exit codes of sysexits.h, as far as they are used. */
export const EXIT = {
  other: 1,
  usage: 64,
  unavailable: 69,
  temporary: 75,
  denied: 77,
  config: 78,
} as const;

export interface ErrorCode {
  readonly exit: number;
  readonly meaning: string;
  readonly fix: string;
}

const code = (exit: number, meaning: string, fix: string): ErrorCode => ({ exit, meaning, fix });

export const ERROR_CODES: Readonly<Record<string, ErrorCode>> = {
  'config-invalid': code(
    EXIT.config,
    'The configuration file has mistakes; each is named with line and column.',
    'Correct them; `xmppd config check` tells when it is right.',
  ),
  'config-unreadable': code(
    EXIT.config,
    'The configuration file is missing or may not be read.',
    'Name another with --config, or give the user of the server the right to read it.',
  ),
  'account-exists': code(
    EXIT.other,
    'There is an account of this address already.',
    'Choose another address, or set its password with `xmppd user passwd`.',
  ),
  'account-missing': code(
    EXIT.other,
    'There is no account of this address.',
    'Look at `xmppd user list DOMAIN`, or make it with `xmppd user add`.',
  ),
  'device-missing': code(
    EXIT.other,
    'The account has no device of that id.',
    'Look at `xmppd device list`; ids are UUIDs that clients make.',
  ),
  'account-unread': code(
    EXIT.temporary,
    'An account cannot be read now.',
    'The database is busy or failing: look at the log and try again.',
  ),
  'admin-configured': code(
    EXIT.other,
    'The configuration names this administrator, so a command cannot remove it.',
    'Take it out of `admins` in the configuration.',
  ),
  'admin-missing': code(
    EXIT.other,
    'The address is that of no administrator.',
    'Look at `xmppd admin list`.',
  ),
  'host-own': code(
    EXIT.other,
    'A domain of this server cannot be blocked or allowed: those lists are about other servers.',
    'Disable the account that is meant.',
  ),
  'module-needed': code(
    EXIT.other,
    'Another module that runs needs the one that should stop.',
    'Stop the other one first.',
  ),
  'module-restart': code(
    EXIT.other,
    'The module holds data of accounts in memory and cannot be stopped alone.',
    'Leave it out in the configuration and restart.',
  ),
  'restart-single': code(
    EXIT.other,
    'A server of one process cannot replace its workers.',
    'Start it without --single, or stop and start it.',
  ),
  'roster-refused': code(
    EXIT.other,
    'A roster does not take a change; the message has the condition.',
    'A contact must be there to be removed, and rosters and names have limits.',
  ),
  'session-missing': code(EXIT.other, 'There is no such session.', 'Look at `xmppd session list`.'),
  'db-constraint': code(
    EXIT.other,
    'A row that must not be there twice is there already.',
    'Nothing was changed; this is a bug if it is seen.',
  ),
  'host-unknown': code(
    EXIT.other,
    'The domain of the address is not served here.',
    'Add it to `hosts` in the configuration and run `xmppd reload`, or mend the address.',
  ),
  'check-failed': code(
    EXIT.other,
    '`xmppd check` could not log in to the running server and ask it.',
    'The message says where it ended; look into the log of the server.',
  ),
  'command-arguments': code(
    EXIT.usage,
    'An argument of a command cannot be used.',
    'The message says which; `--help` of the command says how to write it.',
  ),
  'command-unknown': code(
    EXIT.usage,
    'The running server does not know the command.',
    'Server and command line are of different versions: restart the server.',
  ),
  'password-missing': code(
    EXIT.usage,
    'No password was given, or the two entered were not the same.',
    'Enter it at the prompt, or write it to standard input as one line.',
  ),
  'server-not-running': code(
    EXIT.unavailable,
    'The command needs a running server, and none answers on the control socket.',
    'Start it with `xmppd start`, with the same --config as the command.',
  ),
  'server-running': code(
    EXIT.unavailable,
    'Another server answers on the control socket already.',
    'Stop it with `xmppd stop`, or give the second one a data directory of its own.',
  ),
  'stop-timeout': code(
    EXIT.temporary,
    'The server was told to stop and has not ended in time.',
    'Look at its log; SIGTERM sent twice ends it at once.',
  ),
  'control-denied': code(
    EXIT.denied,
    'The control socket belongs to another user.',
    'Run the command as the user the server runs as, or as root.',
  ),
  'control-path': code(
    EXIT.config,
    'The control socket cannot be made at this path: too long for a socket, not writable, or not a socket.',
    'Set `control.socket` to a short path in a directory of the server.',
  ),
  'control-timeout': code(
    EXIT.temporary,
    'The running server did not answer in time.',
    'It may be busy or hanging; look at its log and try again.',
  ),
  'control-broken': code(
    EXIT.temporary,
    'The connection to the running server ended before the answer.',
    'The command may have been carried out: look before trying again.',
  ),
  'control-frame': code(
    EXIT.other,
    'A request or answer on the control socket was too large or not JSON.',
    'Something else than xmppd speaks on the socket, or the versions differ.',
  ),
  'control-busy': code(
    EXIT.temporary,
    'Too many administrative connections are open at once.',
    'Wait for the others to end.',
  ),
  'data-directory': code(
    EXIT.config,
    'The data directory cannot be made.',
    'Make it by hand for the user the server runs as, or set `data` to another place.',
  ),
  'certificate-unreadable': code(
    EXIT.config,
    'The certificate or key of a host may not be read, or is missing.',
    'Give the user of the server the right to read it, or correct `hosts` in the configuration.',
  ),
  'certificate-unusable': code(
    EXIT.config,
    'The certificate and the key of a host do not belong together, or are no PEM files.',
    'Name the right pair of files in `hosts`.',
  ),
  'credentials-unreadable': code(
    EXIT.other,
    'The stored credentials of an account cannot be read by this version.',
    'Run the version that wrote them, or set the password of the account again.',
  ),
  'module-needs': code(
    EXIT.config,
    'A module needs another one that is not loaded, or needs itself by way of others.',
    'Load the other module, or leave out the one that needs it.',
  ),
  'module-missing': code(
    EXIT.config,
    'The configuration names a module that is neither built in nor installed.',
    'Correct the name under `modules`, or install the package beside the configuration.',
  ),
  'module-broken': code(
    EXIT.config,
    'A module could not be loaded, or is none.',
    'Look at the file that is named; leave the module out with `false` until it is mended.',
  ),
  'no-links': code(
    EXIT.other,
    'A server of one process wanted to speak to another one.',
    'This is a bug: please report it.',
  ),
  'module-conflict': code(
    EXIT.config,
    'Two modules want to answer the same request.',
    'Leave one of them out under `modules`.',
  ),
  'socket-path-too-long': code(
    EXIT.config,
    'The path of a socket between the processes of the server is too long.',
    'Set `data` to a shorter path.',
  ),
  'socket-failed': code(
    EXIT.unavailable,
    'A socket between the processes of the server cannot be made.',
    'Look at the owner and the rights of the `run` directory below the data directory.',
  ),
  'db-directory-missing': code(
    EXIT.config,
    'The directory of the database does not exist.',
    'Make it for the user the server runs as.',
  ),
  'db-directory-unwritable': code(
    EXIT.config,
    'The directory of the database is not writable.',
    'Give it to the user the server runs as: SQLite keeps files beside the database.',
  ),
  'db-driver-missing': code(
    EXIT.unavailable,
    'The SQLite add-on was not installed, or was built for another version of Node.js.',
    'Install again with the Node.js that runs the server, optional packages included; below Node.js 22.14 a C++ compiler, make and Python must be there.',
  ),
  'db-missing': code(
    EXIT.unavailable,
    'There is no database yet at the configured place.',
    'The server makes it at its first start; otherwise check `data`.',
  ),
  'db-locked': code(
    EXIT.unavailable,
    'The database is open in another process.',
    'Stop the other server, or reach it with the same --config through its control socket.',
  ),
  'db-not-a-database': code(
    EXIT.other,
    'The file at the place of the database is something else.',
    'Name another place in `data`, or restore the database from a backup.',
  ),
  'db-corrupt': code(
    EXIT.other,
    'The database is damaged.',
    'Run `xmppd db check` and restore it from a backup.',
  ),
  'db-cannot-open': code(
    EXIT.other,
    'The database cannot be opened.',
    'Look at the owner and the rights of the file and its directory.',
  ),
  'db-newer': code(
    EXIT.config,
    'The database was written by a newer version of the program.',
    'Run that version, or restore a backup from before the upgrade.',
  ),
  'db-migration': code(
    EXIT.other,
    'The tables could not be brought to the version of the program; nothing of the step was kept.',
    'Make a backup of the file and report the message.',
  ),
  'db-statement': code(
    EXIT.other,
    'A statement of the program does not fit the tables.',
    'Run `xmppd db check`; if the database is sound, it is a bug.',
  ),
  'db-write': code(
    EXIT.temporary,
    'A change could not be written.',
    'Look at the free space and the state of the disk, then try again.',
  ),
  'db-backup': code(
    EXIT.other,
    'The backup failed; nothing of it was kept.',
    'Look at the free space where it should go, then try again.',
  ),
  'db-backup-exists': code(
    EXIT.usage,
    'The file named for the backup exists already.',
    'Name a new one.',
  ),
  'db-unreachable': code(
    EXIT.temporary,
    'The store process does not answer.',
    'Look at its log; the supervisor replaces it.',
  ),
  'db-wire-version': code(
    EXIT.other,
    'A worker and the store process are of different versions.',
    'Restart the whole server.',
  ),
  'db-stale-worker': code(
    EXIT.other,
    'A process that had been replaced came back.',
    'It ends by itself; stop it if it does not.',
  ),
  'db-arguments': code(
    EXIT.usage,
    'The store process was started by hand.',
    'It is started by the supervisor: use `xmppd start`.',
  ),
  'port-in-use': code(
    EXIT.unavailable,
    'A port is taken by another program.',
    'Stop the other program, or set another port under `listen`.',
  ),
  'port-denied': code(
    EXIT.denied,
    'The port may not be opened by this user: those below 1024 are reserved.',
    'Set a port from 1024 on, or give the program the right (CAP_NET_BIND_SERVICE).',
  ),
  'address-invalid': code(
    EXIT.config,
    'An address under `listen` is none of this machine.',
    'Correct it; leaving it out listens on every interface.',
  ),
  'listen-failed': code(
    EXIT.unavailable,
    'A port cannot be opened for another reason; the message says which.',
    'Look at the message.',
  ),
  'reload-failed': code(
    EXIT.temporary,
    'A reload came to nothing: the process that checks the configuration gave no answer.',
    'The configuration that runs stays in force; look at the log and try again.',
  ),
  'reload-incomplete': code(
    EXIT.temporary,
    'A worker did not take a changed configuration.',
    'The configuration before is in force again; look at the log and at the worker named, and try again.',
  ),
  'restart-limit': code(
    EXIT.other,
    'Processes of the server ended again and again, so it gave up.',
    'The log before it says why they ended; start the server again when that is mended.',
  ),
  'internal-error': code(
    EXIT.other,
    'The server failed while it carried out a command: a bug.',
    'The log of the server has the details under the same command.',
  ),
};

/** The exit code of a process that ends with this error; 1 for anything that is not in the table. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof OperatorError)) return EXIT.other;
  return Object.hasOwn(ERROR_CODES, error.code)
    ? (ERROR_CODES[error.code]?.exit ?? EXIT.other)
    : EXIT.other;
}

/** docs/reference/errors.md */
export function renderErrorReference(): string {
  const entries = Object.entries(ERROR_CODES).sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = entries.map(
    ([name, { exit, meaning, fix }]) => `| \`${name}\` | ${String(exit)} | ${meaning} | ${fix} |`,
  );
  return [
    '# Errors',
    '',
    'Written from the table in src/admin/error-codes.ts by `npm run docs`. A program that ends with an error prints',
    'its message, its code and what to do, and exits with the number given here. An exit code of 1 without a code',
    'is a bug.',
    '',
    '| Code | Exit | What it means | What to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
