// The roster module on the real host, iq engine and SQLite, without streams: stanzas in, stanzas out.
import { Account } from '../../account/account.ts';
import { ACCOUNTS_SCHEMA } from '../../account/accounts-store.ts';
import { Commits } from '../../account/commits.ts';
import { IqEngine, IqHandlers } from '../../account/iq-engine.ts';
import { SessionRef } from '../../account/session-ref.ts';
import { Host, schemaOf } from '../../host/host.ts';
import { makeJid, parseJid } from '../../protocol/jid.ts';
import { openStorage } from '../../storage/sqlite/open.ts';
import type { Storage } from '../../storage/storage.ts';
import { InvariantError } from '../../util/errors.ts';
import { silentLog } from '../../util/log.ts';
import { systemClock, systemRandom, systemTimers } from '../../util/system-clock.ts';
import { utf8, type Bytes } from '../../xml/bytes.ts';
import type { Element } from '../../xml/element.ts';
import { StanzaReader } from '../../xml/stanza-reader.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { XmlContext } from '../../xml/xml-context.ts';
import { roster } from '../index.ts';

/** One item of a result or a push, as a client would read it. */
export interface Item {
  readonly jid: string | undefined;
  readonly name: string | undefined;
  readonly subscription: string | undefined;
  readonly groups: readonly string[];
}

/** A client that is bound: it sends requests, and remembers all that it was sent. */
export class Client {
  readonly session: SessionRef;
  readonly account: Account;
  readonly received: Stanza[] = [];
  private readonly server: RosterServer;
  private nextId = 1;

  constructor(server: RosterServer, account: Account, resource: string) {
    this.server = server;
    this.account = account;
    const { local, domain } = account.jid;
    const port = {
      deliver: (stanza: Bytes) => void this.received.push(server.reader.read(stanza)),
      end: () => undefined,
    };
    this.session = new SessionRef(makeJid(local, domain, resource), 1, 0, port, silentLog);
    account.add(this.session);
  }

  /** Sends a request without waiting. @returns its id */
  send(type: string, query: string, to?: string): string {
    const id = `${this.session.jid.resource}-${(this.nextId++).toString()}`;
    const target = to === undefined ? this.account.jid : parseJid(to);
    const stanza = `<iq type='${type}' id='${id}'>${query}</iq>`;
    this.server.ask(this.server.reader.read(utf8(stanza)), this, target.bare);
    return id;
  }

  /** Sends a roster set of these items. @returns the answer's error condition, or 'result' */
  async set(items: string, to?: string): Promise<string> {
    const id = this.send('set', `<query xmlns='jabber:iq:roster'>${items}</query>`, to);
    return outcomeOf(await this.answerTo(id));
  }

  /** Asks for the roster. @returns the answer */
  async get(ver?: string): Promise<Stanza> {
    const attribute = ver === undefined ? '' : ` ver='${ver}'`;
    return this.answerTo(this.send('get', `<query xmlns='jabber:iq:roster'${attribute}/>`));
  }

  async answerTo(id: string): Promise<Stanza> {
    await this.server.settle();
    const answer = this.received.find((stanza) => stanza.id === id);
    if (answer === undefined) throw new InvariantError(`no answer to ${id}`);
    return answer;
  }

  /** Roster pushes since the last call. */
  pushes(): Stanza[] {
    const pushes = this.received.filter((stanza) => stanza.type === 'set');
    this.received.length = 0;
    return pushes;
  }

  /** The items of all pushes since the last call. */
  pushed(): Item[] {
    return this.pushes().flatMap(itemsOf);
  }
}

/** `condition` of an error, or the type of the answer. */
export function outcomeOf(answer: Stanza): string {
  const error = answer.element().getChild('error', 'jabber:client');
  const [condition] = error?.getChildElements() ?? [];
  return condition?.name ?? answer.type ?? '';
}

export function itemsOf(stanza: Stanza): Item[] {
  const query = stanza.firstChildElement();
  return (query?.getChildren('item', 'jabber:iq:roster') ?? []).map((item: Element) => ({
    jid: item.attrs['jid'],
    name: item.attrs['name'],
    subscription: item.attrs['subscription'],
    groups: item.getChildren('group').map((group) => group.getText()),
  }));
}

/** The `ver` of a result or push. */
export function versionOf(stanza: Stanza): string | undefined {
  return stanza.firstChildElement()?.attrs['ver'];
}

export interface FixtureOptions {
  /** A file that outlives the server; without, a temporary one. */
  readonly path?: string;
  readonly options?: Record<string, unknown>;
  readonly maxPages?: number;
}

export class RosterServer {
  readonly reader: StanzaReader;
  readonly storage: Storage;
  readonly host: Host;
  private readonly xml = new XmlContext();
  private readonly commits: Commits;
  private readonly iqs: IqEngine;
  private readonly accounts = new Map<string, Account>();

  static async open({ path = ':memory:', options = {}, maxPages }: FixtureOptions = {}) {
    const storage = await openStorage({
      path,
      schema: schemaOf([roster], ACCOUNTS_SCHEMA),
      clock: systemClock,
      timers: systemTimers,
      log: silentLog,
      mode: { kind: 'thread' },
      synchronous: 'OFF',
      ...(maxPages === undefined ? {} : { maxPages }),
    });
    return new RosterServer(storage, options);
  }

  private constructor(storage: Storage, options: Record<string, unknown>) {
    this.storage = storage;
    this.reader = new StanzaReader(this.xml);
    this.commits = new Commits(storage, () => undefined);
    const handlers = new IqHandlers();
    this.host = new Host({
      storage,
      xml: this.xml,
      hosts: ['example.org'],
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      addIq: (...iq) => handlers.add(...iq),
      removeIq: (target, ns, name) => {
        handlers.remove(target, ns, name);
      },
      accounts: () => this.accounts.values(),
      send: () => undefined,
      fanOut: () => undefined,
      mayTell: () => true,
      address: parseJid,
    });
    const outlet = {
      send: () => undefined,
      isHere: () => true,
      route: () => undefined,
      fanOut: () => undefined,
    };
    this.iqs = new IqEngine(handlers, this.commits, outlet, systemTimers, silentLog);
    this.host.start(roster, options);
  }

  /** Loads an account as the owner's side does: each loader's rows, before anything else. */
  async account(local: string, owner: number): Promise<Account> {
    const account = new Account(makeJid(local, 'example.org', ''), owner, () => undefined);
    for (const { query, apply } of this.host.loaders) {
      apply(account, await this.storage.read(query, [owner], this.commits.lastTicket));
    }
    this.accounts.set(account.jid.bare, account);
    return account;
  }

  client(account: Account, resource: string): Client {
    return new Client(this, account, resource);
  }

  ask(stanza: Stanza, client: Client, to: string): void {
    const account = this.accounts.get(to);
    if (account === undefined) throw new InvariantError(`no account ${to}`);
    const { session } = client;
    this.iqs.answer('account', stanza, session.jid, account.jid, account, session, undefined, 0);
  }

  /** Waits until all that was submitted is answered, and promises that wait for it too. */
  async settle(): Promise<void> {
    await this.barrier();
    await new Promise((resolve) => setImmediate(resolve));
    await this.barrier();
  }

  /** Deletes what the account left, as its removal does. */
  async removeAccount(owner: number): Promise<void> {
    const unit = this.storage.unit();
    for (const name of roster.declaration.removals ?? []) {
      unit.add(this.storage.statement(name), owner);
    }
    this.storage.submit(unit, owner);
    await this.barrier();
  }

  private async barrier(): Promise<void> {
    const last = this.storage.stats().submitted;
    await this.storage.read(this.storage.query('roster.load'), [0], last);
  }
}
