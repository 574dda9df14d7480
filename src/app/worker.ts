// The composition root of a worker: every part made once, in order, and wired. Nothing here decides anything.
import { availableParallelism } from 'node:os';
import type { Socket } from 'node:net';
import { AccountCache } from '../account/account-cache.ts';
import { Accounts } from '../account/accounts.ts';
import { SessionKeeper } from '../account/session-keeper.ts';
import { AccountsStore } from '../account/accounts-store.ts';
import { Commits, LOW_ROOM } from '../account/commits.ts';
import { unpackStored } from '../account/stored-sessions.ts';
import { IqEngine, IqHandlers } from '../account/iq-engine.ts';
import { MessageEngine } from '../account/message-engine.ts';
import { PresenceEngine } from '../account/presence-engine.ts';
import { Authenticator } from '../auth/authenticator.ts';
import { Hashing } from '../auth/hashing.ts';
import { LoginThrottle } from '../auth/throttle.ts';
import type { C2sParts } from '../c2s/c2s-parts.ts';
import { ClientStream } from '../c2s/client-stream.ts';
import type { Settings } from '../config/index.ts';
import { Host, inOrder } from '../host/host.ts';
import type { Module } from '../host/module.ts';
import type { Placement } from '../placement/placement.ts';
import { JidCache } from '../protocol/jid.ts';
import type { Crossing } from '../router/crossing.ts';
import { Router } from '../router/router.ts';
import { SessionRegistry } from '../session/registry.ts';
import { openStorage, type StorageMode } from '../storage/sqlite/open.ts';
import type { Storage } from '../storage/storage.ts';
import { ReadGate } from '../transport/read-gate.ts';
import { WriteTick } from '../transport/write-tick.ts';
import type { Clock, Random, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { Wheel } from '../util/wheel.ts';
import type { Bytes } from '../xml/bytes.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import { Certificates } from './certificates.ts';
import { Door } from './door.ts';
import { serverSecret } from './secrets.ts';
import { serverSchema } from './server-schema.ts';
import { clientSettings, sessionLimits } from './worker-settings.ts';

export interface WorkerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export interface WorkerOptions extends WorkerPorts {
  readonly settings: Settings;
  readonly modules: readonly Module[];
  readonly placement: Placement;
  readonly crossing: Crossing;
  /** Of this process in its slot: numbers of an earlier one never come again. */
  readonly epoch: number;
  readonly storageMode: StorageMode;
  readonly databasePath: string;
  /** A test switch: every stanza is written from tokens. */
  readonly forceRewrite?: boolean;
}

/** Everything of one worker that others speak to. */
export interface Worker {
  readonly storage: Storage;
  readonly accounts: Accounts;
  readonly keeper: SessionKeeper;
  readonly store: AccountsStore;
  readonly hashing: Hashing;
  readonly host: Host;
  readonly sessions: SessionRegistry;
  readonly gate: ReadGate;
  readonly commits: Commits;
  readonly jids: JidCache;
  readonly reader: StanzaReader;
  readonly router: Router;
  readonly door: Door;
  readonly streams: ReadonlySet<ClientStream>;
  /** Takes a connection, unread. */
  accept(socket: Socket, kind: 'c2s' | 'c2s-tls'): void;
  /** No byte of a client is handled from here on. */
  stopReading(): void;
  /** A stored session exists again. */
  restore(local: string, domain: string, stored: string): void;
  /** There may be room again in storage and links: sockets are read on. */
  relieve(): void;
  countSessions(domain: string | undefined): { online: number; hibernating: number };
  /** What the status shows. */
  load(): { readonly [name: string]: number };
  /** Connections accepted and not yet closed. */
  connections(): number;
  close(): Promise<void>;
}

/** Accounts without sessions that stay in memory. */
const CACHED_ACCOUNTS = 10_000;

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { settings, clock, timers, random, log, placement } = options;
  const modules = inOrder(
    options.modules.filter((module) => settings.modules[module.declaration.name] !== false),
  );
  const storage = await openStorage({
    path: options.databasePath,
    schema: serverSchema(modules),
    mode: options.storageMode,
    clock,
    timers,
    log,
  });
  const xml = new XmlContext();
  xml.forceRewrite = options.forceRewrite ?? false;
  const jids = new JidCache();
  const reader = new StanzaReader(xml);
  const bug =
    (what: string) =>
    (error: unknown): void => {
      log.error({ err: error }, `${what} failed. This is a bug.`);
    };
  const wheel = new Wheel(clock, timers, bug('a deadline'));
  const gate = new ReadGate();
  const relieve = (): void => {
    // SECURITY: nothing behind the sockets grows without bound: no room, no reading.
    if (storage.room < LOW_ROOM || options.crossing.crowded) gate.close();
    else gate.open();
  };
  const commits = new Commits(storage, relieve);
  const hostNames = settings.hosts.map((host) => host.domain);
  const hosts = new Set<string>(hostNames);
  const router = new Router({ placement, hosts, elsewhere: options.crossing, reader });
  const handlers = new IqHandlers();
  const accountsStore = new AccountsStore(storage);
  const host: Host = new Host({
    storage,
    xml,
    hosts: hostNames,
    clock,
    timers,
    random,
    log,
    addIq: (target, ns, name, handler) => handlers.add(target, ns, name, handler),
    removeIq: (target, ns, name) => handlers.remove(target, ns, name),
    accounts: () => cache.all(),
    send: (stanza) => {
      const from = jids.get(stanza.from ?? '');
      const to = jids.get(stanza.to ?? '');
      if (from !== undefined && to !== undefined)
        router.route(stanza, from, to, { owed: false, again: false }, undefined, 0);
    },
  });
  const iqs = new IqEngine(handlers, commits, router, log);
  const cache: AccountCache = new AccountCache({
    commits,
    loaders: () => host.loaders,
    findAccount: accountsStore.findQuery,
    inboxStanzas: settings.limits.inboxStanzas,
    cachedAccounts: CACHED_ACCOUNTS,
    clock,
    log,
  });
  const keeper = new SessionKeeper(host.hooks, commits, reader, host.namedSessionSlots);
  const accounts: Accounts = new Accounts({
    cache,
    hooks: host.hooks,
    outlet: router,
    messages: new MessageEngine(host.hooks, commits, router, log),
    iqs,
    presences: new PresenceEngine(host.hooks, reader, log),
    limits: {
      sessionsPerAccount: settings.limits.sessionsPerAccount,
      resourceConflict: settings.resourceConflict,
    },
    clock,
    log,
    newResource: () => random.id(),
    reader,
    jids,
  });
  router.connect(accounts, iqs);
  const sweep = timers.every(1000, () => cache.sweep());
  for (const module of modules) {
    const name = module.declaration.name;
    const given = settings.modules[name];
    host.start(module, optionsFor(module, settings, given === false ? undefined : given));
  }
  const hashing = new Hashing({
    concurrency: hashingConcurrency(settings.workers),
    maxQueued: settings.auth.maxQueued,
  });
  const certificates = new Certificates(settings);
  const sessions = new SessionRegistry(options.epoch);
  const tick = new WriteTick(bug('a write'));
  const door = new Door({
    accounts,
    keeper,
    sessions,
    placement,
    crossing: options.crossing,
    random,
    session: {
      wheel,
      clock,
      limits: sessionLimits(settings),
      onEnd: (session) => sessions.remove(session),
    },
  });
  let stopped = false;
  const streams = new Set<ClientStream>();
  const c2s: C2sParts = {
    settings: clientSettings(settings),
    hosts,
    defaultDomain: hostNames[0] ?? 'localhost',
    auth: new Authenticator(
      accountsStore,
      hashing,
      new LoginThrottle(clock, timers),
      {
        mechanisms: settings.auth.mechanisms,
        plainWithoutTls: settings.auth.plainWithoutTls,
        iterations: settings.auth.iterations,
        secret: await serverSecret(storage, random, commits),
      },
      random,
    ),
    door,
    tls: certificates.tls,
    endPoint: (domain) => certificates.endPoint(domain),
    xml,
    jids,
    transport: { tick, gate, writeBufferBytes: settings.limits.writeBufferBytes },
    wheel,
    clock,
    timers,
    random,
    log,
    moduleFeatures: () => host.streamFeatures(),
    onClosed: (stream) => {
      streams.delete(stream as ClientStream);
    },
  };
  return {
    storage,
    accounts,
    keeper,
    store: accountsStore,
    hashing,
    host,
    sessions,
    gate,
    commits,
    jids,
    reader,
    router,
    door,
    streams,
    accept: (socket, kind) => {
      if (stopped) socket.destroy();
      else streams.add(new ClientStream(socket, kind === 'c2s-tls', c2s));
    },
    stopReading: () => {
      stopped = true;
      for (const stream of streams) stream.stopReading();
    },
    restore: (local, domain, stored) => {
      door.restore(local, domain, unpackStored(stored as Bytes));
    },
    relieve,
    countSessions: (domain) => {
      const count = { online: 0, hibernating: 0 };
      for (const session of sessions.all()) {
        if (domain !== undefined && session.jid.domain !== domain) continue;
        if (session.connected) count.online++;
        else count.hibernating++;
      }
      return count;
    },
    load: () => ({ sessions: sessions.size }),
    connections: () => streams.size,
    close: async () => {
      sweep.cancel();
      wheel.stop();
      host.stopAll();
      await storage.close();
    },
  };
}

/** cores − 1 in all, shared by the workers. */
function hashingConcurrency(workers: number): number {
  return Math.max(1, Math.floor((availableParallelism() - 1) / workers));
}

/** Some features have a section of their own in the file, the others stand below `modules`. */
function optionsFor(module: Module, settings: Settings, given: unknown): unknown {
  const { name, options } = module.declaration;
  if (name === 'archive') return settings.archive;
  if (name === 'offline') return settings.offline;
  return options === undefined ? given : options.parse(given ?? {});
}
