// Commands about what an account has: contacts, waiting messages, the archive. Its owner carries them out.
import { OperatorError } from '../util/errors.ts';
import { accountAddress, anyBare, integer, listOf, optional, words } from './arguments.ts';
import { command, requireWorkers } from './command.ts';

export interface RosterItem {
  readonly jid: string;
  readonly name: string;
  readonly subscription: string;
  readonly ask: boolean;
  readonly groups: readonly string[];
}

export const rosterShow = command({
  noun: 'roster',
  verb: 'show',
  describe: 'Lists the contacts of an account.',
  args: { address: accountAddress },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).owner(args.address, 'roster.show')) as {
      items: readonly RosterItem[];
    },
});

const MAX_NAME_BYTES = 1023;

export const rosterAdd = command({
  noun: 'roster',
  verb: 'add',
  describe: 'Adds a contact to the roster of an account, or changes its name and groups.',
  args: {
    address: accountAddress,
    contact: anyBare,
    name: optional<string>(words(MAX_NAME_BYTES)),
    groups: optional<readonly string[]>(listOf(words(MAX_NAME_BYTES), 100)),
  },
  offline: true,
  async run(context, { address, ...item }) {
    await requireWorkers(context).owner(address, 'roster.set', item);
    return { address, contact: item.contact };
  },
});

export const rosterRemove = command({
  noun: 'roster',
  verb: 'remove',
  describe: 'Removes a contact from the roster of an account, with its subscriptions.',
  args: { address: accountAddress, contact: anyBare },
  offline: true,
  async run(context, { address, contact }) {
    await requireWorkers(context).owner(address, 'roster.remove', { contact });
    return { address, contact };
  },
});

export interface WaitingCount {
  /** Kept for the next log-in alone. */
  readonly pending: number;
  /** In the archive, and not proven to have arrived. */
  readonly archived: number;
  /** There are more archived ones than are followed in memory. */
  readonly more: boolean;
}

export const offlineCount = command({
  noun: 'offline',
  verb: 'count',
  describe: 'Counts the messages that wait for an account.',
  args: { address: accountAddress },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).owner(args.address, 'offline.count')) as WaitingCount,
});

export const offlinePurge = command({
  noun: 'offline',
  verb: 'purge',
  describe: 'Drops the messages that wait for an account; what is archived stays in the archive.',
  args: { address: accountAddress },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).owner(args.address, 'offline.purge')) as WaitingCount,
});

export const archiveCount = command({
  noun: 'archive',
  verb: 'count',
  describe: 'Counts the messages in the archive of an account.',
  args: { address: accountAddress },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).owner(args.address, 'archive.count')) as { messages: number },
});

/** Epoch milliseconds of 2000-01-01: what is before that is no date of a message. */
const YEAR_2000 = 946_684_800_000;

export interface Purged {
  readonly deleted: number;
  /** There is more to delete: the same command again. */
  readonly more: boolean;
}

export const archivePurge = command({
  noun: 'archive',
  verb: 'purge',
  describe:
    'Deletes archived messages older than a time, a part of them at a time. What has not arrived yet is kept.',
  args: { address: accountAddress, before: integer(YEAR_2000, Number.MAX_SAFE_INTEGER) },
  offline: true,
  run: async (context, args) => {
    if (args.before > 8.64e15) {
      throw new OperatorError(
        'command-arguments',
        'before: expected a time',
        'Write it as 2026-01-31.',
      );
    }
    return (await requireWorkers(context).owner(args.address, 'archive.purge', {
      before: args.before,
    })) as Purged;
  },
});
