// Accounts while no server runs: the database is opened, and so locked, for as long as a command lasts.
import { Commits } from '../account/commits.ts';
import { AccountsStore } from '../account/accounts-store.ts';
import { Hashing } from '../auth/hashing.ts';
import type { Settings } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';
import { openStorage } from '../storage/sqlite/open.ts';
import { systemClock, systemRandom, systemTimers } from '../util/system-clock.ts';
import { silentLog } from '../util/log.ts';
import { AccountAdmin } from './account-admin.ts';
import { databasePath, ensureDataDirectory } from './paths.ts';
import { serverSchema, SESSIONS_REMOVAL } from './server-schema.ts';

/** @throws OperatorError `db-locked` when a server runs on this database */
export async function openAccountsOffline(
  settings: Settings,
): Promise<AccountAdmin & { close(): Promise<void> }> {
  ensureDataDirectory(settings);
  const schema = serverSchema(STANDARD_MODULES);
  const storage = await openStorage({
    path: databasePath(settings),
    schema,
    mode: { kind: 'thread' },
    clock: systemClock,
    timers: systemTimers,
    log: silentLog,
  });
  const admin = new AccountAdmin({
    store: new AccountsStore(storage),
    commits: new Commits(storage, () => undefined),
    hashing: new Hashing({ concurrency: 1, maxQueued: 1024 }),
    iterations: () => settings.auth.iterations,
    random: systemRandom,
    clock: systemClock,
    removals: () => removalStatements().map((name) => storage.statement(name)),
    changed: () => undefined,
  });
  return Object.assign(admin, {
    close: async () => {
      await storage.close();
    },
  });
}

function removalStatements(): string[] {
  return [
    SESSIONS_REMOVAL,
    ...STANDARD_MODULES.flatMap((module) => module.declaration.removals ?? []),
  ];
}
