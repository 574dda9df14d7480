// A client's stream from the first byte to the last: TLS, log-in, bind or resume, then stanzas. RFC 6120 §5–§8.
import type { Socket } from 'node:net';
import type { AuthContext, ChannelBinding } from '../auth/mechanisms.ts';
import type { SaslSuccess } from '../auth/sasl-step.ts';
import { JidError, makeJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Session } from '../session/session.ts';
import type { SessionStream } from '../session/session-stream.ts';
import type { EndReason } from '../session/session-port.ts';
import { XmppStream, type StreamRole } from '../stream/xmpp-stream.ts';
import { Transport } from '../transport/transport.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { StreamHeader } from '../xml/tokenizer.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { C2sParts } from './c2s-parts.ts';
import { channelBindingOf } from './channel-binding.ts';
import { bindError, bound, notBound, wantedResource } from './bind.ts';
import { featuresAfterLogin, featuresBeforeLogin } from './features.ts';
import { Liveness, type Probing } from './liveness.ts';
import { SaslNegotiation } from './sasl.ts';
import { shapersOf } from './shapers.ts';
import { counted, enable, failed, parseH, tooHigh } from './stream-management.ts';

/** For so long after a failed resumption a client may send again what it had no <a/> for. */
const AGAIN_MS = 30_000;

const PROCEED = `<proceed xmlns='${NS.tls}'/>` as Bytes;

/** What is only needed until a session stands; dropped then. */
interface Negotiation {
  readonly directTls: boolean;
  sasl: SaslNegotiation | undefined;
  /** Who logged in. */
  account: Jid | undefined;
  binding: ChannelBinding | undefined;
  resumptionFailed: boolean;
}

export class ClientStream implements StreamRole, SessionStream, Probing {
  readonly contentNs = NS.client;
  private readonly parts: C2sParts;
  private readonly stream: XmppStream;
  private negotiation: Negotiation | undefined;
  private session: Session | undefined;
  private domain = '';
  private left = false;

  constructor(socket: Socket, directTls: boolean, parts: C2sParts) {
    this.parts = parts;
    this.negotiation = {
      directTls,
      sasl: undefined,
      account: undefined,
      binding: undefined,
      resumptionFailed: false,
    };
    const { settings } = parts;
    this.stream = new XmppStream(
      (user) => new Transport(socket, user, parts.transport),
      this,
      settings.beforeLogin,
      shapersOf(parts),
      parts,
    );
    parts.wheel.add({ expire: () => this.loginExpired() }, settings.unauthenticatedTimeoutMs);
    if (directTls) this.stream.transport.startTls(parts.tls, () => undefined);
    this.stream.transport.start();
  }

  get defaultDomain(): string {
    return this.domain === '' ? this.parts.defaultDomain : this.domain;
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
    if (this.domain !== '' && domain !== this.domain) {
      throw new StreamError('host-unknown', 'A restarted stream goes to the same domain.');
    }
    this.domain = domain;
    // RFC 6120 §4.7.2: whoever said who it is finds its bare JID in `to`.
    const peer = header.from === undefined ? undefined : this.parts.jids.get(header.from);
    this.stream.open(domain, peer?.bare);
    const authenticated = this.negotiation?.account !== undefined;
    this.stream.write(authenticated ? featuresAfterLogin(this.parts) : this.firstFeatures());
  }

  element(stanza: Stanza): void {
    const session = this.session;
    if (session !== undefined) this.sessionElement(session, stanza);
    else this.negotiate(stanza);
  }

  closing(): void {
    this.leave();
  }

  relieved(): void {
    this.session?.relieved();
  }

  closed(fin: boolean): void {
    this.parts.onClosed(this);
    this.negotiation?.sasl?.abandon();
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
    return this.domain;
  }

  /** A session stands, or its account is known. */
  get loggedIn(): boolean {
    return this.negotiation === undefined || this.negotiation.account !== undefined;
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
    if (this.negotiation === undefined || this.stream.ended) return;
    this.stream.fail(new StreamError('connection-timeout', 'Log-in took too long.'));
  }

  // ---- negotiation

  private firstFeatures(): Bytes {
    const tlsOffered = this.stream.transport.tls === undefined;
    return featuresBeforeLogin(this.parts, this.authContext(), tlsOffered);
  }

  private authContext(): AuthContext {
    const tls = this.stream.transport.tls;
    const negotiation = this.negotiation as Negotiation;
    if (tls !== undefined) negotiation.binding ??= channelBindingOf(tls, this.parts.endPoint);
    return {
      domain: this.domain,
      encrypted: tls !== undefined,
      binding: negotiation.binding ?? {},
      peerAddress: this.stream.transport.remoteAddress,
    };
  }

  private negotiate(stanza: Stanza): void {
    const negotiation = this.negotiation as Negotiation;
    if (stanza.ns === NS.sm3) {
      this.manageBeforeBind(stanza, negotiation);
      return;
    }
    if (negotiation.account === undefined) this.beforeLogin(stanza, negotiation);
    else this.bind(stanza, negotiation.account);
  }

  private beforeLogin(stanza: Stanza, negotiation: Negotiation): void {
    const secured = this.stream.transport.tls !== undefined;
    if (stanza.ns === NS.tls && stanza.name === 'starttls' && !secured) {
      this.startTls();
      return;
    }
    if (stanza.ns === NS.sasl) {
      if (this.parts.settings.tlsRequired && !secured) {
        // RFC 6120 §6.5.4
        this.stream.write(`<failure xmlns='${NS.sasl}'><encryption-required/></failure>` as Bytes);
        return;
      }
      negotiation.sasl ??= new SaslNegotiation({
        begin: () => this.parts.auth.begin(this.authContext()),
        write: (bytes) => this.stream.write(bytes),
        hold: () => this.stream.hold(),
        release: () => this.stream.release(),
        authenticated: (success, answer) => this.authenticated(success, answer),
        end: (error) => this.stream.fail(error),
        broken: (cause) =>
          this.parts.log.error({ err: cause, stream: this.stream.id }, 'log-in failed on our side'),
      });
      negotiation.sasl.element(stanza);
      return;
    }
    // RFC 6120 §4.9.3.12: stanzas need a log-in first.
    throw new StreamError('not-authorized', 'Log in first.');
  }

  private startTls(): void {
    // RFC 6120 §5.4.2.3; what came behind <starttls/> in the clear is not ours (SECURITY: command injection).
    this.stream.discard();
    this.stream.write(PROCEED);
    this.stream.transport.startTls(this.parts.tls, () => {
      this.stream.renew();
    });
  }

  private authenticated(success: SaslSuccess, answer: Bytes): void {
    const negotiation = this.negotiation as Negotiation;
    negotiation.account = makeJid(success.local, success.domain, '');
    negotiation.sasl = undefined;
    this.stream.write(answer);
    this.stream.setLimits(this.parts.settings.afterLogin);
    this.stream.restart();
  }

  private bind(stanza: Stanza, account: Jid): void {
    let resource: string | undefined;
    try {
      resource = wantedResource(stanza, account);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.stream.write(notBound(stanza, error));
      return;
    }
    this.stream.hold();
    this.parts.door.bind(account, resource, this, (outcome) => {
      if (outcome.refused !== undefined) {
        this.stream.write(notBound(stanza, bindError(outcome.refused)));
      } else if (this.stream.ended) {
        outcome.session.disconnected(this);
      } else {
        if (this.negotiation?.resumptionFailed === true) outcome.session.mayRepeat(AGAIN_MS);
        this.stand(outcome.session);
        this.stream.write(bound(stanza, outcome.session.jid));
      }
      this.stream.release();
    });
  }

  private manageBeforeBind(stanza: Stanza, negotiation: Negotiation): void {
    if (stanza.name !== 'resume' || negotiation.account === undefined) {
      // XEP-0198 §3, §5: enabling needs a bound resource, resuming a log-in.
      this.stream.write(failed('unexpected-request'));
      return;
    }
    const h = parseH(stanza.attr('h'));
    const token = stanza.attr('previd');
    if (h === undefined || token === undefined) {
      this.stream.write(failed('bad-request'));
      return;
    }
    this.stream.hold();
    this.parts.door.resume(negotiation.account, token, h, (outcome) => {
      if (outcome.refused === 'too-high') {
        // The session and its connection, if that still stands, know nothing of it.
        this.stream.fail(tooHigh(outcome.sent, h));
        this.stream.release();
        return;
      }
      if (outcome.refused !== undefined) {
        // What it sends next may repeat what a crash swallowed the acknowledgement of.
        negotiation.resumptionFailed = true;
        this.stream.write(failed(outcome.refused, outcome.h));
        this.stream.release();
        return;
      }
      outcome.session.pause((alive) => {
        if (!alive) {
          negotiation.resumptionFailed = true;
          this.stream.write(failed('item-not-found'));
        } else if (!this.stream.ended) this.resumed(outcome.session, token, h);
        this.stream.release();
      });
    });
  }

  private resumed(session: Session, token: string, h: number): void {
    session.resume(this);
    this.stand(session);
    if (!session.acknowledged(h)) {
      this.stream.fail(tooHigh(session.management?.sentCount ?? 0, h));
      return;
    }
    this.stream.write(
      `<resumed xmlns='${NS.sm3}' previd='${escapeAttr(token)}' h='${session.management?.h ?? 0}'/>` as Bytes,
    );
    session.resend();
  }

  private stand(session: Session): void {
    this.session = session;
    this.negotiation = undefined;
    Liveness.watch(this, this.stream, this.parts);
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
        enable(
          session,
          stanza,
          () => this.parts.door.token(session),
          this.parts.settings.resumeTimeoutMs,
        );
      } else if (stanza.name === 'resume') {
        // XEP-0198 §5: only before a resource is bound.
        session.write(failed('unexpected-request'));
      } else {
        counted(session, stanza);
      }
      return;
    }
    throw new StreamError('unsupported-stanza-type');
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
