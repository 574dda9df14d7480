// The composition root of a worker: every part made once, in order, and wired. Nothing here decides anything.
import { availableParallelism } from 'node:os';
import type { Socket } from 'node:net';
import type { Accounts } from '../account/accounts.ts';
import type { SessionKeeper } from '../account/session-keeper.ts';
import type { AccountsStore } from '../account/accounts-store.ts';
import type { Commits } from '../account/commits.ts';
import type { ServerLists } from '../admin/server-lists.ts';
import { unpackStored } from '../account/stored-sessions.ts';
import { Authenticator, type AuthExtras } from '../auth/authenticator.ts';
import { DevicesStore } from '../auth/devices-store.ts';
import { Hashing } from '../auth/hashing.ts';
import { SealedTokens } from '../auth/sealed-tokens.ts';
import { LoginThrottle } from '../auth/throttle.ts';
import { TokenLogin } from '../auth/token-login.ts';
import type { C2sParts } from '../c2s/c2s-parts.ts';
import { ClientStream } from '../c2s/client-stream.ts';
import { bindFeatureList, FirstFeatures } from '../c2s/features.ts';
import type { Settings } from '../config/index.ts';
import { inOrder, type Host } from '../host/host.ts';
import type { Module, ModuleHost } from '../host/module.ts';
import type { Registrar } from '../host/registrar.ts';
import type { Placement } from '../placement/placement.ts';
import { isResourceOf } from '../auth/device-label.ts';
import { parseJid, type BareJid, type JidCache } from '../protocol/jid.ts';
import type { Crossing } from '../router/crossing.ts';
import type { Router } from '../router/router.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { openStorage, type StorageMode } from '../storage/sqlite/open.ts';
import type { Storage } from '../storage/storage.ts';
import type { ReadGate } from '../transport/read-gate.ts';
import { WriteTick } from '../transport/write-tick.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { Certificates } from './certificates.ts';
import { composeDomain, reportBug, type WorkerPorts } from './domain.ts';
import type { Door } from './door.ts';
import { MemoryGuard } from './memory-guard.ts';
import { serverSecret } from './secrets.ts';
import { giveBack } from './give-back.ts';
import { KeyReplacement } from './key-replacement.ts';
import { LiveSettings, type LiveC2sParts } from './live-settings.ts';
import { serverSchema } from './server-schema.ts';
import { anonymousHosts, clientSettings } from './worker-settings.ts';

/** The module without which devices are not remembered and get no tokens. */
const DEVICES = 'devices';

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
  /** Runs an administrative command for a module. */
  readonly run?: ModuleHost['run'];
  readonly registrar?: Registrar;
}

/** Everything of one worker that others speak to. */
export interface Worker {
  readonly storage: Storage;
  /** What holds now. */
  settings(): Settings;
  /** A reload. @throws OperatorError for certificates that cannot be used; then nothing has changed */
  configure(settings: Settings): void;
  readonly accounts: Accounts;
  readonly keeper: SessionKeeper;
  readonly store: AccountsStore;
  readonly lists: ServerLists;
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
  /** Undefined: the module is left out. */
  readonly devices: DevicesStore | undefined;
  /** Ends the sessions of a device that are on this worker, whoever owns its account. @returns how many */
  endDevice(address: BareJid, id: string): number;
  /** Takes a connection, unread. */
  accept(socket: Socket, kind: 'c2s' | 'c2s-tls'): void;
  /** No byte of a client is handled from here on. */
  stopReading(): void;
  /** A stored session exists again. @returns false: it does not. Rejects for one that is damaged or of another version */
  restore(local: string, domain: string, stored: string): Promise<boolean>;
  /** There may be room again in storage and links: sockets are read on. */
  relieve(): void;
  countSessions(domain: string | undefined): { online: number; hibernating: number };
  readonly memory: MemoryGuard;
  /** Reads the certificates in force from their files. @throws OperatorError; then those before stay */
  renewCertificates(): void;
  /** Connections accepted and not yet closed. */
  connections(): number;
  close(): Promise<void>;
}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { settings, clock, timers, random, log, placement } = options;
  const modules = inOrder(
    options.modules.filter((module) => settings.modules[module.declaration.name] !== false),
  );
  const storage = await openStorage({
    path: options.databasePath,
    // Of all modules: what one of them keeps of an account goes with it, even if it is left out now.
    schema: serverSchema(options.modules),
    mode: options.storageMode,
    synchronous: settings.synchronous,
    clock,
    timers,
    log,
  });
  const domain = composeDomain({
    settings,
    modules,
    placement,
    crossing: options.crossing,
    epoch: options.epoch,
    storage,
    ...(options.forceRewrite === undefined ? {} : { forceRewrite: options.forceRewrite }),
    ...(options.run === undefined ? {} : { run: options.run }),
    ...(options.registrar === undefined ? {} : { registrar: options.registrar }),
    clock,
    timers,
    random,
    log,
  });
  const { xml, jids, wheel, gate, commits, hosts, hostNames, sessions, door, host } = domain;
  await domain.lists.load();
  const hashing = new Hashing({
    concurrency: hashingConcurrency(settings.workers),
    maxQueued: settings.auth.maxQueued,
  });
  const certificates = new Certificates(settings);
  const secret = await serverSecret(storage, random, commits);
  const throttle = new LoginThrottle(clock, timers);
  const devices = modules.some((module) => module.declaration.name === DEVICES)
    ? new DevicesStore(
        storage,
        (...unit) => commits.submit(...unit),
        settings.auth.devicesPerAccount,
        log,
      )
    : undefined;
  const sealed = new SealedTokens(secret, random);
  const keys = new KeyReplacement(domain.store, commits);
  const authenticator = ({ auth }: Settings): Authenticator => {
    const { mechanisms, plainWithoutTls, downgradeProtection, iterations } = auth;
    const lifetimes = { lifetimeMs: auth.tokenLifetimeMs, rotationMs: auth.tokenRotationMs };
    const tokens = devices && new TokenLogin(devices, sealed, lifetimes, clock);
    const extras: AuthExtras = { ...(tokens === undefined ? {} : { tokens }), keys };
    return new Authenticator(
      domain.store,
      hashing,
      throttle,
      { mechanisms, plainWithoutTls, downgradeProtection, iterations, secret },
      random,
      extras,
    );
  };
  const tick = new WriteTick(reportBug(log, 'a write'));
  const bindFeatures = rememberedBy((list: readonly string[]) => bindFeatureList(list));
  let stopped = false;
  const streams = new Set<ClientStream>();
  const c2s: C2sParts & LiveC2sParts = {
    settings: clientSettings(settings),
    hosts,
    defaultDomain: hostNames[0] ?? 'localhost',
    auth: authenticator(settings),
    door,
    tls: certificates.tls,
    endPoint: (sni) => certificates.endPoint(sni),
    anonymousHosts: anonymousHosts(settings),
    certified: (tls, host) => certificates.certified(tls, host),
    features: new FirstFeatures(),
    xml,
    jids,
    transport: { tick, gate, writeBufferBytes: settings.limits.writeBufferBytes },
    wheel,
    clock,
    timers,
    random,
    log,
    moduleFeatures: () => host.streamFeatures(),
    moduleElement: (ns) => host.elementHandler(ns),
    bindFeatures: () => bindFeatures(host.bindFeatures()),
    takesInline: (ns) => host.bindFeatures().includes(ns) && !host.inlineBinds.takes(ns),
    early: host.early,
    onClosed: (stream) => {
      streams.delete(stream as ClientStream);
    },
  };
  const live = new LiveSettings(settings, {
    domain,
    c2s,
    certificates,
    hashing,
    devices,
    streams,
    authenticator,
  });
  const memory = new MemoryGuard({
    budgetBytes: () => live.current.limits.workerMemoryBytes,
    residentBytes: () => process.memoryUsage.rss(),
    collect: () => void giveBack(timers),
    emptyCaches: () => domain.accounts.cache.shed(),
    sessions: () => sessions.all(),
    streams: () => streams,
    clock,
    timers,
    log,
  });
  return {
    storage,
    settings: () => live.current,
    configure: (changed) => live.apply(changed),
    accounts: domain.accounts,
    keeper: domain.keeper,
    store: domain.store,
    lists: domain.lists,
    hashing,
    host,
    sessions,
    gate,
    commits,
    jids,
    reader: domain.reader,
    router: domain.router,
    door,
    streams,
    devices,
    endDevice: (address, id) => {
      const jid = parseJid(address);
      const label = c2s.auth.label(jid, id);
      let ended = 0;
      // Those whose connection is here, also when they chose their resource themselves; then those that hibernate.
      for (const stream of [...streams].filter((one) => one.isOf(jid.bare, label))) {
        stream.revoke();
        ended++;
      }
      for (const session of [...sessions.all()]) {
        if (session.jid.bare !== jid.bare || !isResourceOf(session.jid.resource, label)) continue;
        session.end('not-authorized');
        ended++;
      }
      return ended;
    },
    accept: (socket, kind) => {
      if (stopped) socket.destroy();
      else streams.add(new ClientStream(socket, kind === 'c2s-tls', c2s));
    },
    stopReading: () => {
      stopped = true;
      door.close();
      for (const stream of streams) stream.stopReading();
    },
    restore: async (local, domain, stored) =>
      await door.restore(local, domain, unpackStored(stored as Bytes)),
    relieve: () => domain.relieve(),
    countSessions: (domain) => {
      const count = { online: 0, hibernating: 0 };
      for (const session of sessions.all()) {
        if (domain !== undefined && session.jid.domain !== domain) continue;
        if (session.connected) count.online++;
        else count.hibernating++;
      }
      return count;
    },
    memory,
    renewCertificates: () => certificates.reload(live.current),
    connections: () => streams.size,
    close: async () => {
      memory.stop();
      domain.stop();
      await storage.close();
    },
  };
}

/** A function that gives the same result for the same argument as the last time. */
function rememberedBy<A, R>(make: (argument: A) => R): (argument: A) => R {
  let last: { readonly argument: A; readonly result: R } | undefined;
  return (argument) => {
    if (last?.argument !== argument) last = { argument, result: make(argument) };
    return last.result;
  };
}

/** cores − 1 in all, shared by the workers. */
function hashingConcurrency(workers: number): number {
  return Math.max(1, Math.floor((availableParallelism() - 1) / workers));
}
