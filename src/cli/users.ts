// xmppd user disable | enable | info, xmppd admin …, xmppd session …
import type { Command } from 'commander';
import type { SessionInfo } from '../admin/session-commands.ts';
import { addFront, addAsked, columns, type Given } from './front.ts';
import type { CliSession } from './session.ts';

const address = ({ args: [first] }: Given): { address: string | undefined } => ({ address: first });

export function addUsers(program: Command, session: CliSession): void {
  addAsked(program, session, 'user disable', {
    usage: '<address>',
    args: address,
    text: (done) => `${done.address} is disabled.`,
  });
  addAsked(program, session, 'user enable', {
    usage: '<address>',
    args: address,
    text: (done) => `${done.address} can be used again.`,
  });
  addAsked(program, session, 'user info', {
    usage: '<address>',
    args: address,
    text: (info) =>
      columns([
        ['address', info.address],
        ['state', info.disabled ? 'disabled' : 'enabled'],
        ['made', date(info.createdAt)],
        ['last log-in', info.lastLoginAt === undefined ? 'never' : date(info.lastLoginAt)],
        ['on line as', info.resources.join(', ') || 'nobody'],
      ]),
  });
  addAsked(program, session, 'user count', {
    usage: '<domain>',
    args: ({ args: [domain] }) => ({ domain }),
    text: (count) => `${String(count.registered)} accounts, ${String(count.disabled)} disabled.`,
  });
}

export function addAdmins(program: Command, session: CliSession): void {
  addAsked(program, session, 'admin list', {
    text: ({ admins }) =>
      admins.length === 0
        ? 'There are no administrators: add one with `xmppd admin add`.'
        : columns(
            admins.map((entry) => [entry.address, entry.configured ? 'by the configuration' : '']),
          ),
  });
  addAsked(program, session, 'admin add', {
    usage: '<address>',
    args: address,
    text: (done) => `${done.address} is an administrator.`,
  });
  addAsked(program, session, 'admin remove', {
    usage: '<address>',
    args: address,
    text: (done) => `${done.address} is no administrator any more.`,
  });
}

export function addSessions(program: Command, session: CliSession): void {
  addFront(program, session, 'session list', {
    usage: '[address-or-domain]',
    async run(call, { args: [of] }) {
      const filter = of === undefined ? {} : of.includes('@') ? { address: of } : { domain: of };
      const sessions: SessionInfo[] = [];
      let after: string | undefined;
      do {
        const page = await call('session list', {
          ...filter,
          ...(after === undefined ? {} : { after }),
        });
        sessions.push(...page.sessions);
        after = page.next;
      } while (after !== undefined);
      return { sessions };
    },
    text: ({ sessions }) =>
      sessions.length === 0
        ? 'Nobody is on line.'
        : columns([
            ['SESSION', 'STATE', 'PRESENCE', 'PRIORITY', 'SINCE'],
            ...sessions.map((each) => [
              each.jid,
              each.state,
              each.available ? (each.show ?? 'available') : 'unavailable',
              String(each.priority),
              date(each.since),
            ]),
          ]),
  });
  addAsked(program, session, 'session kick', {
    usage: '<address>',
    args: address,
    text: ({ ended }) => `${String(ended)} ${ended === 1 ? 'session' : 'sessions'} ended.`,
  });
}

function date(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('T', ' ').slice(0, 19);
}
