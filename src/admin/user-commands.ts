// Commands about accounts.
import type { BareJid } from '../protocol/jid.ts';
import { accountAddress, choice, domain, optional, password } from './arguments.ts';
import { command, requireHost, requireWorkers, type AccountState } from './command.ts';

export const userAdd = command({
  noun: 'user',
  verb: 'add',
  describe: 'Makes an account.',
  args: { address: accountAddress, password },
  offline: true,
  async run(context, args) {
    requireHost(context, args.address);
    await context.accounts.create(args.address, args.password);
    return { address: args.address };
  },
});

export const userPasswd = command({
  noun: 'user',
  verb: 'passwd',
  describe: 'Sets the password of an account.',
  args: { address: accountAddress, password },
  offline: true,
  async run(context, args) {
    requireHost(context, args.address);
    await context.accounts.setPassword(args.address, args.password);
    return { address: args.address };
  },
});

export const userDel = command({
  noun: 'user',
  verb: 'del',
  describe: 'Deletes an account with everything it owns, and ends its sessions.',
  // A host may have left the configuration and its accounts still be there.
  args: { address: accountAddress },
  offline: true,
  async run(context, args) {
    await context.accounts.remove(args.address);
    return { address: args.address };
  },
});

export const userDisable = command({
  noun: 'user',
  verb: 'disable',
  describe: 'Ends the sessions of an account and lets nobody log in to it; it keeps all it has.',
  args: { address: accountAddress },
  offline: true,
  async run(context, args) {
    await context.accounts.setDisabled(args.address, true);
    return { address: args.address };
  },
});

export const userEnable = command({
  noun: 'user',
  verb: 'enable',
  describe: 'Lets a disabled account be used again.',
  args: { address: accountAddress },
  offline: true,
  async run(context, args) {
    await context.accounts.setDisabled(args.address, false);
    return { address: args.address };
  },
});

/** One account, as its owner sees it. */
export interface AccountInfo {
  readonly address: BareJid;
  readonly disabled: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; absent: never. */
  readonly lastLoginAt?: number;
  readonly resources: readonly string[];
}

export const userInfo = command({
  noun: 'user',
  verb: 'info',
  describe: 'Tells when an account was made and last used, and where it is on line.',
  args: { address: accountAddress },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).owner(args.address, 'user.info')) as AccountInfo,
});

export interface AccountCounts {
  readonly registered: number;
  readonly disabled: number;
}

export const userCount = command({
  noun: 'user',
  verb: 'count',
  describe: 'Counts the accounts of a domain, and the disabled ones among them.',
  args: { domain },
  offline: true,
  run: async (context, args) =>
    (await requireWorkers(context).one('user.count', args)) as AccountCounts,
});

/** A part of a list; `next` is what to ask `after` for the following part, absent at the end. */
export interface AccountPage {
  readonly accounts: readonly BareJid[];
  readonly next?: BareJid;
}

const MAX_PAGE = 1000;
// A page must fit into one frame of the control socket, whatever its addresses.
const MAX_PAGE_BYTES = 32_768;

export const userList = command({
  noun: 'user',
  verb: 'list',
  describe: 'Lists the accounts of a domain, a page at a time.',
  args: {
    domain,
    after: optional<BareJid>(accountAddress),
    state: optional<AccountState>(choice('any', 'disabled')),
  },
  offline: true,
  async run(context, args): Promise<AccountPage> {
    const found = await context.accounts.list(args.domain, args.after, MAX_PAGE, args.state);
    let bytes = 0;
    const accounts = found.filter((address) => {
      bytes += Buffer.byteLength(address) + 3;
      return bytes <= MAX_PAGE_BYTES;
    });
    const more = accounts.length < found.length || found.length === MAX_PAGE;
    const next = accounts.at(-1);
    return more && next !== undefined ? { accounts, next } : { accounts };
  },
});
