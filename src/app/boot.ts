// Boots a worker, alone or beside others: a flat list of steps, each finished before the next.
import type { LinkHandler, Links } from '../cluster/link.ts';
import type { Settings } from '../config/index.ts';
import { STANDARD_MODULES } from '../modules/standard.ts';
import type { Placement } from '../placement/placement.ts';
import { Crossing } from '../router/crossing.ts';
import type { StorageMode } from '../storage/sqlite/open.ts';
import type { Module, ModuleHost } from '../host/module.ts';
import { parseJid } from '../protocol/jid.ts';
import type { Log } from '../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../util/system-clock.ts';
import { AccountAdmin, type AccountAdminParts } from './account-admin.ts';
import { connectLinks, NO_LINKS } from './domain.ts';
import { drain, restoreSessions } from './drain.ts';
import { databasePath } from './paths.ts';
import { removalsOf, revocationsOf } from './server-schema.ts';
import { answerVerb } from './worker-verbs.ts';
import { AccountRegistrar } from './registrar.ts';
import { startWorker, type Worker } from './worker.ts';

export interface BootOptions {
  readonly settings: Settings;
  readonly placement: Placement;
  readonly epoch: number;
  readonly storageMode: StorageMode;
  readonly log: Log;
  /** Runs an administrative command for a module. */
  readonly run?: ModuleHost['run'];
  /** Opens the links to the other workers, prepared before anybody can connect; absent where there are none. */
  readonly openLinks?: (
    handler: LinkHandler,
    prepare: (links: Links) => Promise<void>,
  ) => Promise<Links>;
}

export interface Booted {
  readonly worker: Worker;
  readonly admin: AccountAdmin;
  /** Answers what an administrator asks of this worker. @throws OperatorError (rejects) */
  answer(verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Resolves when this worker owns its addresses and connections may come. */
  readonly ready: Promise<void>;
  /** Stores what can be resumed, ends every stream, lets go of links and storage. */
  stop(): Promise<void>;
}

export async function boot(options: BootOptions): Promise<Booted> {
  const { settings, placement, log } = options;
  const crossing = new Crossing();
  const modules = [...STANDARD_MODULES, ...(await externalModules(settings))];
  const registrar = new AccountRegistrar();
  const worker = await startWorker({
    registrar,
    settings,
    modules,
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
    ...(options.run === undefined ? {} : { run: options.run }),
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
    removals: () => removalsOf(modules, worker.storage),
    revocations: () => revocationsOf(modules, worker.storage),
    changed: accountChanged(worker),
  });
  registrar.connect(admin);
  return {
    worker,
    admin,
    ready,
    answer: (verb, args) => answerVerb({ ...worker, admin }, verb, args),
    stop: async () => {
      const kept = await drain(worker, { clock: systemClock, timers: systemTimers, log });
      if (kept > 0) log.info({ sessions: kept }, 'sessions were stored for the next start');
      await links.close();
      await worker.close();
    },
  };
}

/** Memory follows what was done to an account on disk. */
export function accountChanged({
  accounts,
  host,
}: Pick<Worker, 'accounts' | 'host'>): AccountAdminParts['changed'] {
  return (address, what) => {
    // Whoever is logged in must not stay so.
    if (what === 'removed' || what === 'disabled') accounts.endAll(address, 'not-authorized');
    if (what === 'removed' || what === 'created') accounts.cache.forget(address);
    if (what !== 'created') return;
    for (const { handler } of host.hooks.list('account.created')) handler(parseJid(address));
  };
}

/** Third-party modules: npm packages named in the configuration that export `module`. */
export async function externalModules(settings: Settings): Promise<Module[]> {
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
