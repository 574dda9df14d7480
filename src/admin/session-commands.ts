// Commands about sessions.
import type { BareJid, Domain } from '../protocol/jid.ts';
import { OperatorError } from '../util/errors.ts';
import { accountAddress, accountOrSession, choice, domain, optional } from './arguments.ts';
import { command, requireWorkers } from './command.ts';

/** How busy a user is: `active` has a resource that is available and not away, `idle` has none. */
export type Activity = 'active' | 'idle';

export interface SessionInfo {
  /** Full JID. */
  readonly jid: string;
  readonly state: 'connected' | 'hibernating';
  readonly available: boolean;
  readonly priority: number;
  /** `<show/>` of its presence. */
  readonly show?: string;
  /** Epoch milliseconds of its log-in. */
  readonly since: number;
}

/** `next` is what to ask `after` for the following part, absent at the end. */
export interface SessionPage {
  readonly sessions: readonly SessionInfo[];
  readonly next?: string;
}

const MAX_PAGE = 200;
// A page must fit into one frame of the control socket, whatever its addresses.
const MAX_PAGE_BYTES = 32_768;

export const sessionList = command({
  noun: 'session',
  verb: 'list',
  describe: 'Lists the sessions of an account, of a domain or of all, a page at a time.',
  args: {
    domain: optional<Domain>(domain),
    address: optional<BareJid>(accountAddress),
    after: optional<string>(accountOrSession),
  },
  offline: false,
  async run(context, args): Promise<SessionPage> {
    const workers = requireWorkers(context);
    const { address, ...rest } = args;
    const asked = { ...rest, limit: MAX_PAGE };
    const parts = (
      address === undefined
        ? await workers.all('session.list', asked)
        : [await workers.owner(address, 'session.list', asked)]
    ) as readonly (readonly SessionInfo[])[];
    const found = parts.flat().sort((a, b) => (a.jid < b.jid ? -1 : 1));
    let bytes = 0;
    const sessions = found.slice(0, MAX_PAGE).filter(({ jid, show }) => {
      bytes += Buffer.byteLength(jid) + (show?.length ?? 0) + 120;
      return bytes <= MAX_PAGE_BYTES;
    });
    const next = sessions.at(-1)?.jid;
    const more = sessions.length < found.length || parts.some((part) => part.length === MAX_PAGE);
    return more && next !== undefined ? { sessions, next } : { sessions };
  },
});

export const sessionKick = command({
  noun: 'session',
  verb: 'kick',
  describe: 'Ends one session, or all of an account; it may log in again.',
  args: { address: accountOrSession },
  offline: false,
  async run(context, args) {
    const [bare, resource] = split(args.address);
    const asked = resource === undefined ? {} : { resource };
    const { ended } = (await requireWorkers(context).owner(
      bare as BareJid,
      'session.kick',
      asked,
    )) as { ended: number };
    if (ended === 0 && resource !== undefined) {
      throw new OperatorError(
        'session-missing',
        `there is no session ${args.address}`,
        'Look at `xmppd session list`.',
      );
    }
    return { address: args.address, ended };
  },
});

function split(address: string): [string, string?] {
  const slash = address.indexOf('/');
  return slash === -1 ? [address] : [address.slice(0, slash), address.slice(slash + 1)];
}

export interface UserTally {
  /** Users with a session. */
  readonly online: number;
  readonly active: number;
  readonly idle: number;
}

export const sessionTally = command({
  noun: 'session',
  verb: 'tally',
  describe: 'Counts the users on line at a domain, active and idle ones apart.',
  args: { domain },
  offline: false,
  async run(context, args): Promise<UserTally> {
    const parts = (await requireWorkers(context).all('session.tally', args)) as UserTally[];
    const sum = (of: keyof UserTally): number => parts.reduce((all, part) => all + part[of], 0);
    return { online: sum('online'), active: sum('active'), idle: sum('idle') };
  },
});

const MAX_USERS = 10_000;

export const sessionUsers = command({
  noun: 'session',
  verb: 'users',
  describe: `Lists the users on line at a domain, at most ${String(MAX_USERS)}.`,
  args: { domain, activity: optional<Activity>(choice('active', 'idle')) },
  offline: false,
  async run(context, args) {
    const parts = (await requireWorkers(context).all('session.users', {
      ...args,
      limit: MAX_USERS,
    })) as string[][];
    return { users: parts.flat().sort().slice(0, MAX_USERS) };
  },
});
