// Boots a worker, alone or beside others: a flat list of steps, each finished before the next.
import type { LinkHandler, Links } from '../cluster/link.ts';
import type { Settings } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';
import type { Placement } from '../placement/placement.ts';
import { Crossing } from '../router/crossing.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import type { Module } from '../host/module.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../util/system-clock.ts';
import { AccountAdmin } from './account-admin.ts';
import { connectLinks } from './domain.ts';
import { drain, restoreSessions } from './drain.ts';
import { giveBack } from './give-back.ts';
import { databasePath } from './paths.ts';
import { SESSIONS_REMOVAL } from './server-schema.ts';
import { warmUp } from './warm-up.ts';
import { startWorker, type Worker } from './worker.ts';

/** A worker that has no client so long after its start is one that waits for its first users. */
const GIVE_BACK_MS = 5000;

export interface BootOptions {
  readonly settings: Settings;
  readonly placement: Placement;
  readonly epoch: number;
  readonly storageMode: StorageMode;
  readonly log: Log;
  /** Opens the links to the other workers; absent where there are none. */
  readonly openLinks?: (handler: LinkHandler) => Promise<Links>;
}

export interface Booted {
  readonly worker: Worker;
  readonly admin: AccountAdmin;
  /** Resolves when this worker owns its addresses and connections may come. */
  readonly ready: Promise<void>;
  /** Stores what can be resumed, ends every stream, lets go of links and storage. */
  stop(): Promise<void>;
}

/** Links of a server that is one process. */
const NO_LINKS: Links = {
  send: () => {
    throw new OperatorError(
      'no-links',
      'There is no other worker.',
      'This is a bug: please report it.',
    );
  },
  settle: () => undefined,
  room: () => Number.MAX_SAFE_INTEGER,
  close: () => Promise.resolve(),
};

export async function boot(options: BootOptions): Promise<Booted> {
  const { settings, placement, log } = options;
  const crossing = new Crossing();
  const worker = await startWorker({
    settings,
    modules: [...STANDARD_MODULES, ...(await externalModules(settings))],
    placement,
    crossing,
    epoch: options.epoch,
    storageMode: options.storageMode,
    databasePath: databasePath(settings),
    forceRewrite: settings.forceRewrite,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log,
  });
  let owns: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    owns = resolve;
  });
  let links: Links = NO_LINKS;
  connectLinks(
    crossing,
    worker,
    placement,
    log,
    () => links,
    () => owns(),
  );
  if (options.openLinks === undefined) owns();
  else links = await options.openLinks(crossing);
  await ready;
  const restored = await restoreSessions(worker, (bare) => placement.locate(bare) === 'here', log);
  if (restored > 0)
    log.info({ sessions: restored }, 'sessions of the last run wait for their clients');
  warmUp(worker.reader);
  // PERF(docs/performance.md): 9 MiB of 48. Later and alone, because a part of the warm-up is lost by it.
  const idle = systemTimers.after(GIVE_BACK_MS, () => {
    if (worker.sessions.size === 0 && worker.connections() === 0) void giveBack(systemTimers);
  });
  const admin = new AccountAdmin({
    store: worker.store,
    commits: worker.commits,
    hashing: worker.hashing,
    iterations: settings.auth.iterations,
    random: systemRandom,
    clock: systemClock,
    removals: () => [worker.storage.statement(SESSIONS_REMOVAL), ...worker.host.removals()],
    changed: (address, what) => {
      if (what === 'removed') worker.accounts.endAll(address, 'not-authorized');
      worker.accounts.cache.forget(address);
    },
  });
  return {
    worker,
    admin,
    ready,
    stop: async () => {
      idle.cancel();
      const kept = await drain(worker, { clock: systemClock, timers: systemTimers, log });
      if (kept > 0) log.info({ sessions: kept }, 'sessions were stored for the next start');
      await links.close();
      await worker.close();
    },
  };
}

/** Third-party modules: npm packages named in the configuration that export `module`. */
async function externalModules(settings: Settings): Promise<Module[]> {
  const known = new Set(STANDARD_MODULES.map((module) => module.declaration.name));
  const names = Object.keys(settings.modules).filter(
    (name) => !known.has(name) && settings.modules[name] !== false,
  );
  return await Promise.all(names.map(async (name) => await loadExternal(name, settings)));
}

async function loadExternal(name: string, settings: Settings): Promise<Module> {
  const { importModule } = await import('./external-modules.ts');
  return await importModule(name, settings.file);
}
