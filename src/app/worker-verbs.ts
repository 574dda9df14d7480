// What a worker answers administrators: about accounts as such here, about features where they registered it.
import type { Account } from '../account/account.ts';
import type { Accounts } from '../account/accounts.ts';
import type { AccountsStore } from '../account/accounts-store.ts';
import type { Commits } from '../account/commits.ts';
import type { AccountState } from '../admin/index.ts';
import type { PeerRule, ServerLists } from '../admin/server-lists.ts';
import type { DevicesStore } from '../auth/devices-store.ts';
import type { Host } from '../host/host.ts';
import { parseJid, type BareJid, type Domain } from '../protocol/jid.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { OperatorError } from '../util/errors.ts';
import type { AccountAdmin } from './account-admin.ts';
import { committed } from './committed.ts';
import { removeContact, setContact, showRoster } from './roster-verbs.ts';

export interface VerbParts {
  readonly accounts: Accounts;
  readonly host: Host;
  readonly store: AccountsStore;
  readonly commits: Commits;
  readonly lists: ServerLists;
  readonly reader: StanzaReader;
  readonly admin: AccountAdmin;
  /** Absent: the module `devices` is left out, or no server runs. */
  readonly devices?: DevicesStore | undefined;
  /** Ends the sessions of a device that are on this worker. @returns how many */
  readonly endDevice?: (address: BareJid, id: string) => number;
  readonly countSessions: (domain: string | undefined) => { online: number; hibernating: number };
}

type Args = Readonly<Record<string, unknown>>;
type Verb = (parts: VerbParts, args: Args) => unknown;
type AccountVerb = (parts: VerbParts, args: Args, account: Account) => unknown;

const addressOf = (args: Args): BareJid => args['address'] as BareJid;

/** By the name of an account that need not be in memory, or about the worker itself. */
const VERBS: Readonly<Record<string, Verb>> = {
  'user.create': async ({ admin }, args) => {
    await admin.create(addressOf(args), args['password'] as string);
    return null;
  },
  'user.password': async ({ admin }, args) => {
    await admin.setPassword(addressOf(args), args['password'] as string);
    return null;
  },
  'user.disable': async ({ admin }, args) => {
    await admin.setDisabled(addressOf(args), args['disabled'] === true);
    return null;
  },
  'user.remove': async ({ admin }, args) => {
    await admin.remove(addressOf(args));
    return null;
  },
  'user.list': ({ admin }, args) =>
    admin.list(
      args['domain'] as Domain,
      args['after'] as BareJid | undefined,
      args['limit'] as number,
      args['state'] as AccountState | undefined,
    ),
  'user.count': ({ store }, args) => store.count(args['domain'] as string),
  'session.count': ({ countSessions }, args) => countSessions(args['domain'] as string | undefined),
  'device.end': ({ endDevice }, args) =>
    endDevice?.(args['account'] as BareJid, args['device'] as string) ?? 0,
  'admin.list': async ({ lists }) => {
    // Who was deleted since has left the table, and only there.
    await lists.load();
    return lists.listAdmins();
  },
  'peers.list': ({ lists }) => lists.listPeers(),
  'peers.set': async ({ lists, commits }, args) => {
    const unit = commits.storage.unit();
    lists.setPeer(unit, args['rule'] as PeerRule, args['peer'] as string, args['is'] === true);
    await committed(commits, unit, 0);
    return null;
  },
  'lists.changed': async ({ lists }) => {
    await lists.load();
    return null;
  },
  'module.list': ({ host }) => host.modules(),
  'module.start': ({ host }, args) => {
    host.startAgain(args['name'] as string);
    return null;
  },
  'module.stop': ({ host }, args) => {
    host.stopModule(args['name'] as string);
    return null;
  },
  'module.hooks': ({ host }) =>
    host.hooks
      .describe()
      .sort((a, b) => (a.hook === b.hook ? a.order - b.order : a.hook < b.hook ? -1 : 1)),
  'module.xeps': ({ host }) =>
    host
      .declarations()
      .flatMap(({ name, xeps }) => xeps.map((xep) => ({ ...xep, module: name })))
      .sort((a, b) => (a.spec < b.spec ? -1 : 1)),
};

/** With the account in memory. */
const ACCOUNT_VERBS: Readonly<Record<string, AccountVerb>> = {
  'session.kick': (_parts, args, account) => {
    const { resource } = args;
    const ended = account.sessions.filter(
      (session) => resource === undefined || session.jid.resource === resource,
    );
    // RFC 6120 §4.9.3.14: an administrator's wish is the service's policy.
    for (const session of ended) session.port.end('policy-violation');
    return { ended: ended.length };
  },
  'device.list': async ({ devices }, args, account) =>
    (await remembering(devices).list(account.owner)).slice(0, args['limit'] as number),
  'device.revoke': async ({ devices }, args, account) => {
    const id = args['device'] as string;
    const store = remembering(devices);
    const revoked = (await store.list(account.owner)).some((device) => device.id === id);
    if (revoked) await store.revoke(account.owner, id);
    return { revoked };
  },
  'admin.set': async ({ lists, commits }, args, account) => {
    const unit = commits.storage.unit();
    lists.setAdmin(unit, account.owner, args['is'] === true);
    await committed(commits, unit, account.owner);
    return null;
  },
  'user.info': async ({ store, host }, args, account) => {
    const info = await store.info(account.owner);
    if (info === undefined) throw noAccount(account.jid.bare);
    const extra = (await host.commandFor('session.last')?.(args, account)) as object | undefined;
    return {
      address: account.jid.bare,
      ...info,
      resources: account.sessions.map(({ jid }) => jid.resource),
      ...extra,
    };
  },
  'roster.show': ({ accounts, reader }, _args, account) => showRoster(accounts, reader, account),
  'roster.set': ({ accounts, reader }, args, account) =>
    setContact(accounts, reader, account, args),
  'roster.remove': ({ accounts, reader }, args, account) =>
    removeContact(accounts, reader, account, args),
};

/**
 * Answers one question.
 * @throws OperatorError `command-unknown`, `account-missing`, `account-unread`, and what the verb says
 */
export async function answerVerb(parts: VerbParts, verb: string, args: Args): Promise<unknown> {
  const plain = find(VERBS, verb);
  if (plain !== undefined) return await plain(parts, args);
  const ofAccount = find(ACCOUNT_VERBS, verb);
  const handler = ofAccount === undefined ? parts.host.commandFor(verb) : undefined;
  if (ofAccount === undefined && handler === undefined) {
    throw new OperatorError(
      'command-unknown',
      `nothing that runs here answers ${verb}`,
      'The module that does may be left out by the configuration: look at `xmppd module list`.',
    );
  }
  if (args['address'] === undefined) return await handler?.(args, undefined);
  const account = await loaded(parts.accounts, addressOf(args));
  return await (ofAccount === undefined
    ? handler?.(args, account)
    : ofAccount(parts, args, account));
}

function remembering(devices: DevicesStore | undefined): DevicesStore {
  if (devices !== undefined) return devices;
  throw new OperatorError(
    'command-unknown',
    'nothing that runs here remembers devices',
    'The module `devices` is left out by the configuration.',
  );
}

function find<T>(table: Readonly<Record<string, T>>, verb: string): T | undefined {
  return Object.hasOwn(table, verb) ? table[verb] : undefined;
}

function loaded(accounts: Accounts, address: BareJid): Promise<Account> {
  return new Promise((resolve, reject) => {
    const isTaken = accounts.cache.whenLoaded(parseJid(address), (account, unread) => {
      if (account !== undefined) resolve(account);
      else reject(unread ? unreadable(address) : noAccount(address));
    });
    if (!isTaken) reject(unreadable(address));
  });
}

function noAccount(address: string): OperatorError {
  return new OperatorError(
    'account-missing',
    `There is no account ${address}.`,
    'List the accounts with `xmppd user list`.',
  );
}

function unreadable(address: string): OperatorError {
  return new OperatorError(
    'account-unread',
    `The account ${address} cannot be read now.`,
    'The database is busy or failing: look at the log and try again.',
  );
}
