// What administrative commands work on, wherever they run: in the supervisor, in a server of one process, or on the
// database alone. Each account is changed by the worker that owns it.
import type { AdminAccounts, AdminContext, AdminServer, AdminWorkers } from '../admin/index.ts';
import type { BareJid } from '../protocol/jid.ts';

export interface ContextParts {
  /** Read at each use: hosts may come and go. */
  readonly hosts: () => readonly string[];
  readonly workers: number;
  /** The slot that owns an account. */
  readonly ownerOf: (address: BareJid) => number;
  readonly ask: (slot: number, verb: string, args: object) => Promise<unknown>;
  /** Absent: nothing runs, there is the database alone. */
  readonly server?: AdminServer;
}

export function adminContext(parts: ContextParts): AdminContext {
  const { ask, ownerOf, hosts, server } = parts;
  const owner: AdminWorkers['owner'] = (address, verb, args = {}) =>
    ask(ownerOf(address), verb, { ...args, address });
  const workers: AdminWorkers = {
    owner,
    one: (verb, args = {}) => ask(0, verb, args),
    all: (verb, args = {}) =>
      Promise.all(Array.from({ length: parts.workers }, (_, slot) => ask(slot, verb, args))),
  };
  const accounts: AdminAccounts = {
    create: async (address, password) => {
      await owner(address, 'user.create', { password });
    },
    setPassword: async (address, password) => {
      await owner(address, 'user.password', { password });
    },
    setDisabled: async (address, disabled) => {
      await owner(address, 'user.disable', { disabled });
    },
    remove: async (address) => {
      await owner(address, 'user.remove');
    },
    list: async (domain, after, limit, state) =>
      (await workers.one('user.list', { domain, after, limit, state })) as readonly BareJid[],
  };
  return {
    get hosts() {
      return hosts();
    },
    accounts,
    workers,
    ...(server === undefined ? {} : { server }),
  };
}
