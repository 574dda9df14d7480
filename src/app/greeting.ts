// What a person sees when the server runs: where it listens, how to add an account, how to connect.
import type { Settings } from '../config/index.ts';
import type { BoundAddress } from './supervisor/listeners.ts';

/** Plain where nobody reads, coloured on a terminal unless NO_COLOR is set. */
export function greet(
  settings: Settings,
  bound: readonly BoundAddress[],
  out: NodeJS.WriteStream = process.stderr,
): void {
  const colour = out.isTTY && out.hasColors();
  const bold = (line: string): string => (colour ? `\u001b[1m${line}\u001b[0m` : line);
  const green = (line: string): string => (colour ? `\u001b[32m${line}\u001b[0m` : line);
  const domain = settings.hosts[0]?.domain ?? 'localhost';
  const config = settings.file === undefined ? '' : ` --config ${settings.file}`;
  const selfMade = settings.hosts.some((host) => !host.given);
  const lines = [
    green(bold('xmppd is running.')),
    ...bound.map(
      ({ kind, address, port }) =>
        `  ${kind === 'c2s' ? 'STARTTLS  ' : 'direct TLS'}  ${address.includes(':') ? `[${address}]` : address}:${port}`,
    ),
    '',
    `Add an account:  ${bold(`npx xmppd user add alice@${domain}${config}`)}`,
    `Connect:         any XMPP client, address alice@${domain}, ${selfMade ? 'and accept the self-signed certificate' : 'with the password you gave'}`,
    `Stop:            Ctrl-C, or npx xmppd stop${config}`,
    '',
  ];
  out.write(`${lines.join('\n')}\n`);
}
