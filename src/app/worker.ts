// The composition root of a worker: every part made once, in order, and wired. Nothing here decides anything.
import { availableParallelism } from 'node:os';
import type { Socket } from 'node:net';
import { Accounts } from '../account/accounts.ts';
import { ACCOUNTS_SCHEMA, AccountsStore } from '../account/accounts-store.ts';
import { Commits } from '../account/commits.ts';
import { IqEngine, IqHandlers } from '../account/iq-engine.ts';
import { MessageEngine } from '../account/message-engine.ts';
import { PresenceEngine } from '../account/presence-engine.ts';
import { Authenticator } from '../auth/authenticator.ts';
import { Hashing } from '../auth/hashing.ts';
import { LoginThrottle } from '../auth/throttle.ts';
import type { C2sParts } from '../c2s/c2s-parts.ts';
import { ClientStream } from '../c2s/client-stream.ts';
import type { Settings } from '../config/index.ts';
import { Host, inOrder, schemaOf } from '../host/host.ts';
import type { Module } from '../host/module.ts';
import type { Placement } from '../placement/placement.ts';
import { JidCache } from '../protocol/jid.ts';
import { Router, type Elsewhere } from '../router/router.ts';
import { SessionRegistry } from '../session/registry.ts';
import { openStorage, type StorageMode } from '../storage/sqlite/open.ts';
import type { Storage } from '../storage/storage.ts';
import { ReadGate } from '../transport/read-gate.ts';
import { WriteTick } from '../transport/write-tick.ts';
import type { Clock, Random, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { Wheel } from '../util/wheel.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import { Certificates } from './certificates.ts';
import { Door } from './door.ts';
import { serverSecret } from './secrets.ts';
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
  readonly elsewhere: Elsewhere;
  readonly storageMode: StorageMode;
  readonly databasePath: string;
  /** A test switch: every stanza is written from tokens. */
  readonly forceRewrite?: boolean;
}

/** Everything of one worker that others speak to. */
export interface Worker {
  readonly storage: Storage;
  readonly accounts: Accounts;
  readonly store: AccountsStore;
  readonly hashing: Hashing;
  readonly host: Host;
  readonly sessions: SessionRegistry;
  readonly gate: ReadGate;
  readonly commits: Commits;
  readonly jids: JidCache;
  /** Takes a connection, unread. */
  accept(socket: Socket, kind: 'c2s' | 'c2s-tls'): void;
  /** Connections accepted and not yet closed. */
  connections(): number;
  close(): Promise<void>;
}

/** Room below which sockets are not read. */
const LOW_ROOM = 1024;

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { settings, clock, timers, random, log, placement } = options;
  const modules = inOrder(options.modules.filter((module) => settings.modules[module.declaration.name] !== false));
  const storage = await openStorage({
    path: options.databasePath,
    schema: schemaOf(modules, ACCOUNTS_SCHEMA),
    mode: options.storageMode,
    clock,
    timers,
    log,
  });
  const xml = new XmlContext();
  xml.forceRewrite = options.forceRewrite ?? false;
  const jids = new JidCache();
  const reader = new StanzaReader(xml);
  const bug = (what: string) => (error: unknown): void => {
    log.error({ err: error }, `${what} failed. This is a bug.`);
  };
  const wheel = new Wheel(clock, timers, bug('a deadline'));
  const gate = new ReadGate();
  const commits = new Commits(storage, () => {
    if (storage.room >= LOW_ROOM) gate.open();
  });
  const hostNames = settings.hosts.map((host) => host.domain);
  const hosts = new Set<string>(hostNames);
  const router = new Router({ placement, hosts, elsewhere: options.elsewhere, reader });
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
    accounts: () => accounts.all(),
    send: (stanza) => {
      const from = jids.get(stanza.from ?? '');
      const to = jids.get(stanza.to ?? '');
      if (from !== undefined && to !== undefined) router.route(stanza, from, to, { owed: false, again: false }, undefined, 0);
    },
  });
  const iqs = new IqEngine(handlers, commits, router, log);
  const accounts: Accounts = new Accounts({
    hooks: host.hooks,
    commits,
    outlet: router,
    messages: new MessageEngine(host.hooks, commits, router, log),
    iqs,
    presences: new PresenceEngine(host.hooks, reader, log),
    loaders: () => host.loaders,
    findAccount: accountsStore.findQuery,
    limits: {
      inboxStanzas: settings.limits.inboxStanzas,
      sessionsPerAccount: settings.limits.sessionsPerAccount,
      cachedAccounts: 10_000,
      resourceConflict: settings.resourceConflict,
    },
    clock,
    log,
    newResource: () => random.id(),
    reader,
    jids,
  });
  router.connect(accounts, iqs);
  const sweep = timers.every(1000, () => accounts.sweep());
  for (const module of modules) {
    const name = module.declaration.name;
    const given = settings.modules[name];
    host.start(module, optionsFor(module, settings, given === false ? undefined : given));
  }
  const hashing = new Hashing({ concurrency: hashingConcurrency(settings.workers), maxQueued: settings.auth.maxQueued });
  const certificates = new Certificates(settings);
  const sessions = new SessionRegistry();
  const tick = new WriteTick(bug('a write'));
  const door = new Door({
    accounts,
    sessions,
    random,
    worker: placement.self,
    session: { wheel, clock, limits: sessionLimits(settings), onEnd: (session) => sessions.remove(session) },
  });
  const streams = new Set<object>();
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
    onClosed: (stream) => streams.delete(stream),
  };
  return {
    storage,
    accounts,
    store: accountsStore,
    hashing,
    host,
    sessions,
    gate,
    commits,
    jids,
    accept: (socket, kind) => {
      if (storage.room < LOW_ROOM) gate.close();
      streams.add(new ClientStream(socket, kind === 'c2s-tls', c2s));
    },
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
