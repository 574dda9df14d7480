// xmppd roster …, xmppd offline …, xmppd archive …
import type { Command } from 'commander';
import { addFront, addAsked, columns, textOption, wrong, type Given } from './front.ts';
import type { CliSession } from './session.ts';

const address = ({ args: [first] }: Given): { address: string | undefined } => ({ address: first });

export function addRosters(program: Command, session: CliSession): void {
  addAsked(program, session, 'roster show', {
    usage: '<address>',
    args: address,
    text: ({ items }) =>
      items.length === 0
        ? 'No contacts.'
        : columns([
            ['CONTACT', 'SUBSCRIPTION', 'NAME', 'GROUPS'],
            ...items.map((item) => [
              item.jid,
              item.ask ? `${item.subscription}, asked` : item.subscription,
              item.name,
              item.groups.join(', '),
            ]),
          ]),
  });
  addAsked(program, session, 'roster add', {
    usage: '<address> <contact>',
    options: [
      ['--name <name>', 'what the user calls the contact'],
      ['--groups <groups>', 'groups, parted by commas'],
    ],
    args: (given) => {
      const name = textOption(given, 'name');
      const groups = textOption(given, 'groups')
        ?.split(',')
        .map((group) => group.trim());
      return {
        address: given.args[0],
        contact: given.args[1],
        ...(name === undefined ? {} : { name }),
        ...(groups === undefined ? {} : { groups }),
      };
    },
    text: (done) => `${done.contact} is a contact of ${done.address}.`,
  });
  addAsked(program, session, 'roster remove', {
    usage: '<address> <contact>',
    args: ({ args: [of, contact] }) => ({ address: of, contact }),
    text: (done) => `${done.contact} is no contact of ${done.address} any more.`,
  });
}

export function addOffline(program: Command, session: CliSession): void {
  addAsked(program, session, 'offline count', {
    usage: '<address>',
    args: address,
    text: ({ pending, archived, more }) =>
      `${String(pending)} wait for the next log-in; ${more ? 'more than ' : ''}${String(archived)} in the archive have not arrived.`,
  });
  addAsked(program, session, 'offline purge', {
    usage: '<address>',
    args: address,
    text: ({ pending, archived }) =>
      `${String(pending)} dropped; ${String(archived)} stay in the archive and are not sent.`,
  });
}

export function addArchives(program: Command, session: CliSession): void {
  addAsked(program, session, 'archive count', {
    usage: '<address>',
    args: address,
    text: ({ messages }) => `${String(messages)} messages.`,
  });
  addFront(program, session, 'archive purge', {
    usage: '<address>',
    options: [['--before <date>', 'what is older: 2026-01-31, 2026-01-31T12:00:00Z']],
    async run(call, given) {
      const before = Date.parse(textOption(given, 'before') ?? '');
      if (Number.isNaN(before)) {
        throw wrong('--before: expected a date', 'Write --before 2026-01-31.');
      }
      let deleted = 0;
      for (let more = true; more;) {
        const part = await call('archive purge', { address: given.args[0], before });
        deleted += part.deleted;
        more = part.more;
        if (more) progress(session, `${String(deleted)} deleted`);
      }
      return { deleted };
    },
    text: ({ deleted }) => `${String(deleted)} messages deleted.`,
  });
}

/** On a terminal only; the line is written over. */
function progress({ terminal }: CliSession, text: string): void {
  const { errors } = terminal.streams;
  if (errors.isTTY === true && !terminal.json) errors.write(`\r${text}`);
}
