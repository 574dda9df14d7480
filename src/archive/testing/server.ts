// A server of one worker without sockets: the real host, accounts, engines, sessions and SQLite, on a clock of the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccountCache } from '../../account/account-cache.ts';
import { Accounts } from '../../account/accounts.ts';
import { SessionKeeper } from '../../account/session-keeper.ts';
import { STORED_SESSIONS_SCHEMA } from '../../account/stored-sessions.ts';
import { ACCOUNTS_SCHEMA } from '../../account/accounts-store.ts';
import type { Attached } from '../../account/attach.ts';
import { Commits } from '../../account/commits.ts';
import { IqEngine, IqHandlers } from '../../account/iq-engine.ts';
import { LocalHome } from '../../account/local-home.ts';
import { PLAIN } from '../../account/outlet.ts';
import { MessageEngine } from '../../account/message-engine.ts';
import { Gates } from '../../account/gates.ts';
import { PresenceEngine } from '../../account/presence-engine.ts';
import { ManualTime } from '../../auth/testing/manual-time.ts';
import { Host, inOrder, schemaOf } from '../../host/host.ts';
import type { Module } from '../../host/module.ts';
import { localPlacement } from '../../placement/local.ts';
import { JidCache, parseJid } from '../../protocol/jid.ts';
import { Router } from '../../router/router.ts';
import { Session } from '../../session/session.ts';
import type { SessionStream } from '../../session/session-stream.ts';
import type { EndReason, SessionPort } from '../../session/session-port.ts';
import { StreamManagement } from '../../session/stream-management.ts';
import { openStorage } from '../../storage/sqlite/open.ts';
import type { QueryDef, Storage } from '../../storage/storage.ts';
import { silentLog, type Log } from '../../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../../util/system-clock.ts';
import { Wheel } from '../../util/wheel.ts';
import { utf8, type Bytes } from '../../xml/bytes.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';
import { XmlContext } from '../../xml/xml-context.ts';

export const DOMAIN = 'example.org';

/** The way to the owner, on which the test says what is sent again. */
class TestHome extends LocalHome {
  again = false;

  override send(...[session, stanza, to, , debtor, n]: Parameters<LocalHome['send']>): void {
    super.send(session, stanza, to, this.again, debtor, n);
  }
}

/** One client: what it was sent, and what it sends. */
export class TestClient implements SessionStream, SessionPort {
  readonly sent: string[] = [];
  readonly crowded = false;
  session!: Session;
  home!: TestHome;
  private readonly server: TestServer;
  private stanzas = 0;

  constructor(server: TestServer) {
    this.server = server;
  }

  write(bytes: Bytes): void {
    this.sent.push(bytes);
    if (/^<(message|presence|iq)/.test(bytes)) this.stanzas++;
  }

  fail(): void {
    this.sent.push('</stream:stream>');
  }

  cut(): void {
    this.sent.push('');
  }

  deliver(stanza: Bytes, reference: number): void {
    this.session.deliver(stanza, reference);
  }

  end(reason: EndReason): void {
    this.session.end(reason);
  }

  /** Sends a stanza, marked as sent again if asked. */
  send(xml: string, again = false): void {
    this.home.again = again;
    const stanza = this.server.reader.read(utf8(xml));
    this.session.receive(stanza, stanza.to === undefined ? undefined : parseJid(stanza.to));
  }

  available(): void {
    this.send('<presence/>');
  }

  /** Turns XEP-0198 on. @param token of a session that can be resumed for ten minutes */
  manage(token = ''): void {
    this.session.enable(new StreamManagement(token, 600_000, () => this.session.settled()));
    this.stanzas = 0;
  }

  /** Acknowledges so many stanzas in all; all that it was sent since `manage`, if not told otherwise. */
  acknowledge(count = this.stanzas): void {
    this.session.acknowledged(count);
  }

  /** The connection is gone and does not come back; a session that can be resumed waits for it. */
  drop(): void {
    this.session.disconnected(this);
  }

  /** Numbers that the server confirms. */
  get h(): number {
    return this.session.management?.h ?? -1;
  }

  get messages(): string[] {
    return this.sent.filter((stanza) => stanza.startsWith('<message'));
  }

  get bodies(): string[] {
    return this.messages.flatMap((stanza) => /<body>(.*?)<\/body>/.exec(stanza)?.[1] ?? []);
  }

  /** What was sent since the last call. */
  take(): string[] {
    return this.sent.splice(0);
  }
}

interface TestServerOptions {
  readonly modules: readonly Module[];
  readonly options?: Readonly<Record<string, unknown>>;
  /** Reads of the test itself. */
  readonly reads?: readonly QueryDef[];
  readonly directory?: string;
  readonly time?: ManualTime;
  readonly log?: Log;
  /** What modules write. */
  readonly moduleLog?: Log;
}

export class TestServer {
  readonly directory: string;
  readonly time: ManualTime;
  readonly xml = new XmlContext();
  readonly reader = new StanzaReader(this.xml);
  storage!: Storage;
  accounts!: Accounts;
  keeper!: SessionKeeper;
  host!: Host;
  private readonly options: TestServerOptions;
  private wheel!: Wheel;
  private sessions = 0;

  private constructor(options: TestServerOptions) {
    this.options = options;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'xmppd-archive-'));
    this.time = options.time ?? new ManualTime();
  }

  static async open(options: TestServerOptions): Promise<TestServer> {
    const server = new TestServer(options);
    await server.start();
    return server;
  }

  /** Closes and opens again; without `graceful` modules are not told. */
  async restart(graceful: boolean): Promise<TestServer> {
    if (graceful) this.host.stopAll();
    this.wheel.stop();
    await this.storage.close();
    return await TestServer.open({ ...this.options, directory: this.directory, time: this.time });
  }

  async close(): Promise<void> {
    this.host.stopAll();
    this.wheel.stop();
    await this.storage.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async addAccount(local: string): Promise<number> {
    const unit = this.storage.unit();
    const address = `${local}@${DOMAIN}`;
    unit.add(this.storage.statement('accounts.address'), address);
    unit.add(
      this.storage.statement('accounts.create'),
      local,
      DOMAIN,
      Buffer.from('{}'),
      0,
      address,
    );
    this.storage.submit(unit, 0);
    await this.settle();
    const rows = await this.storage.read(this.storage.query('accounts.find'), [local, DOMAIN]);
    return rows[0]?.[0] as number;
  }

  /** Binds a resource. */
  async login(local: string, resource: string): Promise<TestClient> {
    const client = new TestClient(this);
    const id = ++this.sessions;
    const jid = parseJid(`${local}@${DOMAIN}`);
    const request = { jid, resource, id, worker: 0, port: client };
    const bound = await new Promise<Attached>((resolve) => {
      this.accounts.attach(request, resolve);
    });
    if (bound.refused !== undefined) throw new TypeError(bound.refused);
    client.home = new TestHome(this.accounts, this.keeper, bound.account, bound.session);
    client.session = new Session(id, bound.session.jid, client.home, client, {
      wheel: this.wheel,
      clock: this.time,
      limits: {
        unacknowledgedStanzas: 5000,
        unacknowledgedBytes: 8 * 1024 * 1024,
        resumeTimeoutMs: 0,
      },
      onEnd: () => undefined,
    });
    return client;
  }

  /** Waits until everything that was written or asked is done. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      const { submitted, done, readsWaiting } = this.storage.stats();
      if (submitted !== done || readsWaiting > 0) {
        quiet = -1;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  async pass(ms: number): Promise<void> {
    await this.time.pass(ms);
    await this.settle();
  }

  /** Loads the accounts anew, as if they had left the memory. */
  forget(local: string): void {
    this.accounts.cache.forget(parseJid(`${local}@${DOMAIN}`).bare);
  }

  private async start(): Promise<void> {
    const { time, reader } = this;
    const log = this.options.log ?? silentLog;
    const modules = inOrder(this.options.modules);
    const schema = schemaOf(modules, {
      migrations: [...ACCOUNTS_SCHEMA.migrations, ...STORED_SESSIONS_SCHEMA.migrations],
      writes: [...ACCOUNTS_SCHEMA.writes, ...STORED_SESSIONS_SCHEMA.writes],
      reads: [...ACCOUNTS_SCHEMA.reads, ...STORED_SESSIONS_SCHEMA.reads],
    });
    const tests = { ...schema, reads: [...schema.reads, ...(this.options.reads ?? [])] };
    this.storage = await openStorage({
      path: join(this.directory, 'xmppd.db'),
      schema: tests,
      mode: { kind: 'thread' },
      synchronous: 'OFF',
      clock: systemClock,
      timers: systemTimers,
      log: silentLog,
    });
    const jids = new JidCache();
    const commits = new Commits(this.storage, () => undefined);
    const elsewhere = { forward: () => undefined, fanOut: () => undefined };
    const router = new Router({
      placement: localPlacement,
      hosts: new Set([DOMAIN]),
      elsewhere,
      reader,
    });
    const handlers = new IqHandlers();
    this.wheel = new Wheel(time, time, () => undefined);
    this.host = new Host({
      storage: this.storage,
      xml: this.xml,
      hosts: [DOMAIN],
      clock: time,
      timers: time,
      random: systemRandom,
      log: this.options.moduleLog ?? silentLog,
      addIq: (...iq) => handlers.add(...iq),
      removeIq: (target, ns, name) => {
        handlers.remove(target, ns, name);
      },
      accounts: () => this.accounts.cache.all(),
      send: (stanza, from, to) => {
        router.route(stanza, from, to, PLAIN, undefined, 0);
      },
      fanOut: (stanza, from, to) => {
        router.fanOut(stanza, from, to);
      },
      mayTell: (stanza, account, to) => gates.mayTell(stanza, account, to),
      address: (text) => jids.get(text),
    });
    const { host } = this;
    const gates = new Gates(host.hooks, log);
    const iqs = new IqEngine(handlers, commits, router, time, log);
    const cache = new AccountCache({
      commits,
      loaders: () => host.loaders,
      findAccount: this.storage.query('accounts.find'),
      limits: { inboxStanzas: 100_000, cachedAccounts: 1000 },
      clock: time,
      log: silentLog,
    });
    this.keeper = new SessionKeeper(host.hooks, commits, reader, host.namedSessionSlots);
    this.accounts = new Accounts({
      cache,
      hooks: host.hooks,
      outlet: router,
      messages: new MessageEngine(host.hooks, commits, router, { clock: time, timers: time }, log),
      iqs,
      presences: new PresenceEngine({
        hooks: host.hooks,
        gates,
        commits,
        outlet: router,
        reader,
        log: silentLog,
        rules: () => host.presenceRules,
      }),
      gates,
      limits: {
        sessionsPerAccount: 32,
        resourceConflict: 'replace',
      },
      clock: time,
      log: silentLog,
      newResource: () => 'made',
      reader,
      jids,
      inlineBinds: host.inlineBinds,
    });
    router.connect(this.accounts, iqs);
    for (const module of modules) {
      host.start(module, this.options.options?.[module.declaration.name]);
    }
  }
}
