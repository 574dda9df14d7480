// What a worker is without its edges: storage below, links beside it, sessions above; no socket, no TLS, no log-in.
// worker.ts puts sockets on it, test/sim runs it under a scheduler. Nothing here decides anything.
import { AccountCache } from '../account/account-cache.ts';
import { Accounts } from '../account/accounts.ts';
import { AccountsStore } from '../account/accounts-store.ts';
import { ServerLists } from '../admin/server-lists.ts';
import { ClientRequests } from '../account/client-requests.ts';
import { Commits, LOW_ROOM } from '../account/commits.ts';
import { IqEngine, IqHandlers } from '../account/iq-engine.ts';
import { PLAIN } from '../account/outlet.ts';
import { MessageEngine } from '../account/message-engine.ts';
import { Gates } from '../account/gates.ts';
import { PresenceEngine } from '../account/presence-engine.ts';
import { SessionKeeper } from '../account/session-keeper.ts';
import type { Links } from '../cluster/link.ts';
import type { Settings } from '../config/index.ts';
import { Host } from '../host/host.ts';
import type { Module, ModuleHost } from '../host/module.ts';
import type { Registrar } from '../host/registrar.ts';
import type { Placement } from '../placement/placement.ts';
import { JidCache } from '../protocol/jid.ts';
import type { Crossing } from '../router/crossing.ts';
import { Router } from '../router/router.ts';
import { SessionRegistry } from '../session/registry.ts';
import type { Storage } from '../storage/storage.ts';
import { ReadGate } from '../transport/read-gate.ts';
import type { Clock, Random, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { OperatorError } from '../util/errors.ts';
import { Wheel } from '../util/wheel.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import { Door } from './door.ts';
import { readVersion } from './version.ts';
import { domainLimits } from './worker-settings.ts';

export interface WorkerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export interface DomainOptions extends WorkerPorts {
  readonly settings: Settings;
  /** In the order of their needs (`inOrder`). */
  readonly modules: readonly Module[];
  readonly placement: Placement;
  /** Connected later, by `connectLinks`. */
  readonly crossing: Crossing;
  /** Of this process in its slot: numbers of an earlier one never come again. */
  readonly epoch: number;
  readonly storage: Storage;
  /** A test switch: every stanza is written from tokens. */
  readonly forceRewrite?: boolean;
  /** Runs an administrative command for a module; absent: none can be run. */
  readonly run?: ModuleHost['run'];
  /** What modules may do to accounts; absent: nothing. */
  readonly registrar?: Registrar;
}

/** The parts that are made for every worker, wired to each other. */
export interface Domain {
  readonly storage: Storage;
  readonly xml: XmlContext;
  readonly jids: JidCache;
  readonly reader: StanzaReader;
  readonly wheel: Wheel;
  readonly gate: ReadGate;
  readonly commits: Commits;
  readonly hostNames: readonly string[];
  readonly hosts: ReadonlySet<string>;
  readonly router: Router;
  readonly store: AccountsStore;
  /** Empty until they are loaded. */
  readonly lists: ServerLists;
  readonly host: Host;
  readonly accounts: Accounts;
  readonly keeper: SessionKeeper;
  readonly sessions: SessionRegistry;
  readonly door: Door;
  /** What of the settings may change while it runs; hosts apart. */
  configure(settings: Settings): void;
  /** Domains served from now on; what is there of the others is the caller's to end. */
  serve(domains: readonly string[]): void;
  /** There may be room again in storage and links: sockets are read on. */
  relieve(): void;
  /** Modules write what is in memory alone, timers end. The storage is still open then. */
  stop(): void;
}

/** Makes every part once, in order, and wires them. @throws OperatorError when modules do not go together */
export function composeDomain(options: DomainOptions): Domain {
  const { settings, clock, timers, random, log, placement, crossing, storage } = options;
  const xml = new XmlContext();
  xml.forceRewrite = options.forceRewrite ?? false;
  const jids = new JidCache();
  const reader = new StanzaReader(xml);
  const wheel = new Wheel(clock, timers, reportBug(log, 'a deadline'));
  const gate = new ReadGate();
  const relieve = (): void => {
    // SECURITY: nothing behind the sockets grows without bound: no room, no reading.
    if (storage.room < LOW_ROOM || crossing.crowded) gate.close();
    else gate.open();
  };
  const commits = new Commits(storage, relieve);
  const hostNames: string[] = settings.hosts.map((host) => host.domain);
  const hosts = new Set<string>(hostNames);
  const limits = domainLimits(settings);
  const lists = new ServerLists(storage, settings.admins);
  const router = new Router({
    placement,
    hosts,
    elsewhere: crossing,
    reader,
    permits: ({ bare, domain }) => lists.permits(bare, domain),
  });
  const handlers = new IqHandlers();
  const store = new AccountsStore(storage);
  const requests = new ClientRequests(timers, random);
  const host: Host = new Host({
    storage,
    xml,
    hosts: hostNames,
    clock,
    timers,
    random,
    log,
    addIq: (...iq) => handlers.add(...iq),
    removeIq: (target, ns, name) => handlers.remove(target, ns, name),
    accounts: () => cache.all(),
    send: (stanza, from, to) => router.route(stanza, from, to, PLAIN, undefined, 0),
    fanOut: (stanza, from, to) => router.fanOut(stanza, from, to),
    mayTell: (stanza, account, to) => gates.mayTell(stanza, account, to),
    address: (text) => jids.get(text),
    isAdmin: ({ bare }) => {
      const account = cache.peek(bare);
      return account !== undefined && lists.isAdmin(bare, account.owner);
    },
    ...(options.run === undefined ? {} : { run: options.run }),
    version: readVersion(),
    ...(options.registrar === undefined ? {} : { registrar: options.registrar }),
    ask: (session, content, done) => {
      requests.ask(session, content, done);
    },
  });
  const gates = new Gates(host.hooks, log);
  const iqs = new IqEngine(handlers, commits, router, timers, log);
  const cache: AccountCache = new AccountCache({
    commits,
    loaders: () => host.loaders,
    findAccount: store.findQuery,
    limits: limits.cache,
    clock,
    log,
  });
  const keeper = new SessionKeeper(host.hooks, commits, reader, host.namedSessionSlots);
  const accounts: Accounts = new Accounts({
    cache,
    hooks: host.hooks,
    outlet: router,
    messages: new MessageEngine(host.hooks, commits, router, { clock, timers }, log),
    iqs,
    presences: new PresenceEngine({
      hooks: host.hooks,
      gates,
      commits,
      outlet: router,
      reader,
      log,
      rules: () => host.presenceRules,
    }),
    gates,
    requests,
    limits: limits.account,
    clock,
    log,
    newResource: () => random.id(),
    reader,
    jids,
    inlineBinds: host.inlineBinds,
  });
  router.connect(accounts, iqs);
  const sweep = timers.every(1000, () => {
    cache.sweep();
    // A gate that nothing else opens (its link was given up, nobody writes) would stay shut for ever.
    relieve();
  });
  for (const module of options.modules) {
    host.start(module, optionsFor(module, settings));
  }
  const sessions = new SessionRegistry(options.epoch);
  const door = new Door({
    accounts,
    keeper,
    sessions,
    placement,
    crossing,
    random,
    session: {
      wheel,
      clock,
      limits: limits.session,
      onEnd: (session) => sessions.remove(session),
    },
  });
  return {
    storage,
    xml,
    jids,
    reader,
    wheel,
    gate,
    commits,
    hostNames,
    hosts,
    router,
    store,
    lists,
    host,
    accounts,
    keeper,
    sessions,
    door,
    configure: (changed) => {
      const { cache, account, session } = domainLimits(changed);
      Object.assign(limits.cache, cache);
      Object.assign(limits.account, account);
      Object.assign(limits.session, session);
      lists.configure(changed.admins);
      for (const module of options.modules)
        host.configure(module.declaration.name, optionsFor(module, changed));
    },
    serve: (domains) => {
      // In place: whoever asked once sees it.
      hostNames.splice(0, hostNames.length, ...domains);
      hosts.clear();
      for (const domain of domains) hosts.add(domain);
    },
    relieve,
    stop: () => {
      sweep.cancel();
      wheel.stop();
      host.stopAll();
    },
  };
}

/** Links of a server that is one process. */
export const NO_LINKS: Links = {
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

/**
 * Connects a worker to its links, before any frame comes.
 * @param links asked at each use: they are opened with the crossing as their handler, so they come after it
 * @param onReady called once, when this worker owns its addresses
 */
export function connectLinks(
  crossing: Crossing,
  domain: Pick<
    Domain,
    'accounts' | 'sessions' | 'keeper' | 'reader' | 'jids' | 'router' | 'door' | 'relieve'
  >,
  placement: Placement,
  log: Log,
  links: () => Links,
  onReady: () => void,
): void {
  crossing.connect({
    get links() {
      return links();
    },
    placement,
    accounts: domain.accounts,
    sessions: domain.sessions,
    keeper: domain.keeper,
    reader: domain.reader,
    jids: domain.jids,
    log,
    send: (stanza, from, to) => domain.router.send(stanza, from, to),
    adopt: (account, token, done) => domain.door.adopt(account, token, done),
    onRoom: () => domain.relieve(),
    onReady,
  });
}

/** For parts that go on after a bug in one of their entries. */
export function reportBug(log: Log, what: string): (error: unknown) => void {
  return (error) => {
    log.error({ err: error }, `${what} failed. This is a bug.`);
  };
}

/** Some features have a section of their own in the file, the others stand below `modules`. */
function optionsFor(module: Module, settings: Settings): unknown {
  const { name, options } = module.declaration;
  const given = settings.modules[name] === false ? undefined : settings.modules[name];
  if (name === 'archive') return settings.archive;
  if (name === 'offline') return settings.offline;
  // A schema of its own file was applied when the configuration was read.
  return options === undefined || typeof options === 'function'
    ? given
    : options.parse(given ?? {});
}
