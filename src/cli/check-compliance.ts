// xmppd check compliance
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Timers } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import type { Address } from './compliance/client.ts';
import { gather, type Account } from './compliance/gather.ts';
import { judge, render, type Verdict } from './compliance/verdict.ts';
import type { CliSession } from './session.ts';

export function addCheckCompliance(check: Command, session: CliSession): void {
  check
    .command('compliance')
    .description(
      'tell what clients find at the running server, by XEP-0479 and by the rules of the Conversations tester',
    )
    .argument('[host]', 'one of the hosts; else the first')
    .action(async (host: string | undefined) => {
      const settings = await session.settings();
      const server = await session.connect(settings);
      try {
        const { hosts, listening } = await server.call('status', {});
        const domain = host ?? hosts[0] ?? '';
        // An account that nobody has, for as long as this takes. `user add` refuses a host that is not served.
        const local = `compliance-check-${randomBytes(8).toString('hex')}`;
        const account = { local, domain, password: randomBytes(24).toString('base64url') };
        const address = `${local}@${domain}`;
        await server.call('user add', { address, password: account.password });
        try {
          const verdict = await look(listening, account, session.timers);
          session.terminal.result(verdict, render(session.terminal, verdict));
        } finally {
          await server.call('user del', { address });
        }
      } finally {
        server.close();
      }
    });
}

async function look(
  listening: readonly string[],
  account: Account,
  timers: Timers,
): Promise<Verdict> {
  const bound = listening.map(parseListener);
  // Direct TLS shows more, and is one of the things that are judged.
  const chosen =
    bound.find(({ kind }) => kind === 'c2s-tls') ?? bound.find(({ kind }) => kind === 'c2s');
  if (chosen === undefined)
    throw new OperatorError(
      'check-failed',
      'the server listens for no clients',
      'Add a listener of kind c2s or c2s-tls to `listen`.',
    );
  const kinds = new Set(bound.map(({ kind }) => kind));
  return judge(await gather(chosen, kinds, account, timers));
}

/** `c2s-tls [::]:5223`. What listens on every address is asked on loopback. */
function parseListener(text: string): Address & { readonly kind: string } {
  const [, kind = '', bound = '', port = ''] = /^(\S+) (.*):(\d+)$/.exec(text) ?? [];
  const plain = bound.replace(/^\[(.*)\]$/, '$1');
  const host = plain === '::' ? '::1' : plain === '0.0.0.0' ? '127.0.0.1' : plain;
  return { kind, host, port: Number(port), direct: kind === 'c2s-tls' };
}
