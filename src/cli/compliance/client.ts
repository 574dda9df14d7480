// A client of the server's own: logs in as people do, and reads with the one tokenizer.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, checkServerIdentity, type TLSSocket } from 'node:tls';
import { ScramClient, type ClientOptions } from '../../auth/scram-client.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { TimerHandle, Timers } from '../../util/clock.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Element } from '../../xml/element.ts';
import { STANZA_LIMITS } from '../../xml/limits.ts';
import type { Stanza } from '../../xml/stanza.ts';
import { Tokenizer, type TokenSink } from '../../xml/tokenizer.ts';
import { XmlContext } from '../../xml/xml-context.ts';
import type { DirectTls } from './facts.ts';

const PATIENCE_MS = 10_000;
const STREAM = 'xmpp-client';

/** Strongest first. */
const SCRAM: readonly (readonly [string, ClientOptions['digest']])[] = [
  ['SCRAM-SHA-512', 'sha512'],
  ['SCRAM-SHA-256', 'sha256'],
  ['SCRAM-SHA-1', 'sha1'],
];

/** Where to connect. `direct`: TLS from the first byte. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly direct: boolean;
}

function failed(what: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'check-failed',
    `the check could not go on: ${what}`,
    "Look into the server's log, and whether `listen` has an address that this machine can reach.",
    cause === undefined ? {} : { cause },
  );
}

/** One stream to the server. */
export class CheckClient implements TokenSink {
  readonly domain: string;
  /** The bare JID, known after `bind`. */
  account = '';
  encrypted = false;
  directTls: DirectTls | undefined;
  private readonly timers: Timers;
  private readonly tokenizer = new Tokenizer(new XmlContext(), this, STANZA_LIMITS);
  private socket: Socket;
  private firstBytes = '';
  private readonly queue: Stanza[] = [];
  private failure: OperatorError | undefined;
  private wake: (() => void) | undefined;
  private ids = 0;

  private constructor(domain: string, socket: Socket, timers: Timers) {
    this.domain = domain;
    this.timers = timers;
    this.socket = socket;
    socket.on('error', (error) => this.fail(failed(error.message, error)));
    socket.on('close', () => this.fail(failed('the connection ended')));
  }

  /** @throws OperatorError `check-failed`, like everything here */
  static async connect(domain: string, address: Address, timers: Timers): Promise<CheckClient> {
    const client = new CheckClient(domain, connect(address.port, address.host), timers);
    if (address.direct) await client.secure([STREAM]);
    client.listen();
    return client;
  }

  // ---- TokenSink

  onOpen(): void {
    // What counts are the features that follow.
  }

  onStanza(stanza: Stanza): void {
    this.queue.push(stanza);
    this.wake?.();
  }

  onClose(): void {
    this.fail(failed('the server closed the stream'));
  }

  // ----

  /** Opens a stream. @returns its features */
  async features(): Promise<Element> {
    this.tokenizer.restart();
    this.send(
      `<?xml version='1.0'?><stream:stream to='${this.domain}' version='1.0' xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`,
    );
    return (await this.next((stanza) => stanza.name === 'features')).element();
  }

  async startTls(): Promise<void> {
    this.send(`<starttls xmlns='${NS.tls}'/>`);
    await this.next((stanza) => stanza.ns === NS.tls);
    this.socket.removeAllListeners('data');
    await this.secure([]);
    this.listen();
  }

  /** RFC 6120 §6 with the strongest SCRAM offered. */
  async logIn(features: Element, username: string, password: string): Promise<void> {
    const offered = features
      .getChild('mechanisms', NS.sasl)
      ?.getChildren('mechanism', NS.sasl)
      .map((mechanism) => mechanism.getText());
    const chosen = SCRAM.find(([mechanism]) => offered?.includes(mechanism) === true);
    if (chosen === undefined) throw failed('no SCRAM mechanism is offered');
    const [mechanism, digest] = chosen;
    const nonce = randomBytes(18).toString('base64');
    const scram = new ScramClient({ username, password, digest, nonce });
    const first = scram.first().toString('base64');
    this.send(`<auth xmlns='${NS.sasl}' mechanism='${mechanism}'>${first}</auth>`);
    const challenge = await this.next(({ ns }) => ns === NS.sasl);
    if (challenge.name !== 'challenge') throw failed(`${mechanism} was refused`);
    const last = scram.last(Buffer.from(challenge.text(), 'base64')).toString('base64');
    this.send(`<response xmlns='${NS.sasl}'>${last}</response>`);
    const success = await this.next(({ ns }) => ns === NS.sasl);
    if (success.name !== 'success') throw failed(`${mechanism} failed`);
    // RFC 5802 §3: without it the server has not shown that it knows the password.
    if (Buffer.from(success.text(), 'base64').toString() !== scram.serverFinal)
      throw failed(`${mechanism}: the server's signature is wrong`);
  }

  async bind(): Promise<void> {
    const result = await this.iq(undefined, 'set', `<bind xmlns='${NS.bind}'/>`);
    const jid = result?.getChild('bind', NS.bind)?.getChildText('jid', NS.bind) ?? '';
    this.account = jid.slice(0, jid.indexOf('/'));
  }

  /** @returns the answer; undefined for an error */
  async iq(
    to: string | undefined,
    type: 'get' | 'set',
    content: string,
  ): Promise<Element | undefined> {
    const id = `check-${String(++this.ids)}`;
    const addressed = to === undefined ? '' : ` to='${to}'`;
    this.send(`<iq type='${type}' id='${id}'${addressed}>${content}</iq>`);
    const answer = await this.next((stanza) => stanza.name === 'iq' && stanza.id === id);
    return answer.type === 'result' ? answer.element() : undefined;
  }

  end(): void {
    this.socket.removeAllListeners('close');
    this.socket.end('</stream:stream>');
  }

  private send(xml: string): void {
    this.socket.write(xml);
  }

  private listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      if (this.firstBytes.length < 5) this.noteFirst(chunk);
      try {
        this.tokenizer.push(chunk);
      } catch (error) {
        this.fail(failed('the server sent what is no XML stream', error));
      }
    });
  }

  private noteFirst(chunk: Buffer): void {
    this.firstBytes += chunk.toString('latin1', 0, 5);
    if (this.directTls === undefined) return;
    this.directTls = { ...this.directTls, declaration: this.firstBytes.startsWith('<?xml') };
  }

  /** Certificates are judged, not demanded: a server with one that it made itself is checked as well. */
  private async secure(protocols: readonly string[]): Promise<void> {
    const plain = this.socket;
    const secure: TLSSocket = connectTls({
      socket: plain,
      servername: this.domain,
      rejectUnauthorized: false,
      ...(protocols.length > 0 ? { ALPNProtocols: [...protocols] } : {}),
    });
    this.socket = secure;
    secure.on('error', (error: Error) => this.fail(failed(error.message, error)));
    await this.wait<undefined>('TLS', (done) =>
      secure.once('secureConnect', () => done(undefined)),
    );
    this.encrypted = true;
    if (protocols.length === 0) return;
    this.directTls = {
      alpn: secure.alpnProtocol === STREAM,
      names: checkServerIdentity(this.domain, secure.getPeerCertificate()) === undefined,
      trusted: secure.authorized,
      declaration: false,
    };
  }

  /** The next stanza that is wanted; what comes before it is dropped. */
  private next(wanted: (stanza: Stanza) => boolean): Promise<Stanza> {
    return this.wait('an answer', (done) => {
      this.wake = (): void => {
        for (let stanza = this.queue.shift(); stanza !== undefined; stanza = this.queue.shift()) {
          if (!wanted(stanza)) continue;
          done(stanza);
          return;
        }
      };
      this.wake();
    });
  }

  private stop: ((error: OperatorError) => void) | undefined;

  private async wait<T>(what: string, begin: (done: (value: T) => void) => void): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    let limit: TimerHandle | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.stop = reject;
        limit = this.timers.after(PATIENCE_MS, () => this.fail(failed(`no ${what}`)));
        begin(resolve);
      });
    } finally {
      limit?.cancel();
      this.wake = undefined;
      this.stop = undefined;
    }
  }

  private fail(error: OperatorError): void {
    this.failure ??= error;
    this.stop?.(this.failure);
    this.socket.destroy();
  }
}
