// Administration while no server runs: the database is opened, and so locked, for as long as a command lasts. The domain
// stands on it without sockets, so that modules answer as in a running server.
import type { AdminContext } from '../admin/index.ts';
import { DevicesStore } from '../auth/devices-store.ts';
import { Hashing } from '../auth/hashing.ts';
import type { Settings } from '../config/index.ts';
import { inOrder } from '../host/host.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';
import { localPlacement } from '../placement/local.ts';
import { Crossing } from '../router/crossing.ts';
import { openStorage } from '../storage/sqlite/open.ts';
import { silentLog } from '../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../util/system-clock.ts';
import { AccountAdmin } from './account-admin.ts';
import { adminContext } from './admin-context.ts';
import { accountChanged, externalModules } from './boot.ts';
import { composeDomain, connectLinks, NO_LINKS } from './domain.ts';
import { databasePath, ensureDataDirectory } from './paths.ts';
import { removalsOf, revocationsOf, serverSchema } from './server-schema.ts';
import { answerVerb } from './worker-verbs.ts';

/** @throws OperatorError `db-locked` when a server runs on this database */
export async function openAccountsOffline(
  settings: Settings,
): Promise<AccountAdmin & { readonly context: AdminContext; close(): Promise<void> }> {
  ensureDataDirectory(settings);
  const all = [...STANDARD_MODULES, ...(await externalModules(settings))];
  const modules = inOrder(
    all.filter((module) => settings.modules[module.declaration.name] !== false),
  );
  const ports = { clock: systemClock, timers: systemTimers, random: systemRandom, log: silentLog };
  const storage = await openStorage({
    path: databasePath(settings),
    schema: serverSchema(all),
    mode: { kind: 'thread' },
    ...ports,
  });
  const crossing = new Crossing();
  const domain = composeDomain({
    settings,
    modules,
    placement: localPlacement,
    crossing,
    epoch: 0,
    storage,
    ...ports,
  });
  connectLinks(
    crossing,
    domain,
    localPlacement,
    silentLog,
    () => NO_LINKS,
    () => undefined,
  );
  await domain.lists.load();
  const accounts = new AccountAdmin({
    store: domain.store,
    commits: domain.commits,
    hashing: new Hashing({ concurrency: 1, maxQueued: 1024 }),
    iterations: () => settings.auth.iterations,
    random: systemRandom,
    clock: systemClock,
    removals: () => removalsOf(all, storage),
    revocations: () => revocationsOf(all, storage),
    changed: accountChanged(domain),
  });
  const countSessions = (): { online: number; hibernating: number } => ({
    online: 0,
    hibernating: 0,
  });
  const devices = new DevicesStore(
    storage,
    (...unit) => domain.commits.submit(...unit),
    settings.auth.devicesPerAccount,
    silentLog,
  );
  const parts = { ...domain, admin: accounts, countSessions, devices };
  const context = adminContext({
    hosts: () => domain.hostNames,
    workers: 1,
    ownerOf: () => 0,
    ask: (_slot, verb, args) => answerVerb(parts, verb, { ...args }),
  });
  return Object.assign(accounts, {
    context,
    close: async () => {
      domain.stop();
      await storage.close();
    },
  });
}
