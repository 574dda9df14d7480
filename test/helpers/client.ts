// A scripted XMPP client: it does what a test says, counts as XEP-0198 has it, and checks what comes against patterns.
import { randomBytes } from 'node:crypto';
import { ScramClient } from '../../src/auth/scram-client.ts';
import { Connection, describe, WAIT_MS, type ConnectOptions } from './connection.ts';
import { HOST, type TestServer, type User } from './server.ts';
import { within } from './waiting.ts';
import {
  canonical,
  childOf,
  childrenOf,
  difference,
  parseElements,
  textOf,
  type Captures,
  type Element,
} from './xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const SM = 'urn:xmpp:sm:3';
const PING = 'urn:xmpp:ping';

export interface LoginOptions extends Omit<ConnectOptions, 'tls'> {
  readonly resource?: string;
  readonly tls?: 'none' | 'starttls' | 'direct';
  readonly mechanism?: string;
  /** XEP-0198: enabled and resumable. */
  readonly managed?: boolean;
  /** Seconds after which its session may be forgotten (XEP-0198 §5, `max`). */
  readonly resumeWithin?: number;
  /** Sends presence and takes what comes back of it. */
  readonly online?: boolean;
}

export class Client {
  readonly server: TestServer;
  readonly user: User;
  connection: Connection;
  jid = '';
  /** Answers requests for acknowledgement. */
  acknowledging = true;
  /** Id of the session, to resume it. */
  token = '';
  managed = false;
  /** Stanzas received and counted. */
  received = 0;
  /** What was sent and has no acknowledgement. */
  unacknowledged: string[] = [];
  /** Everything that came and was checked or looked at. */
  readonly transcript: Element[] = [];
  private readonly options: LoginOptions;
  private acknowledged = 0;
  private readonly answers = new Map<string, (answer: Element) => void>();
  private onAcknowledged: (() => void) | undefined;

  private constructor(server: TestServer, user: User, options: LoginOptions, to: Connection) {
    this.server = server;
    this.user = user;
    this.options = options;
    this.connection = to;
    this.adopt(to);
  }

  /** Connects, logs in, binds; then stream management and presence as the options say. */
  static async login(server: TestServer, user: User, options: LoginOptions = {}): Promise<Client> {
    const client = new Client(server, user, options, await authenticated(server, user, options));
    await client.bind();
    if (options.managed === true) await client.manage();
    if (options.online === true) await client.comeOnline();
    return client;
  }

  get bare(): string {
    return this.user.bare;
  }

  /** Sends stanzas as written; each is counted. */
  send(xml: string): void {
    if (this.managed)
      for (const stanza of parseElements(xml)) this.unacknowledged.push(canonical(stanza));
    this.connection.send(xml);
  }

  /** Sends what is no stanza. */
  sendRaw(xml: string): void {
    this.connection.send(xml);
  }

  /** The next stanza or other element that is meant for the test. */
  async next(): Promise<Element> {
    const element = await this.connection.element();
    this.transcript.push(element);
    return element;
  }

  /** The next stanzas must fit these patterns, one by one and in order. */
  async receives(patterns: string, captures: Captures = new Map()): Promise<void> {
    for (const pattern of parseElements(patterns)) {
      const actual = await this.next();
      const wrong = difference(pattern, actual, captures);
      if (wrong !== undefined)
        throw new TypeError(
          `${this.jid}: ${wrong}\n  wanted ${canonical(pattern)}\n  came   ${canonical(actual)}`,
        );
    }
  }

  /** A request and its answer, wherever the answer comes between other stanzas. */
  async ask(iq: string): Promise<Element> {
    const id = randomBytes(6).toString('hex');
    const answer = new Promise<Element>((resolve) => this.answers.set(id, resolve));
    this.send(iq.replace(/^<iq/, `<iq id='${id}'`));
    return await within(
      answer,
      WAIT_MS,
      () => `${this.jid}: the answer to ${iq}; ${this.left()}\n${this.server.log()}`,
    );
  }

  /** What has come, once what was sent to this client before is sure to be here. */
  async drained(): Promise<Element[]> {
    // Answered by the owner of the account, in the queue that messages stand in too (RFC 6120 §10.1).
    await this.ask(`<iq type='get' to='${this.bare}'><ping xmlns='${PING}'/></iq>`);
    const came: Element[] = [];
    while (this.connection.pending().length > 0) came.push(await this.next());
    return came;
  }

  /** Whatever this client has sent to that account has been dealt with there. */
  async reached(bare: string): Promise<void> {
    await this.ask(`<iq type='get' to='${bare}'><ping xmlns='${PING}'/></iq>`);
  }

  /** Asks for an acknowledgement until everything that was sent is covered. */
  async isAcknowledged(): Promise<void> {
    const done = (async () => {
      while (this.unacknowledged.length > 0) {
        const news = new Promise<void>((resolve) => (this.onAcknowledged = resolve));
        this.sendRaw(`<r xmlns='${SM}'/>`);
        await news;
      }
    })();
    await within(
      done,
      WAIT_MS,
      () => `${this.jid}: ${this.unacknowledged.length} acknowledgements\n${this.server.log()}`,
    );
  }

  /** It will not send anything again that has no acknowledgement. */
  forgetWhatWasSent(): void {
    this.acknowledged += this.unacknowledged.length;
    this.unacknowledged = [];
  }

  acknowledge(): void {
    this.sendRaw(`<a xmlns='${SM}' h='${this.received}'/>`);
  }

  async comeOnline(): Promise<void> {
    this.send('<presence/>');
    await this.receives(`<presence from='${this.jid}' to='${this.bare}'/>`);
  }

  /** The network is gone, without a word. */
  cut(): void {
    this.connection.destroy();
  }

  /** Closes the stream as RFC 6120 §4.4 has it. */
  async close(): Promise<void> {
    this.sendRaw('</stream:stream>');
    this.managed = false;
    await this.connection.take('close tag');
    this.connection.end();
  }

  /** A new connection for the session of the old one. @returns undefined when resumed, else why not */
  async resume(): Promise<Element | undefined> {
    await this.relogin();
    this.sendRaw(`<resume xmlns='${SM}' previd='${this.token}' h='${this.received}'/>`);
    const answer = await this.connection.element();
    if (answer.name === 'failed') {
      this.managed = false;
      return answer;
    }
    if (answer.name !== 'resumed') throw new TypeError(`${canonical(answer)} to <resume/>`);
    this.managed = true;
    this.count(answer);
    for (const stanza of this.unacknowledged) this.connection.send(stanza);
    return undefined;
  }

  /** After a failed resumption: a new session on the same stream, and again what had no acknowledgement. */
  async startAnew(): Promise<void> {
    await this.bind();
    const again = this.unacknowledged;
    this.unacknowledged = [];
    await this.manage();
    for (const stanza of again) this.send(stanza);
  }

  /** A new, logged-in connection; the old one is left as it is. */
  async relogin(): Promise<void> {
    this.managed = false;
    this.adopt(await authenticated(this.server, this.user, this.options));
  }

  async bind(): Promise<void> {
    const { resource } = this.options;
    const wanted = resource === undefined ? '' : `<resource>${resource}</resource>`;
    this.connection.send(`<iq type='set' id='bind'><bind xmlns='${BIND}'>${wanted}</bind></iq>`);
    const answer = await this.connection.element('iq');
    const jid = textOf(childOf(childOf(answer, 'bind', BIND) ?? answer, 'jid', BIND));
    if (jid === '') throw new TypeError(`no resource bound: ${canonical(answer)}`);
    this.jid = jid;
  }

  async manage(): Promise<void> {
    const { resumeWithin } = this.options;
    const max = resumeWithin === undefined ? '' : ` max='${resumeWithin}'`;
    this.connection.send(`<enable xmlns='${SM}' resume='true'${max}/>`);
    // From here on the server counts, and so do we (XEP-0198 §4).
    this.managed = true;
    this.received = 0;
    this.acknowledged = 0;
    const answer = await this.connection.element('enabled');
    this.token = answer.attrs['id'] ?? '';
  }

  private left(): string {
    return `came meanwhile: ${this.connection.pending().map(describe).join(' ')}`;
  }

  private adopt(connection: Connection): void {
    this.connection = connection;
    connection.filter = (element) => this.handled(element);
  }

  /** What a client deals with by itself. */
  private handled(element: Element): boolean {
    if (element.ns === SM && element.name === 'r') {
      if (this.acknowledging) this.acknowledge();
      return true;
    }
    if (element.ns === SM && element.name === 'a') {
      this.count(element);
      return true;
    }
    if (element.ns !== 'jabber:client') return false;
    if (this.managed) this.received++;
    const id = element.attrs['id'] ?? '';
    if (element.name === 'iq' && element.attrs['type'] === 'get' && isServerPing(element)) {
      if (this.acknowledging)
        this.connection.send(
          `<iq type='result' id='${id}' to='${element.attrs['from'] ?? HOST}'/>`,
        );
      return true;
    }
    const waiting = this.answers.get(id);
    const isAnswer = ['result', 'error'].includes(element.attrs['type'] ?? '');
    if (element.name !== 'iq' || !isAnswer || waiting === undefined) return false;
    this.answers.delete(id);
    waiting(element);
    return true;
  }

  private count(element: Element): void {
    const h = Number(element.attrs['h']);
    if (h < this.acknowledged) return;
    this.unacknowledged.splice(0, h - this.acknowledged);
    this.acknowledged = h;
    this.onAcknowledged?.();
  }
}

function isServerPing(element: Element): boolean {
  return childrenOf(element)[0]?.ns === PING && element.attrs['from'] === HOST;
}

/** Logged in, and the features of the new stream read. */
async function authenticated(
  server: TestServer,
  user: User,
  options: LoginOptions,
): Promise<Connection> {
  const { tls = 'none', ...rest } = options;
  const connection = await Connection.open(server, {
    ...rest,
    tls: tls === 'direct' ? 'direct' : 'none',
  });
  await connection.features();
  if (tls === 'starttls') {
    await connection.startTls();
    await connection.features();
  }
  const answer = await login(connection, user.local, user.password, options.mechanism);
  if (answer.name !== 'success') throw new TypeError(`no log-in: ${canonical(answer)}`);
  await connection.features();
  return connection;
}

const DIGESTS: Readonly<Record<string, 'sha1' | 'sha256' | 'sha512'>> = {
  'SCRAM-SHA-1': 'sha1',
  'SCRAM-SHA-256': 'sha256',
  'SCRAM-SHA-512': 'sha512',
};

export interface Binding {
  /** Name of the channel binding: `tls-exporter`, `tls-server-end-point`. */
  readonly type: string;
  readonly data: Buffer;
}

/** One attempt to log in. @returns `<success/>` or `<failure/>` */
export async function login(
  connection: Connection,
  local: string,
  password: string,
  mechanism = 'PLAIN',
  binding?: Binding,
): Promise<Element> {
  const auth = (data: Buffer): void =>
    connection.send(
      `<auth xmlns='${SASL}' mechanism='${mechanism}'>${data.toString('base64')}</auth>`,
    );
  if (mechanism === 'PLAIN') {
    auth(Buffer.from(`\0${local}\0${password}`));
    return await connection.element();
  }
  const digest = DIGESTS[mechanism.replace('-PLUS', '')];
  if (digest === undefined) throw new TypeError(`unknown mechanism ${mechanism}`);
  const scram = new ScramClient({
    username: local,
    password,
    digest,
    nonce: randomBytes(12).toString('hex'),
    ...(binding === undefined ? {} : { gs2Header: `p=${binding.type},,`, channel: binding.data }),
  });
  auth(scram.first());
  const challenge = await connection.element();
  if (challenge.name !== 'challenge') return challenge;
  const response = scram.last(Buffer.from(textOf(challenge), 'base64')).toString('base64');
  connection.send(`<response xmlns='${SASL}'>${response}</response>`);
  const outcome = await connection.element();
  if (outcome.name === 'success') {
    const final = Buffer.from(textOf(outcome), 'base64').toString();
    if (final !== scram.serverFinal) throw new TypeError(`the server does not know the password`);
  }
  return outcome;
}

/** Everything that anybody has sent to this client so far is here. @returns what came and was not looked at */
export async function settled(client: Client, ...others: readonly Client[]): Promise<Element[]> {
  for (const other of others) await other.reached(client.bare);
  return await client.drained();
}
