// Commands about the lists of the server: administrators, and the other servers that may be spoken to.
import type { BareJid } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import { accountAddress, anyBare } from './arguments.ts';
import { command, requireHost, requireWorkers, type AdminContext } from './command.ts';
import type { PeerRule } from './server-lists.ts';

export interface AdminEntry {
  readonly address: string;
  /** The configuration names it: a command cannot remove it. */
  readonly configured: boolean;
}

async function admins(context: AdminContext): Promise<readonly AdminEntry[]> {
  return (await requireWorkers(context).one('admin.list')) as readonly AdminEntry[];
}

export const adminList = command({
  noun: 'admin',
  verb: 'list',
  describe: 'Lists the administrators.',
  args: {},
  offline: true,
  run: async (context) => ({ admins: await admins(context) }),
});

export const adminAdd = command({
  noun: 'admin',
  verb: 'add',
  describe: 'Makes an account an administrator.',
  args: { address: accountAddress },
  offline: true,
  async run(context, { address }) {
    requireHost(context, address);
    await requireWorkers(context).owner(address, 'admin.set', { is: true });
    await requireWorkers(context).all('lists.changed');
    return { address };
  },
});

export const adminRemove = command({
  noun: 'admin',
  verb: 'remove',
  describe: 'Takes the rights of an administrator back; the account stays.',
  args: { address: accountAddress },
  offline: true,
  async run(context, { address }) {
    const entry = (await admins(context)).find((each) => each.address === address);
    if (entry?.configured === true) {
      throw new OperatorError(
        'admin-configured',
        `${address} is an administrator by the configuration`,
        'Take it out of `admins` in the configuration and restart.',
      );
    }
    if (entry === undefined) {
      throw new OperatorError(
        'admin-missing',
        `${address} is no administrator`,
        'Look at `xmppd admin list`.',
      );
    }
    await requireWorkers(context).owner(address, 'admin.set', { is: false });
    await requireWorkers(context).all('lists.changed');
    return { address };
  },
});

export const hostList = command({
  noun: 'host',
  verb: 'list',
  describe: 'Lists the domains served, and the other servers that are blocked or allowed.',
  args: {},
  offline: true,
  async run(context) {
    const peers = (await requireWorkers(context).one('peers.list')) as Record<PeerRule, string[]>;
    return { served: context.hosts, blocked: peers.block, allowed: peers.allow };
  },
});

function peerCommand(verb: string, describe: string, rule: PeerRule, is: boolean) {
  return command({
    noun: 'host',
    verb,
    describe,
    args: { address: anyBare },
    offline: true,
    async run(context, { address }: { readonly address: BareJid }) {
      if (is) refuseOwn(context, address);
      await requireWorkers(context).one('peers.set', { peer: address, rule, is });
      await requireWorkers(context).all('lists.changed');
      return { address };
    },
  });
}

function refuseOwn(context: AdminContext, address: BareJid): void {
  const host = address.slice(address.indexOf('@') + 1);
  if (!context.hosts.includes(host)) return;
  throw new OperatorError(
    'host-own',
    `${host} is served here`,
    'These lists are about other servers. To keep a user of this one out, disable the account.',
  );
}

export const hostBlock = peerCommand(
  'block',
  'Lets no stanza go to another server, or to one address there, nor come from it.',
  'block',
  true,
);
export const hostUnblock = peerCommand('unblock', 'Takes that back.', 'block', false);
export const hostAllow = peerCommand(
  'allow',
  'Lets stanzas go to this server or address; while there is such a list, to no other.',
  'allow',
  true,
);
export const hostDisallow = peerCommand('disallow', 'Takes that back.', 'allow', false);
