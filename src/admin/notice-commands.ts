// Commands about what the server says to its users: announcements, the message of the day, the welcome of new accounts.
import type { Domain } from '../protocol/jid.ts';
import { domain, flag, optional, words } from './arguments.ts';
import { command, requireHost, requireWorkers, type AdminContext } from './command.ts';

/** What the server may say at once. */
export const MAX_NOTICE_BYTES = 16_384;

/** A text that stands until it is deleted. */
export type NoticeKind = 'motd' | 'welcome';

const text = words(MAX_NOTICE_BYTES);

export const announce = command({
  noun: 'server',
  verb: 'announce',
  describe: 'Sends a message to every user who is on line at a domain, or at all.',
  args: { domain: optional<Domain>(domain), text },
  offline: false,
  async run(context, args) {
    if (args.domain !== undefined) requireHost(context, args.domain);
    const parts = (await requireWorkers(context).all('notice.announce', args)) as {
      users: number;
    }[];
    return { users: parts.reduce((sum, part) => sum + part.users, 0) };
  },
});

async function change(
  context: AdminContext,
  kind: NoticeKind,
  args: { readonly domain: Domain; readonly text?: string; readonly quiet?: boolean | undefined },
): Promise<void> {
  requireHost(context, args.domain);
  const workers = requireWorkers(context);
  // One writes, and then all read it, so that a worker that starts meanwhile has it too.
  await workers.one('notice.write', { ...args, kind });
  await workers.all('notice.changed', { domain: args.domain, kind });
}

function show(kind: NoticeKind) {
  return async (context: AdminContext, args: { readonly domain: Domain }) => {
    requireHost(context, args.domain);
    return (await requireWorkers(context).one('notice.show', { ...args, kind })) as {
      text?: string;
    };
  };
}

export const motdSet = command({
  noun: 'motd',
  verb: 'set',
  describe:
    'Sets the message of the day of a domain: sent once to each user, now or at his next log-in. Quietly: not again to those who had the one before.',
  args: { domain, text, quiet: optional<boolean>(flag) },
  offline: true,
  async run(context, args) {
    await change(context, 'motd', args);
    return { domain: args.domain };
  },
});

export const motdShow = command({
  noun: 'motd',
  verb: 'show',
  describe: 'Tells the message of the day of a domain.',
  args: { domain },
  offline: true,
  run: show('motd'),
});

export const motdDelete = command({
  noun: 'motd',
  verb: 'delete',
  describe: 'Deletes the message of the day of a domain.',
  args: { domain },
  offline: true,
  async run(context, args) {
    await change(context, 'motd', args);
    return { domain: args.domain };
  },
});

export const welcomeSet = command({
  noun: 'welcome',
  verb: 'set',
  describe: 'Sets the message that every new account of a domain gets.',
  args: { domain, text },
  offline: true,
  async run(context, args) {
    await change(context, 'welcome', args);
    return { domain: args.domain };
  },
});

export const welcomeShow = command({
  noun: 'welcome',
  verb: 'show',
  describe: 'Tells the message that new accounts of a domain get.',
  args: { domain },
  offline: true,
  run: show('welcome'),
});

export const welcomeDelete = command({
  noun: 'welcome',
  verb: 'delete',
  describe: 'Deletes the message that new accounts of a domain get.',
  args: { domain },
  offline: true,
  async run(context, args) {
    await change(context, 'welcome', args);
    return { domain: args.domain };
  },
});
