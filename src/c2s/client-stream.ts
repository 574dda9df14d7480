// A client's stream from the first byte to the last: TLS, log-in, bind or resume, then stanzas. RFC 6120 §5–§8.
import type { Socket } from 'node:net';
import { JidError, makeJid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Session } from '../session/session.ts';
import type { EndReason } from '../session/session-port.ts';
import { XmppStream, type StreamRole } from '../stream/xmpp-stream.ts';
import { Transport } from '../transport/transport.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StreamHeader } from '../xml/tokenizer.ts';
import type { C2sParts } from './c2s-parts.ts';
import { Liveness, type Probing } from './liveness.ts';
import { LogIn, type LoginUser } from './log-in.ts';
import { shapersOf } from './shapers.ts';
import { counted, enable, failed } from './stream-management.ts';

export class ClientStream implements StreamRole, LoginUser, Probing {
  readonly contentNs = NS.client;
  private readonly parts: C2sParts;
  private readonly stream: XmppStream;
  /** Dropped when a session stands. */
  private login: LogIn | undefined;
  private session: Session | undefined;
  /** Prepared; '' before the client's header. */
  private to = '';
  private left = false;
  /** What stands for the client's device; '' if it did not say which it is. */
  device = '';

  constructor(socket: Socket, directTls: boolean, parts: C2sParts) {
    this.parts = parts;
    const { settings } = parts;
    this.stream = new XmppStream(
      (user) => new Transport(socket, user, parts.transport),
      this,
      settings.beforeLogin,
      shapersOf(parts),
      parts,
    );
    this.login = new LogIn(this, this.stream, parts);
    parts.wheel.add({ expire: () => this.loginExpired() }, settings.unauthenticatedTimeoutMs);
    if (directTls) this.stream.transport.startTls(parts.tls, () => undefined);
    this.stream.transport.start();
  }

  get defaultDomain(): string {
    return this.to === '' ? this.parts.defaultDomain : this.to;
  }

  // ---- StreamRole

  header(header: StreamHeader): void {
    const wanted = header.to ?? '';
    let domain: string;
    try {
      domain = wanted === '' ? '' : makeJid('', wanted, '').domain;
    } catch (error) {
      if (!(error instanceof JidError)) throw error;
      throw new StreamError('improper-addressing', 'The stream is addressed to no domain.');
    }
    // RFC 6120 §4.9.3.6
    if (!this.parts.hosts.has(domain)) {
      throw new StreamError(
        'host-unknown',
        `Set "to" to a domain that is served here, such as ${this.parts.defaultDomain}.`,
      );
    }
    if (this.to !== '' && domain !== this.to) {
      throw new StreamError('host-unknown', 'A restarted stream goes to the same domain.');
    }
    this.to = domain;
    // RFC 6120 §4.7.2: whoever said who it is finds its bare JID in `to`.
    const peer = header.from === undefined ? undefined : this.parts.jids.get(header.from);
    this.stream.open(domain, peer?.bare);
    // XEP-0388 §2.1: with RFC 6120 §4.9.3.9, where SASL2 is offered.
    if (peer !== undefined && peer.domain !== domain && this.stream.transport.tls !== undefined) {
      throw new StreamError('invalid-from', 'The stream is from another domain than it is for.');
    }
    if (this.login !== undefined) this.stream.write(this.login.features());
  }

  element(stanza: Stanza): void {
    const session = this.session;
    if (session !== undefined) this.sessionElement(session, stanza);
    else this.login?.element(stanza);
  }

  closing(): void {
    this.leave();
  }

  relieved(): void {
    this.session?.relieved();
  }

  closed(fin: boolean): void {
    this.parts.onClosed(this);
    this.login?.abandon();
    const session = this.session;
    this.session = undefined;
    if (session === undefined) return;
    if (this.left) session.closed(fin);
    else session.disconnected(this);
  }

  failed(error: StreamError): void {
    this.parts.log.debug(
      { stream: this.stream.id, condition: error.condition, text: error.text },
      'stream ended with an error',
    );
    // With XEP-0198 the session hibernates, else it is over: nothing more is written to a stream that has ended.
    const session = this.session;
    this.session = undefined;
    session?.disconnected(this);
  }

  // ---- SessionStream

  write(bytes: Bytes): void {
    this.stream.write(bytes);
  }

  fail(reason: EndReason): void {
    this.session = undefined;
    this.stream.fail(new StreamError(reason));
  }

  cut(): void {
    this.session = undefined;
    this.stream.cut();
  }

  get crowded(): boolean {
    return this.stream.transport.crowded;
  }

  /** The server stops: nothing more is handled. */
  stopReading(): void {
    this.stream.hold();
  }

  /** RFC 6120 §4.9.3.20: the last word of a server that stops. */
  shutDown(): void {
    this.stream.fail(new StreamError('system-shutdown'));
  }

  /** The domain that the client asked for; empty before it has. */
  get domainAsked(): string {
    return this.to;
  }

  /** A session stands, or its account is known. */
  get loggedIn(): boolean {
    return this.login === undefined || this.login.account !== undefined;
  }

  /** SECURITY: memory is short, and whoever has not logged in has nothing to lose. RFC 6120 §4.9.3.17 */
  noRoom(): void {
    this.stream.fail(new StreamError('resource-constraint'));
  }

  /** A reload changed what clients may do: it holds for this one too. */
  reconfigured(): void {
    const { settings } = this.parts;
    this.stream.setLimits(this.loggedIn ? settings.afterLogin : settings.beforeLogin);
    this.stream.setShapers(shapersOf(this.parts));
  }

  /** RFC 6120 §4.9.3.5: its host is served no longer. A session of it was ended before. */
  hostGone(): void {
    this.stream.fail(new StreamError('host-gone'));
  }

  // ---- timeouts

  probe(): void {
    this.session?.probe();
  }

  private loginExpired(): undefined {
    if (this.login === undefined || this.stream.ended) return;
    this.stream.fail(new StreamError('connection-timeout', 'Log-in took too long.'));
  }

  // ---- log-in

  get domain(): string {
    return this.to;
  }

  stand(session: Session): void {
    this.session = session;
    this.login = undefined;
    Liveness.watch(this, this.stream, this.parts);
  }

  replay(element: Stanza): void {
    if (this.session !== undefined) this.sessionElement(this.session, element);
  }

  /** It was logged in by that device of the account. @param label see Authenticator.label */
  isOf(bare: string, label: string): boolean {
    if (this.device !== label) return false;
    return (this.session?.jid ?? this.login?.account)?.bare === bare;
  }

  /** What its device was trusted with is taken back. */
  revoke(): void {
    // The session with its stream, so that nothing is left to be resumed.
    if (this.session !== undefined) this.session.end('not-authorized');
    else this.stream.fail(new StreamError('not-authorized', 'This device was revoked.'));
  }

  // ---- with a session

  private sessionElement(session: Session, stanza: Stanza): void {
    if (stanza.ns === NS.client) {
      if (stanza.name !== 'message' && stanza.name !== 'presence' && stanza.name !== 'iq') {
        // RFC 6120 §4.9.3.24
        throw new StreamError('unsupported-stanza-type');
      }
      this.checkFrom(session, stanza);
      this.stanza(session, stanza);
      return;
    }
    if (stanza.ns === NS.sm3) {
      if (stanza.name === 'enable') {
        const request = { resume: stanza.attr('resume'), max: stanza.attr('max') };
        const { door, settings } = this.parts;
        session.write(
          enable(session, request, () => door.token(session), settings.resumeTimeoutMs),
        );
      } else if (stanza.name === 'resume') {
        // XEP-0198 §5: only before a resource is bound.
        session.write(failed('unexpected-request'));
      } else {
        counted(session, stanza);
      }
      return;
    }
    const handler = this.parts.moduleElement(stanza.ns);
    if (handler === undefined) throw new StreamError('unsupported-stanza-type');
    handler(session, stanza);
  }

  /** RFC 6120 §8.1.2.1: absent, or the sender's own address. */
  private checkFrom(session: Session, stanza: Stanza): void {
    if (stanza.from === undefined) return;
    const from = this.parts.jids.get(stanza.from);
    if (from === undefined || (from.full !== session.jid.full && from.full !== session.jid.bare)) {
      throw new StreamError('invalid-from');
    }
  }

  private stanza(session: Session, stanza: Stanza): void {
    if (stanza.name === 'iq' && this.iqIsOurs(session, stanza)) return;
    if (stanza.to === undefined) {
      session.receive(stanza, undefined);
      return;
    }
    const to = this.parts.jids.get(stanza.to);
    if (to === undefined) session.refuse(stanza, new StanzaError('jid-malformed'));
    else session.receive(stanza, to);
  }

  /** What needs no owner: requests that are none, and answers to our own pings. */
  private iqIsOurs(session: Session, stanza: Stanza): boolean {
    switch (stanza.type) {
      case 'get':
      case 'set':
        if (stanza.id !== undefined) return false;
        break;
      case 'result':
      case 'error':
        return this.isForUs(session, stanza) && session.answered(stanza);
      default:
    }
    // RFC 6120 §8.1.3, §8.2.3: an id and one of four types.
    session.refuse(
      stanza,
      new StanzaError(
        'bad-request',
        'modify',
        'An iq needs an id and a type of get, set, result or error.',
      ),
    );
    return true;
  }

  /** SECURITY: an answer to somebody else who chose the id of our ping proves nothing to us. */
  private isForUs(session: Session, { to }: Stanza): boolean {
    return to === undefined || this.parts.jids.get(to)?.full === session.jid.domain;
  }

  private leave(): void {
    if (this.left || this.session === undefined) return;
    this.left = true;
    this.session.leave(this);
  }
}
