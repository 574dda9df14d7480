// xmppd announce, xmppd motd …, xmppd welcome …, xmppd host …
import type { Command } from 'commander';
import { addFront, addAsked, columns, hostsOf, type Front, type Given } from './front.ts';
import type { CliSession } from './session.ts';

const HOST = ['--host <domain>', 'of this domain; else of all that are served'] as const;

const words = ({ args }: Given): string => args.join(' ');

export function addNotices(program: Command, session: CliSession): void {
  addFront(program, session, 'announce', {
    usage: '<text...>',
    options: [HOST],
    async run(call, given, settings) {
      let users = 0;
      for (const domain of hostsOf(given, settings))
        users += (await call('announce', { domain, text: words(given) })).users;
      return { users };
    },
    text: ({ users }) => `Sent to ${String(users)} ${users === 1 ? 'user' : 'users'}.`,
  });
  addFront(program, session, 'motd set', {
    usage: '<text...>',
    options: [HOST, ['--quiet', 'not again to those who had the one before']],
    run: eachHost((call, domain, given) =>
      call('motd set', {
        domain,
        text: words(given),
        ...(given.options['quiet'] === true ? { quiet: true } : {}),
      }),
    ),
    text: () => 'The message of the day is set.',
  });
  addFront(program, session, 'motd show', show('motd show'));
  addFront(program, session, 'motd delete', {
    options: [HOST],
    run: eachHost((call, domain) => call('motd delete', { domain })),
    text: () => 'There is no message of the day any more.',
  });
  addFront(program, session, 'welcome set', {
    usage: '<text...>',
    options: [HOST],
    run: eachHost((call, domain, given) => call('welcome set', { domain, text: words(given) })),
    text: () => 'New accounts are welcomed.',
  });
  addFront(program, session, 'welcome show', show('welcome show'));
  addFront(program, session, 'welcome delete', {
    options: [HOST],
    run: eachHost((call, domain) => call('welcome delete', { domain })),
    text: () => 'New accounts are not welcomed any more.',
  });
}

type Run = Front<{ hosts: readonly string[] }>['run'];

function eachHost(
  act: (call: Parameters<Run>[0], domain: string, given: Given) => Promise<unknown>,
): Run {
  return async (call, given, settings) => {
    const hosts = hostsOf(given, settings);
    for (const domain of hosts) await act(call, domain, given);
    return { hosts };
  };
}

function show(name: 'motd show' | 'welcome show'): Front<{ texts: Record<string, string | null> }> {
  return {
    options: [HOST],
    async run(call, given, settings) {
      const texts: Record<string, string | null> = {};
      for (const domain of hostsOf(given, settings))
        texts[domain] = (await call(name, { domain })).text ?? null;
      return { texts };
    },
    text: ({ texts }) =>
      Object.entries(texts)
        .map(([domain, text]) => (text === null ? `${domain}: none` : `${domain}:\n${text}`))
        .join('\n'),
  };
}

export function addHosts(program: Command, session: CliSession): void {
  addAsked(program, session, 'host list', {
    text: ({ served, blocked, allowed }) =>
      columns([
        ['served', served.join(', ')],
        ['blocked', blocked.join(', ') || 'nobody'],
        ['allowed', allowed.join(', ') || 'everybody else'],
      ]),
  });
  for (const [name, done] of [
    ['host block', 'is blocked'],
    ['host unblock', 'is not blocked any more'],
    ['host allow', 'is allowed, and only who is on this list'],
    ['host disallow', 'is not on the list of those allowed any more'],
  ] as const) {
    addAsked(program, session, name, {
      usage: '<address>',
      args: ({ args: [address] }) => ({ address }),
      text: ({ address }) => `${address} ${done}.`,
    });
  }
}
