// Boots a worker, alone or beside others: a flat list of steps, each finished before the next.
import type { LinkHandler, Links } from '../cluster/link.ts';
import type { Settings } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';
import type { Placement } from '../placement/placement.ts';
import { Crossing } from '../router/crossing.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import type { Module } from '../host/module.ts';
import type { Log } from '../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../util/system-clock.ts';
import { AccountAdmin } from './account-admin.ts';
import { connectLinks, NO_LINKS } from './domain.ts';
import { drain, restoreSessions } from './drain.ts';
import { databasePath } from './paths.ts';
import { SESSIONS_REMOVAL } from './server-schema.ts';
import { startWorker, type Worker } from './worker.ts';

export interface BootOptions {
  readonly settings: Settings;
  readonly placement: Placement;
  readonly epoch: number;
  readonly storageMode: StorageMode;
  readonly log: Log;
  /** Opens the links to the other workers, prepared before anybody can connect; absent where there are none. */
  readonly openLinks?: (
    handler: LinkHandler,
    prepare: (links: Links) => Promise<void>,
  ) => Promise<Links>;
}

export interface Booted {
  readonly worker: Worker;
  readonly admin: AccountAdmin;
  /** Resolves when this worker owns its addresses and connections may come. */
  readonly ready: Promise<void>;
  /** Stores what can be resumed, ends every stream, lets go of links and storage. */
  stop(): Promise<void>;
}

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
  // Before any frame: other workers ask for these sessions, and send to them, as soon as this one owns its addresses.
  const prepare = async (made: Links): Promise<void> => {
    links = made;
    const isHere = (bare: string): boolean => placement.locate(bare) === 'here';
    const sessions = await restoreSessions(worker, isHere, log);
    if (sessions > 0) log.info({ sessions }, 'sessions of the last run wait for their clients');
  };
  if (options.openLinks === undefined) await prepare(NO_LINKS).then(owns);
  else links = await options.openLinks(crossing, prepare);
  await ready;
  const admin = new AccountAdmin({
    store: worker.store,
    commits: worker.commits,
    hashing: worker.hashing,
    iterations: () => worker.settings().auth.iterations,
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
