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
  'host-unknown': code(
    EXIT.other,
    'The domain of the address is not served here.',
    'Add it to `hosts` in the configuration and restart, or mend the address.',
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
